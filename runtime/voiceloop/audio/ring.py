"""The last seconds of captured audio, found again by absolute sample number."""

from __future__ import annotations

from collections import deque

__all__ = ["Ring"]

_SAMPLE_BYTES = 2


class Ring:
    """Keeps at least the last `seconds` of 16-bit mono PCM; older audio falls out.

    Holds the captured blocks as they came, so writing copies nothing and a ring that was emptied costs no memory.
    """

    def __init__(self, rate_hz: int, seconds: float) -> None:
        self._capacity = int(rate_hz * seconds)
        self._blocks: deque[tuple[int, bytes]] = deque()
        self._end = 0

    @property
    def oldest(self) -> int:
        """Number of the oldest sample held; equals `end` when there is none."""
        return self._blocks[0][0] if self._blocks else self._end

    @property
    def end(self) -> int:
        """Number of the sample that comes after the newest."""
        return self._end

    def write(self, pcm: bytes, first_sample: int) -> None:
        """Add a block. What was skipped since the last one reads as silence; a step back empties the ring first."""
        if first_sample < self._end:
            self._blocks.clear()
        end = self._end = first_sample + len(pcm) // _SAMPLE_BYTES
        blocks = self._blocks
        if pcm:
            blocks.append((first_sample, pcm))
        start = end - self._capacity
        while blocks and blocks[0][0] + len(blocks[0][1]) // _SAMPLE_BYTES <= start:
            blocks.popleft()

    def forget(self, before_sample: int) -> None:
        """Drop the blocks that lie wholly before this sample."""
        blocks = self._blocks
        while blocks and blocks[0][0] + len(blocks[0][1]) // _SAMPLE_BYTES <= before_sample:
            blocks.popleft()

    def read(self, from_sample: int, to_sample: int) -> bytes:
        """Samples `from_sample` up to `to_sample`, which is not included.

        What fell out of the ring or was not written yet is left off, so the answer may start at `oldest` and end at
        `end`.
        """
        at = max(from_sample, self.oldest)
        to_sample = min(to_sample, self._end)
        pieces: list[bytes] = []
        for first, pcm in self._blocks:
            if first >= to_sample:
                break
            start = max(at, first)
            piece = pcm[(start - first) * _SAMPLE_BYTES : (to_sample - first) * _SAMPLE_BYTES]
            if piece:
                pieces.append(bytes((start - at) * _SAMPLE_BYTES))
                pieces.append(piece)
                at = start + len(piece) // _SAMPLE_BYTES
        pieces.append(bytes(max(0, to_sample - at) * _SAMPLE_BYTES))
        return b"".join(pieces)
