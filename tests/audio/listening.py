"""A ledger whose samples are numbered, at 1,000 Hz, where one sample is one millisecond."""

from __future__ import annotations

from array import array

from voiceloop.audio.ledger import Ledger
from voiceloop.events import Event


def samples(first: int, count: int) -> bytes:
    """Numbered samples, so that each can be told from every other."""
    return array("h", range(first, first + count)).tobytes()


def numbers(pcm: bytes) -> list[int]:
    return array("h", pcm).tolist()


class Listener:
    """A ledger at 1 kHz with what it said."""

    def __init__(self, **options: float) -> None:
        self.events: list[Event] = []
        self.ledger = Ledger(1000, self.events.append, **options)

    def play(self, count: int) -> list[int]:
        """Pull and acknowledge at once."""
        out = numbers(self.ledger.pull(count))
        self.ledger.ack(self.ledger.position)
        return out
