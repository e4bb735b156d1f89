"""How the speaker is kept from running dry, and from clicking where sound begins or ends in the middle of a wave."""

from __future__ import annotations

from typing import Final

import numpy as np

__all__ = ["MAX_DEPTH", "Cushion", "Fades", "fade_samples", "ramped"]

MIN_DEPTH: Final = 2
MAX_DEPTH: Final = 6
"""Blocks of 10 ms. Whoever needs more has a machine too slow to speak to."""
_QUIET_BLOCKS = 3_000
"""30 s without an underrun before a block less is tried."""
_FADE_S = 0.004
_NEAR = 8
_AUDIBLE = 64
"""Of 32768: sound that ends below that may just end."""


class Cushion:
    """How many blocks are kept ready. One more for each look that finds an underrun, one less after a quiet while."""

    def __init__(self) -> None:
        self.depth = MIN_DEPTH
        self._dry = 0
        self._since = 0

    def look(self, dry: int, written: int) -> None:
        """`dry`: underruns so far. `written`: blocks given so far."""
        if dry != self._dry:
            self._dry, self._since = dry, written
            self.depth = min(self.depth + 1, MAX_DEPTH)
        elif self.depth > MIN_DEPTH and written - self._since >= _QUIET_BLOCKS:
            self._since = written
            self.depth -= 1


class Fades:
    """Shapes what is pulled for the speaker, chunk after chunk, in 16-bit mono.

    Sound that stops in the middle of a chunk is faded out, and faded in where it goes on. Where it stops between two
    chunks, the first is gone already: its owner is told, and fades what has not reached the card with `ramped`.
    """

    def __init__(self, rate_hz: int) -> None:
        self._size = int(_FADE_S * rate_hz)
        self._up = np.linspace(0, 1, self._size, endpoint=False)
        self._sounding = False
        self._broke_off = False

    def reset(self) -> None:
        """What was pulled before is not played on."""
        self._sounding = self._broke_off = False

    def shape(self, pcm: bytes) -> tuple[bytes, bool]:
        """The chunk as it is to be played; True: it begins with silence where sound was."""
        samples = np.frombuffer(pcm, np.int16)
        loud = np.flatnonzero(samples)
        first, last = (int(loud[0]), int(loud[-1])) if loud.size else (samples.size, -1)
        cut = self._sounding and first >= min(self._size, samples.size)
        self._broke_off |= cut
        if not loud.size:
            self._sounding = False
            return pcm, cut
        shaped = samples.astype(float)
        if self._broke_off and np.abs(samples[first : first + _NEAR]).max() > _AUDIBLE:
            rising = shaped[first : first + self._size]
            rising *= self._up[: rising.size]
        audible = bool(np.abs(samples[max(last - _NEAR, 0) : last + 1]).max() > _AUDIBLE)
        self._broke_off = audible and samples.size - 1 - last > _NEAR
        self._sounding = audible and not self._broke_off
        if self._broke_off:
            falling = shaped[max(first, last + 1 - self._size) : last + 1]
            falling *= self._up[::-1][-falling.size :]
        return shaped.astype(np.int16).tobytes(), cut


def ramped(block: bytes, card_hz: int, end: int) -> bytes:
    """The block with a fade whose last sample is `end`, and silence after it; `end` may lie after the block."""
    samples = np.frombuffer(block, np.int16)
    gain = np.clip((end - np.arange(samples.size)) / (_FADE_S * card_hz), 0, 1)
    return np.rint(samples * gain).astype(np.int16).tobytes()


def fade_samples(card_hz: int) -> int:
    """Length of a fade."""
    return int(_FADE_S * card_hz)
