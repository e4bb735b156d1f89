"""What numbered speech says: the words of each stretch of samples, whichever connection brings them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from voiceloop.testing.numbers import UNKNOWN, Run
from voiceloop.testing.spans import Span

__all__ = ["Words"]


class Words:
    """Speech whose words are known; each word takes an equal part of its stretch."""

    def __init__(self) -> None:
        self._words: list[tuple[int, str]] = []
        """The sample in the middle of each word, and the word."""
        self.known: list[Span] = []
        """The stretches of samples whose words are known."""

    def know(self, run: Run, text: str) -> None:
        """These samples say this."""
        words = text.split()
        middles = (run.number + (2 * at + 1) * run.samples // (2 * len(words)) for at in range(len(words)))
        self._words += zip(middles, words, strict=True)
        self._words.sort()
        self.known.append(Span(run.number, run.number + run.samples))

    def said_in(self, speech: Sequence[Run]) -> str | None:
        """What these samples say, a word being there if its middle is; None where no words are known at all."""
        return " ".join(self._found(speech)) if self._words else None

    def _found(self, speech: Sequence[Run]) -> Iterator[str]:
        for run in speech:
            if run.number != UNKNOWN:
                yield from (word for at, word in self._words if run.number <= at < run.number + run.samples)
