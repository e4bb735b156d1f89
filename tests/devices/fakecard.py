"""A sound card that the test plays."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import numpy as np

from voiceloop.audio.ledger import Ledger
from voiceloop.devices import cardkeeper, cardline
from voiceloop.devices.cardline import CardLine
from voiceloop.devices.context import LineContext
from voiceloop.devices.rings import CaptureRing, RenderLog, SpeakerRing
from voiceloop.settings import AudioSettings

QUIET = AudioSettings(echo_cancellation="none", noise_suppression=False)

BLOCK = bytes(960)


def floats(pcm):
    """16-bit samples as a microphone gives them."""
    return (np.frombuffer(pcm, np.int16) / np.float32(32_768)).astype(np.float32).tobytes()


class FakeCard:
    """Plays the card's thread from the loop's; 20 ms latency each way."""

    def __init__(self, *, microphone, speaker, substitute, woken, stopped):
        self.substitute = substitute
        self.names = ["USB Headset"]
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
        self.nothing = BLOCK
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

    def callback(self, pcm=None, *, wake=True):
        pcm = self.nothing if pcm is None else pcm
        self.blocks += 1
        self.last_s = self.start_s + self.blocks / 100
        if self.has.speaker:
            self.rendered.put(self.speaker.render(memoryview(self.out)), self.last_s)
        if self.has.microphone:
            self.captured.put(memoryview(floats(pcm)), self.last_s)
        if wake:
            self.woken()
        return bytes(self.out)


class Room:
    """Everything around the line."""

    def __init__(self, monkeypatch, rate_hz=24_000, **context):
        self.pcm = b""
        self.events, self.ended, self.losses, self.warnings = [], 0, [], []
        self.rate_hz = rate_hz
        self.ledger = Ledger(rate_hz, self.events.append)
        self.card = None
        self.cards, self.kind = [], FakeCard
        self.prepare = lambda card: None
        context.setdefault("audio", QUIET)
        self.line = CardLine(LineContext(warn=lambda *w: self.warnings.append(w), **context), self.make)
        self.at_s = 1000.0
        for module in (cardline, cardkeeper):
            monkeypatch.setattr(module, "monotonic", self.now_s)

    def now_s(self):
        """The listener's place is asked for at the time of the newest block, or when the test says."""
        return self.at_s if self.card is None else max(self.at_s, self.card.last_s)

    def make(self, **parts):
        now_s = self.now_s()
        self.card = self.kind(**parts)
        self.card.start_s = self.card.last_s = now_s
        self.cards.append(self.card)
        self.prepare(self.card)
        return self.card

    def ears(self, pcm, first_sample):
        assert first_sample == len(self.pcm) // 2
        self.pcm += pcm
        return len(pcm) // 2

    def input_ended(self):
        self.ended += 1

    def lost(self, detail):
        self.losses.append(detail)

    async def open(self):
        await self.line.open(self.ears, self.ledger, self.rate_hz, self)
        return self.card


def noise(samples, seed=1):
    return np.random.default_rng(seed).integers(-8000, 8000, samples).astype(np.int16).tobytes()
