"""Verdicts about frames become onsets and ends of speech, with exact sample numbers.

A frame is speech when the detector says so and it is loud enough: above a fixed floor, because breath and a distant
television are not addressed to anybody, and above the quietest recent frame by a margin, because a fan never pauses
and speech always does. Mains hum hardly counts in that level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from voiceloop.audio.pcm import SILENCE_DB, mean_square_db
from voiceloop.audio.ring import Ring
from voiceloop.errors import MisuseError

__all__ = ["Gate", "GateVerdict", "SpeechEnd", "SpeechOnset"]

_FRAME_MS = 20
_MARGIN_DB = 6.0
_SPEAKING_MARGIN_DB = 3.0
"""Words end softly: in noise at -10 dB the larger margin would take 0.2 s of them for silence."""
_NOISE_WINDOW_MS = 1500
"""Speech pauses between syllables or for breath more often than this."""
_LAG_MS = 0.5
"""The level is taken of the difference between samples this far apart: 50 Hz loses 19 dB against white noise, 100 Hz
13, and speech, which has its energy above 300 Hz, nothing."""

_NOISE_GAIN_DB = 3.0
"""What white noise gains by that difference."""


@dataclass(frozen=True, slots=True)
class SpeechOnset:
    """Somebody began to speak."""

    sample: int
    """Number of the first sample of the first speech frame, without pre-roll."""


@dataclass(frozen=True, slots=True)
class SpeechEnd:
    """Somebody stopped speaking, a hang-over ago."""

    sample: int
    """Number of the sample after the last speech frame, without hang-over."""


GateVerdict = SpeechOnset | SpeechEnd


class Gate:
    """Watches one stream of 16-bit mono PCM. Blocks may have any length; they are judged in frames of 20 ms.

    `detector` is asked about each frame in order. Speech starts after `onset_ms` of speech frames in a row and ends
    after `hangover_ms` without one. `floor_db` and the hang-over may be changed at any time: by who else speaks, and by
    what was said.
    """

    def __init__(
        self,
        rate_hz: int,
        detector: Callable[[bytes], bool],
        *,
        onset_ms: int = 60,
        hangover_ms: int = 500,
        preroll_ms: int = 300,
        floor_db: float = -50.0,
    ) -> None:
        if rate_hz * _FRAME_MS % 1000:
            raise MisuseError(f"The gate needs whole frames of {_FRAME_MS} ms, which {rate_hz} Hz does not have.")
        self.floor_db = floor_db
        self.speaking = False
        """Between a SpeechOnset and its SpeechEnd."""
        self.silent_samples = 0
        """Since the last speech frame; 0 while nobody speaks."""
        self.contrast_db = 0.0
        """How far the loudest frame of this speech stands out from the quietest recent one."""
        self._detector = detector
        self._rate_hz = rate_hz
        self._frame = rate_hz * _FRAME_MS // 1000
        self._lag = int(rate_hz * _LAG_MS / 1000)
        self._onset = rate_hz * onset_ms // 1000
        self._hangover = rate_hz * hangover_ms // 1000
        self._preroll = rate_hz * preroll_ms // 1000
        self._ring = Ring(rate_hz, (preroll_ms + onset_ms + 2 * _FRAME_MS) / 1000)
        self._pending = b""
        self._next = 0
        self._run_from: int | None = None
        self._spoken_from = 0
        self._spoken_to = 0
        self._noise = _Quietest(_NOISE_WINDOW_MS // _FRAME_MS)

    def feed(self, pcm: bytes, first_sample: int) -> list[GateVerdict]:
        """Judge a captured block. A jump in the sample numbers drops the frame that had begun."""
        self._ring.write(pcm, first_sample)
        if first_sample != self._next:
            self._pending = b""
            self._run_from = None
        self._next = first_sample + len(pcm) // 2
        data = self._pending + pcm
        at = first_sample - len(self._pending) // 2
        size = 2 * self._frame
        verdicts: list[GateVerdict] = []
        start = 0
        while len(data) - start >= size:
            verdict = self._judge(data[start : start + size], at + start // 2)
            if verdict is not None:
                verdicts.append(verdict)
            start += size
        self._pending = data[start:]
        return verdicts

    def wait(self, hangover_ms: int) -> None:
        """Let so much silence end the speech that goes on now, and what follows."""
        self._hangover = self._rate_hz * hangover_ms // 1000

    def preroll(self) -> bytes:
        """What to hand over when speech has just started: from the pre-roll before the onset up to now.

        While nobody speaks, the last `preroll_ms`. Long after an onset only the newest part is left.
        """
        since = self._spoken_from if self.speaking else self._ring.end
        return self._ring.read(since - self._preroll, self._ring.end)

    def _level_db(self, frame: bytes) -> float:
        samples = np.frombuffer(frame, np.int16).astype(np.float32)
        return mean_square_db(samples[self._lag :] - samples[: -self._lag]) - _NOISE_GAIN_DB

    def _judge(self, frame: bytes, first: int) -> GateVerdict | None:
        level = self._level_db(frame)
        quietest = self._noise.follow(level)
        # The detector adapts to what it hears, so it is asked about quiet frames too.
        margin = _SPEAKING_MARGIN_DB if self.speaking else _MARGIN_DB
        speech = self._detector(frame) and level > self.floor_db and level > quietest + margin
        end = first + self._frame
        if speech:
            self._spoken_to = end
            self.silent_samples = 0
            if self._run_from is None:
                self._run_from = first
                if not self.speaking:
                    self.contrast_db = 0.0
            self.contrast_db = max(self.contrast_db, level - quietest)
            if not self.speaking and end - self._run_from >= self._onset:
                self.speaking = True
                self._spoken_from = self._run_from
                return SpeechOnset(self._run_from)
            return None
        self._run_from = None
        if not self.speaking:
            return None
        self.silent_samples = end - self._spoken_to
        if self.silent_samples < self._hangover:
            return None
        self.speaking = False
        self.silent_samples = 0
        return SpeechEnd(self._spoken_to)


class _Quietest:
    """The lowest level of the last one to two windows; silence until the first window is full."""

    __slots__ = ("_before", "_count", "_now", "_window")

    def __init__(self, window: int) -> None:
        self._window = window
        self._count = 0
        self._now = 0.0
        self._before = SILENCE_DB

    def follow(self, level: float) -> float:
        """Take one more level and say which is the lowest."""
        self._now = min(self._now, level)
        lowest = min(self._now, self._before)
        self._count += 1
        if self._count == self._window:
            self._before, self._now, self._count = self._now, 0.0, 0
        return lowest
