"""The callback's side of a speaker's ring."""

from __future__ import annotations

import numpy as np

from voiceloop.audio.ledger import Ledger
from voiceloop.devices.duplex import SpeakerFeed
from voiceloop.devices.rings import SILENT, SpeakerRing

RATES = [8000, 16_000, 24_000]


def tone(rate_hz, seconds, hz=500.0):
    return np.rint(8000 * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz)).astype(np.int16)


class Speaker:
    """A ledger, a feed and the callback's side of the ring."""

    def __init__(self, rate_hz=24_000, card_hz=48_000):
        self.ledger = Ledger(rate_hz, lambda _event: None)
        self.ring = SpeakerRing(card_hz // 50)
        self.feed = SpeakerFeed(self.ledger, self.ring, rate_hz, card_hz)
        self.out = bytearray(card_hz // 50)

    def speaks(self, said, blocks):
        """There is something to say, and the card takes so many blocks of it."""
        self.ledger.put("r", "i", 0, said.tobytes())
        self.feed.top_up()
        for _ in range(blocks):
            self.callback()

    def callback(self):
        number = self.ring.render(memoryview(self.out))
        sent = None if number == SILENT else self.feed.take(number)
        self.feed.top_up()
        return bytes(self.out), sent
