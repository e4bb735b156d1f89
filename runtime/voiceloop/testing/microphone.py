"""A microphone that hears what a test says and silence otherwise, every sample numbered."""

from __future__ import annotations

from voiceloop.testing.numbers import SAMPLE_BYTES, Run, numbered

__all__ = ["Microphone"]


class Microphone:
    """Queue of 16-bit mono PCM that `take` hands out at the pace of whoever calls it."""

    def __init__(self) -> None:
        self.taken = 0
        """Samples handed out so far, silence included."""
        self.numbered = 0
        """How many numbered samples were said: the number of the next one."""
        self.said: list[Run] = []
        """Numbered speech in order, and where each stretch stands in the capture; everything else is silence."""
        self._queue = bytearray()

    @property
    def waiting(self) -> int:
        """Samples said and not yet handed out."""
        return len(self._queue) // SAMPLE_BYTES

    def say(self, pcm: bytes) -> Run:
        """Speak `pcm` right after what is still waiting; tells where in the capture it will stand, number 0."""
        run = Run(self.taken + self.waiting, 0, len(pcm) // SAMPLE_BYTES)
        self._queue += pcm
        return run

    def say_numbered(self, samples: int) -> Run:
        """Speak the next `samples` numbered samples; tells where they will stand and the number of the first."""
        run = Run(self.taken + self.waiting, self.numbered, samples)
        self._queue += numbered(self.numbered, samples)
        self.numbered += samples
        self.said.append(run)
        return run

    def pause(self, samples: int) -> None:
        """Be silent for `samples` samples before what is said next."""
        self._queue += bytes(samples * SAMPLE_BYTES)

    def take(self, samples: int) -> bytes:
        """The next `samples` samples, filled up with silence."""
        size = samples * SAMPLE_BYTES
        pcm = bytes(self._queue[:size])
        del self._queue[:size]
        self.taken += samples
        return pcm.ljust(size, b"\0")
