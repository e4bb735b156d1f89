"""A speaker that remembers what a listener would have heard, sample by sample."""

from __future__ import annotations

from typing_extensions import override

from voiceloop.audio.ledger import Ledger
from voiceloop.audio.playout import Fader
from voiceloop.testing.numbers import SAMPLE_BYTES, Run, runs

__all__ = ["Speaker"]


class _Unfaded(Fader):
    """Leaves samples as they are."""

    @property
    @override
    def steady(self) -> bool:
        return True


class Speaker:
    """Takes audio from a ledger into a buffer that sounds `latency` samples after it was pulled.

    `off` samples are added to every position it reports, so that a test can be a phone that only estimates. With
    `keeps` it remembers so many samples, without it all.
    """

    def __init__(self, ledger: Ledger, latency: int = 0, off: int = 0, keeps: int | None = None) -> None:
        self.generation = 0
        self._ledger = ledger
        ledger.fader = _Unfaded()
        self._latency = latency
        self._off = off
        self._keeps = keeps
        self._pcm = bytearray()
        self._dropped = 0
        self._elapsed = 0
        self.volumes: list[tuple[int, float]] = [(0, 1.0)]
        """From which sample on it was how loud, 0 to 1. Samples keep their values, which are their numbers."""

    def pull(self, samples: int) -> None:
        """Take the next block out of the ledger."""
        if self._ledger.fader.target != self.volumes[-1][1]:
            self.volumes.append((self._ledger.position, self._ledger.fader.target))
        self._pcm += self._ledger.pull(samples)
        if self._keeps is not None and self.played - self._dropped > 2 * self._keeps:
            gone = self.played - self._dropped - self._keeps
            self._dropped += gone
            del self._pcm[: gone * SAMPLE_BYTES]

    def pass_time(self, elapsed: int) -> None:
        """Play on until `elapsed` samples have passed since the start."""
        self._elapsed = max(self._elapsed, elapsed)

    @property
    def played(self) -> int:
        """Samples the listener has heard, silence included, the start-up latency not."""
        return min(max(0, self._elapsed - self._latency), self._dropped + len(self._pcm) // SAMPLE_BYTES)

    @property
    def reported(self) -> int:
        """`played` as the line claims it."""
        return max(0, self.played + self._off) if self._off else self.played

    def flush(self, generation: int) -> None:
        """Silence from now on: what was pulled and not heard is gone."""
        self.generation = generation
        start = (self.played - self._dropped) * SAMPLE_BYTES
        self._pcm[start:] = bytes(len(self._pcm) - start)

    @property
    def recording(self) -> bytes:
        """What was heard, or the last of it: sample 0 at the start of the line, the latency as leading silence."""
        heard = bytes(self._pcm[: (self.played - self._dropped) * SAMPLE_BYTES])
        return heard if self._dropped else bytes(min(self._elapsed, self._latency) * SAMPLE_BYTES) + heard

    def runs(self) -> list[Run]:
        """The numbered runs in the recording."""
        return runs(self.recording)
