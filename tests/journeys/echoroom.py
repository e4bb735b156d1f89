"""A loudspeaker and a microphone in one room, made of arithmetic: what is played comes back late, and maybe worse."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voiceloop.audio.cleaning import make_cleaner
from voiceloop.audio.ledger import Ledger
from voiceloop.clips import decode
from voiceloop.devices.base import Ears, LineReports, Played

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech"
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
FRAME_MS = 20

Samples = NDArray[np.float64]


def speech(rate_hz: int, *names: str, seconds: float | None = None) -> Samples:
    """Recordings without their silence, one after the other and again from the first one, at half of full scale."""
    parts = []
    for name in names:
        sound = np.frombuffer(decode((SPEECH / f"{name}.wav").read_bytes(), rate_hz), np.int16) / 32768
        loud = np.convolve(np.abs(sound), np.ones(rate_hz // 5) / (rate_hz // 5), "same") > 0.002
        parts.append(sound[loud] * 0.5 / np.abs(sound).max())
    said = np.concatenate(parts)
    return said if seconds is None else np.resize(said, int(seconds * rate_hz))


def pcm16(samples: Samples) -> bytes:
    """The same as 16-bit PCM."""
    return np.rint(np.clip(samples, -1, 32767 / 32768) * 32768).astype(np.int16).tobytes()


@dataclass(frozen=True)
class EchoPath:
    """What happens to the sound on its way: by default it comes back as loud as it was, 60 ms later."""

    delay_ms: float = 60.0
    jump_ms: float = 0.0
    """How much later everything comes after `jump_at_s`."""
    jump_at_s: float = 6.0
    drift_ppm: float = 0.0
    clipped_at: float = 1.0
    """The loudspeaker gives no more than this."""
    gain: float = 1.0


class Room:
    """What the microphone hears of what was played: some reverberation, and a noise floor at -65 dBFS."""

    def __init__(self, path: EchoPath, rate_hz: int) -> None:
        self._path, self._rate_hz = path, rate_hz
        self._noise = np.random.default_rng(6)
        tail = np.arange(int(0.06 * rate_hz))
        walls = self._noise.standard_normal(len(tail)) * np.exp(-tail / (0.012 * rate_hz)) * 0.05
        walls[0] = 1.0
        self._walls = walls / np.sqrt((walls**2).sum())
        self._played = np.zeros(2 * rate_hz)
        self._from = -len(self._played)

    def hears(self, played: Samples, at: int) -> Samples:
        """The microphone's samples while `played` is played, whose first one is number `at`."""
        path, rate_hz = self._path, self._rate_hz
        self._played = np.concatenate(
            (self._played[-2 * rate_hz :], np.clip(played, -path.clipped_at, path.clipped_at))
        )
        self._from = at + len(played) - len(self._played)
        late_ms = path.delay_ms + (path.jump_ms if at >= path.jump_at_s * rate_hz else 0.0)
        reach = len(self._walls) - 1
        times = np.arange(at - reach, at + len(played)) * (1 - path.drift_ppm * 1e-6) - late_ms * rate_hz / 1000
        arriving = np.interp(times, np.arange(self._from, self._from + len(self._played)), self._played)
        echo = np.convolve(arriving, self._walls, "valid") * path.gain
        return np.asarray(echo + self._noise.normal(0, 10 ** (-65 / 20), len(played)))


class RoomLine:
    """A sound card in that room, in frames of 20 ms on the running loop's clock; the microphone is cleaned as it is."""

    def __init__(self, path: EchoPath | None = None) -> None:
        self.played_samples = bytearray()
        """What the loudspeaker played since the line opened."""
        self.heard = bytearray()
        """What the ears got."""
        self.onset = 0
        """Where the user's first sample stands."""
        self._path = path or EchoPath()
        self._user = np.zeros(0)
        self._timer: asyncio.TimerHandle | None = None

    async def open(self, ears: Ears, ledger: Ledger, rate_hz: int, reports: LineReports) -> None:
        """Start both directions."""
        self._ears, self._ledger, self.rate_hz = ears, ledger, rate_hz
        ledger.echoes = True
        self._room = Room(self._path, rate_hz)
        self._cleaner = make_cleaner("webrtc", rate_hz, noise_suppression=True)
        self._opened_s = asyncio.get_running_loop().time()
        self._tick()

    @property
    def now(self) -> int:
        """Samples since the line opened."""
        return len(self.played_samples) // 2

    def user_says(self, samples: Samples) -> None:
        """The user speaks from the next frame on."""
        self.onset, self._user = self.now, samples

    def flush(self, generation: int) -> None:
        """Nothing was taken that is not played yet."""

    def played(self) -> Played:
        """Counted."""
        return Played(self._ledger.generation, self._ledger.position, exact=True)

    async def close(self, within_s: float) -> None:
        """Stop both directions."""
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        frame = self.rate_hz * FRAME_MS // 1000
        first = self.now
        due_s = self._opened_s + (first + frame) / self.rate_hz
        self._timer = asyncio.get_running_loop().call_at(due_s, self._tick)
        far = self._ledger.pull(frame)
        self._ledger.ack(self._ledger.position)
        self.played_samples += far
        near = self._room.hears(np.frombuffer(far, np.int16) / 32768, first)
        said, self._user = self._user[:frame], self._user[frame:]
        near[: len(said)] += said
        clean = self._cleaner.process(pcm16(near), far) if self._cleaner is not None else pcm16(near)
        self.heard += clean
        self._ears(clean, first)
