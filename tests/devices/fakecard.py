"""A sound card that the test plays."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import numpy as np

from voiceloop.devices.rings import CaptureRing, RenderLog, SpeakerRing

BLOCK = bytes(960)


def floats(pcm):
    """16-bit samples as a microphone gives them."""
    return (np.frombuffer(pcm, np.int16) / np.float32(32_768)).astype(np.float32).tobytes()


class FakeCard:
    """Plays the card's thread from the loop's; 20 ms latency each way."""

    def __init__(self, *, microphone, speaker, woken, stopped):
        self.has = SimpleNamespace(microphone=microphone, speaker=speaker)
        self.woken, self.stopped = woken, stopped
        self.input_hz = self.output_hz = 48_000
        self.input_channels = 1
        self.input_latency_s = 0.02 if microphone else 0.0
        self.output_latency_s = 0.02 if speaker else 0.0
        self.underflows = self.overflows = 0
        self.captured = CaptureRing(1920, 100)
        self.rendered = RenderLog(100)
        self.speaker = SpeakerRing(960)
        self.loop = asyncio.get_running_loop()
        self.out = bytearray(960)
        self.closed = 0
        self.abandoned = False
        self.last_s = self.start_s = time.monotonic()
        self.fails = None
        self.silent = False
        self.blocks = 0

    def open(self):
        if self.fails is not None:
            raise self.fails
        if not self.silent:
            self.loop.call_soon_threadsafe(self.callback)

    def close(self):
        self.closed += 1

    def abandon(self):
        self.abandoned = True

    def callback(self, pcm=BLOCK, *, wake=True):
        self.blocks += 1
        self.last_s = self.start_s + self.blocks / 100
        if self.has.speaker:
            self.rendered.put(self.speaker.render(memoryview(self.out)), self.last_s)
        if self.has.microphone:
            self.captured.put(memoryview(floats(pcm)), self.last_s)
        if wake:
            self.woken()
        return bytes(self.out)
