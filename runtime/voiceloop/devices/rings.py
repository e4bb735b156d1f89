"""What a sound card's callback reads and writes: memory that was set aside before, no locks, no waiting.

Each ring has one writer and one reader on different threads. A counter is stored after what it counts; the interpreter
makes such a store atomic, so the other side sees a block whole or not at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["SILENT", "CaptureRing", "Captured", "RenderLog", "Rendered", "SpeakerRing"]

SILENT = -1
"""Instead of a block's number: silence was played."""


class SpeakerRing:
    """At most 7 blocks on their way to the speaker; those of an old generation are never played.

    block_bytes: of a block of 16-bit mono. It goes to the first two of `channels`, which are left and right.
    """

    SLOTS = 7

    def __init__(self, block_bytes: int, channels: int = 1) -> None:
        block_bytes *= channels
        self._channels = channels
        memory = memoryview(bytearray(self.SLOTS * block_bytes))
        self._slots = [memory[n * block_bytes : (n + 1) * block_bytes] for n in range(self.SLOTS)]
        self._generations = [0] * self.SLOTS
        self._zeros = bytes(block_bytes)
        self.written = 0
        """Blocks put in; the number of the next one."""
        self.taken = 0
        """Blocks taken out, played or not."""
        self.generation = 0
        """Set by the loop; the callback drops blocks of any other."""
        self.last = SILENT
        """What the callback played last: the number of a block, or silence."""
        self.dry = 0
        """Times the callback came too early for the loop and played silence instead."""

    @property
    def waiting(self) -> int:
        """Blocks in the ring."""
        return self.written - self.taken

    def put(self, block: bytes) -> None:
        """Loop side: add a block of the current generation, mono. There must be room."""
        self._generations[self.written % self.SLOTS] = self.generation
        self.rewrite(self.written, block)
        self.written += 1

    def rewrite(self, number: int, block: bytes) -> None:
        """Loop side: change a block that waits; one that is being played already stays as it was."""
        slot = self._slots[number % self.SLOTS]
        if self._channels == 1:
            slot[:] = block
        else:
            frames, mono = slot.cast("h"), memoryview(block).cast("h")
            frames[:: self._channels] = frames[1 :: self._channels] = mono

    def keep(self, number: int, generation: int) -> None:
        """Loop side: play this block although the generation changes to that one."""
        self._generations[number % self.SLOTS] = generation

    def read(self, number: int) -> bytes:
        """Loop side: a block that waits or was just dropped, mono."""
        slot = self._slots[number % self.SLOTS]
        return bytes(slot) if self._channels == 1 else slot.cast("h")[:: self._channels].tobytes()

    def render(self, out: memoryview) -> int:
        """Callback side: fill `out`; the number of the block it holds, or SILENT."""
        stale = self.written == 0  # before the first block silence is right
        while self.taken < self.written:
            number = self.taken
            slot = number % self.SLOTS
            if self._generations[slot] == self.generation:
                out[:] = self._slots[slot]
                self.taken = number + 1
                self.last = number
                return number
            self.taken = number + 1
            stale = True
        out[:] = self._zeros
        self.last = SILENT
        if not stale:
            self.dry += 1
        return SILENT


class Captured(NamedTuple):
    """One block of the microphone, as the loop sees it later."""

    pcm: bytes
    """32-bit floats, the channels interleaved."""
    at_s: float
    """When its callback came, on the monotonic clock."""


class CaptureRing:
    """The last blocks of the microphone. Full: the oldest are overwritten."""

    def __init__(self, block_bytes: int, capacity: int) -> None:
        memory = memoryview(bytearray(capacity * block_bytes))
        self._slots = [memory[n * block_bytes : (n + 1) * block_bytes] for n in range(capacity)]
        self._at_s = [0.0] * capacity
        self._capacity = capacity
        self._read = 0
        self.written = 0

    def put(self, pcm: memoryview, at_s: float) -> None:
        """Callback side: keep a block."""
        slot = self.written % self._capacity
        self._slots[slot][:] = pcm
        self._at_s[slot] = at_s
        self.written += 1

    def forget(self) -> None:
        """Loop side: skip what came so far."""
        self._read = self.written

    def read(self) -> Iterator[Captured | None]:
        """Loop side: what came since, oldest first; None for each block that was overwritten before it was read."""
        while self._read < self.written:
            slot = self._read % self._capacity
            captured = Captured(bytes(self._slots[slot]), self._at_s[slot])
            # Looked at after the copy: had the callback come round to this slot by now, the copy may be torn.
            overwritten = self.written - self._read >= self._capacity
            self._read += 1
            yield None if overwritten else captured


class Rendered(NamedTuple):
    """One block of the speaker, as the loop sees it later."""

    number: int
    """Of the block in the speaker's ring, or SILENT."""
    at_s: float
    """When its callback came, on the monotonic clock."""
    delay_s: float = 0.0
    """How much later it sounds, by the stream's own clock; 0 where that tells nothing."""


class RenderLog:
    """What the speaker's callback took, and when. Full: the oldest fall out; all of them were silence."""

    def __init__(self, capacity: int) -> None:
        self._entries: deque[Rendered] = deque(maxlen=capacity)
        self.written = 0

    def put(self, number: int, at_s: float, delay_s: float = 0.0) -> None:
        """Callback side: note a block."""
        self._entries.append(Rendered(number, at_s, delay_s))
        self.written += 1

    def forget(self) -> None:
        """Loop side: skip what came so far."""
        self._entries.clear()

    def read(self) -> Iterator[Rendered]:
        """Loop side: what came since, oldest first."""
        while self._entries:
            yield self._entries.popleft()
