"""Run by the part `audio`: a real line on the sound card, what its delays were as JSON.

The wire is where the ears get a frame and where the ledger is given audio. What passes in the card is what it reports,
with a block that is counted twice; the round trip is measured, from the ledger through both null sinks to the ears.
What of it is not between microphone and wire is between wire and speaker, less the block that was counted twice.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from array import array

import numpy as np

from voiceloop.audio.ledger import Ledger
from voiceloop.devices.context import LineContext
from voiceloop.devices.soundcard import factory
from voiceloop.events import Event, PlaybackStarted
from voiceloop.settings import AudioSettings

RATE_HZ = 24_000
FRAME_MS = 20
CHIRP = (12_000 * np.sin(2 * np.pi * (400 + 1500 * np.arange(1200) / 1200) * np.arange(1200) / RATE_HZ)).astype(
    np.int16
)


class Scene:
    """A line with ears that keep the time."""

    def __init__(self, cancel: str) -> None:
        self.heard = bytearray()
        self.at_s = array("d")
        self.started_s: list[float] = []
        self.ledger = Ledger(RATE_HZ, self.note)
        audio = AudioSettings(echo_cancellation=cancel, noise_suppression=cancel == "webrtc")  # type: ignore[arg-type]
        self.line = factory({}, LineContext(audio=audio))

    def note(self, event: Event) -> None:
        """A chirp began to sound."""
        if isinstance(event, PlaybackStarted):
            self.started_s.append(time.monotonic())

    def ears(self, pcm: bytes, first_sample: int) -> int:
        """A frame is on the wire."""
        self.at_s.append(time.monotonic())
        self.heard += pcm
        return len(pcm) // 2

    def input_ended(self) -> None:
        """There is no file."""

    def lost(self, detail: str) -> None:
        """The figures would be worth nothing."""
        raise RuntimeError(detail)


async def scene(cancel: str, seconds: float) -> dict[str, list[float]]:
    """Chirps, and every frame's time against the best of all: the card's clock is even, ours is late at times."""
    it = Scene(cancel)
    await it.line.open(it.ears, it.ledger, RATE_HZ, it)
    await asyncio.sleep(1)
    asked: list[tuple[float, int]] = []
    for number in range(int(seconds / 0.5)):
        asked.append((time.monotonic(), len(it.heard) // 2))
        it.ledger.put(f"r{number}", "i", 0, CHIRP.tobytes())
        it.ledger.seal(f"r{number}")
        await asyncio.sleep(0.5 + number * 0.0007)
    latency_in, latency_out = it.line.latency_s  # type: ignore[attr-defined]
    await it.line.close(1)
    frames = np.array(it.at_s)
    lags = frames - np.arange(len(frames)) * FRAME_MS / 1000
    late = [float(1000 * each) for each in lags - lags.min()]
    heard = np.frombuffer(bytes(it.heard), np.int16).astype(float)
    trips, outs = [], []
    origin_s = float(lags.min()) - FRAME_MS / 1000 - latency_in
    for at_s, place in asked:
        part = heard[place : place + RATE_HZ * 2 // 5]
        if len(part) > len(CHIRP):
            found = int(np.argmax(np.correlate(part, CHIRP.astype(float), "valid")))
            frame = (place + found) // (RATE_HZ * FRAME_MS // 1000)
            trips.append(float(1000 * (frames[frame] - at_s)))
            outs.append(float(1000 * (origin_s + (place + found) / RATE_HZ - at_s)))
    return {
        "microphone to wire, at most": [FRAME_MS + each + 1000 * latency_in for each in late],
        "wire to booked as heard": [1000 * (s - a) for s, (a, _) in zip(it.started_s, asked, strict=False)],
        "card alone, in": [1000 * latency_in],
        "card alone, out": [1000 * latency_out],
        "wire to speaker, at least": outs,
        "round trip, measured": trips,
    }


async def main(seconds: float) -> dict[str, object]:
    """With the canceller; the chirp itself is found without it, which would take it away."""
    told: dict[str, object] = dict(await scene("webrtc", seconds))
    plain = await scene("none", seconds / 2)
    for name in ("wire to speaker, at least", "round trip, measured"):
        told[name] = plain[name]
    told["frames"] = len(told["microphone to wire, at most"])  # type: ignore[arg-type]
    return told


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(float(sys.argv[1])))) + "\n")
