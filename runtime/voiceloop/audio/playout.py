"""The ledger's parts: what one reply has waiting, which samples the line holds, and how loud they are.

All counts are samples of 16-bit mono PCM. Kept apart from `ledger.py` so that each can be read alone; nobody else
needs these names.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable

from voiceloop.vocabulary import HeardSpan

__all__ = ["NO_HOLD", "SAMPLE_BYTES", "Fader", "Part", "Reply", "RetiredIds", "Timeline"]

SAMPLE_BYTES = 2
NO_HOLD = sys.maxsize
_REPLY_PARTS = 256
"""A bound against a peer that makes up a new part for every delta."""
_RETIRED_IDS = 256
"""Ids remembered; a reply's late audio never trails it by this many replies."""


class Part:
    """One content part of a reply: heard <= received."""

    __slots__ = ("content_index", "heard", "item_id", "odd", "received", "reply")

    def __init__(self, reply: Reply, item_id: str, content_index: int) -> None:
        self.reply = reply
        self.item_id = item_id
        self.content_index = content_index
        self.received = 0
        self.heard = 0
        self.odd = b""

    def whole(self, pcm: bytes) -> bytes:
        """`pcm` as whole samples: half a sample waits here for its other half."""
        if not self.odd and len(pcm) % SAMPLE_BYTES == 0:
            return pcm
        pcm = self.odd + pcm
        cut = len(pcm) - len(pcm) % SAMPLE_BYTES
        self.odd = pcm[cut:]
        return pcm[:cut]


class Reply:
    """One reply that is not finished: its chunks, oldest first, and how far it came: heard <= pulled <= received."""

    __slots__ = (
        "_start",
        "chunks",
        "heard",
        "hold",
        "open",
        "parts",
        "pulled",
        "received",
        "reply_id",
        "sealed",
        "started",
    )

    def __init__(self, reply_id: str) -> None:
        self.reply_id = reply_id
        self.parts: list[Part] = []
        self.chunks: deque[tuple[Part, bytes]] = deque()
        self.received = 0
        self.pulled = 0
        self.heard = 0
        self.hold = NO_HOLD
        self.open = True
        self.sealed = False
        self.started = False
        self._start = 0

    def part(self, item_id: str, content_index: int) -> Part | None:
        """The part of that name, made if new; None when the reply has too many."""
        for part in reversed(self.parts):
            if part.item_id == item_id and part.content_index == content_index:
                return part
        if len(self.parts) >= _REPLY_PARTS:
            return None
        part = Part(self, item_id, content_index)
        self.parts.append(part)
        return part

    def store(self, part: Part, pcm: bytes) -> None:
        """Queue whole samples of one of its parts."""
        samples = len(pcm) // SAMPLE_BYTES
        part.received += samples
        self.received += samples
        self.chunks.append((part, pcm))

    def take(self, samples: int) -> tuple[Part, bytes]:
        """Up to `samples` samples of one part, at least one. Needs a chunk and room before the hold."""
        part, chunk = self.chunks[0]
        start = self._start
        room = self.hold - self.pulled
        end = start + SAMPLE_BYTES * (min(room, samples))
        if end >= len(chunk):
            end = len(chunk)
            self.chunks.popleft()
            self._start = 0
        else:
            self._start = end
        self.pulled += (end - start) // SAMPLE_BYTES
        return part, chunk[start:end]

    def drop(self) -> int:
        """Forget what was not pulled. Returns how many bytes that was."""
        size = sum(len(chunk) for _, chunk in self.chunks) - self._start
        self.chunks.clear()
        self._start = 0
        self.received = self.pulled
        return size

    def spans(self, rate_hz: int) -> tuple[HeardSpan, ...]:
        """What was heard of each part, in order of arrival; milliseconds are rounded down."""
        return tuple(
            HeardSpan(
                self.reply_id,
                part.item_id,
                part.content_index,
                heard_ms=part.heard * 1000 // rate_hz,
                received_ms=part.received * 1000 // rate_hz,
            )
            for part in self.parts
            if part.received
        )


class _Stretch:
    """Positions `start` to `end` of the line hold consecutive samples of one part; acks move `start`."""

    __slots__ = ("end", "part", "start")

    def __init__(self, start: int, end: int, part: Part) -> None:
        self.start = start
        self.end = end
        self.part = part


class Timeline:
    """Which part's samples lie at which positions of the line, from the last acknowledged one on."""

    __slots__ = ("_hear", "_stretches")

    def __init__(self, hear: Callable[[Part, int, int], None]) -> None:
        self._hear = hear
        self._stretches: deque[_Stretch] = deque()

    def note(self, start: int, part: Part, samples: int) -> int:
        """The next `samples` positions from `start` on hold `part`; returns the position after them."""
        end = start + samples
        stretches = self._stretches
        # The last stretch stays when it is used up, so that a steady stream goes on using one.
        if stretches and (last := stretches[-1]).part is part and last.end == start:
            last.end = end
        else:
            stretches.append(_Stretch(start, end, part))
        return end

    def ack(self, position: int) -> None:
        """Call `hear(part, samples, end)` for all before `position` that was not acknowledged yet, in order.

        `end` is the position after those samples.
        """
        stretches = self._stretches
        while stretches and (first := stretches[0]).start < position:
            end = min(position, first.end)
            samples = end - first.start
            first.start = end
            if samples:
                self._hear(first.part, samples, end)
            if end < first.end or len(stretches) == 1:
                return
            stretches.popleft()

    def clear(self) -> None:
        """Forget everything; later acks of it find nothing."""
        self._stretches.clear()


class RetiredIds:
    """The last few replies that take no more audio, and whether they are over or only muted."""

    __slots__ = ("_over",)

    def __init__(self) -> None:
        self._over: dict[str, bool] = {}

    def __contains__(self, reply_id: str) -> bool:
        return reply_id in self._over

    def is_over(self, reply_id: str) -> bool:
        """Finished or flushed: there is nothing left to report about it."""
        return self._over.get(reply_id, False)

    def add(self, reply_id: str, *, over: bool) -> None:
        """Remember it, forgetting the oldest when there are too many. Being over is never taken back."""
        self._over[reply_id] = over or self.is_over(reply_id)
        if len(self._over) > _RETIRED_IDS:
            del self._over[next(iter(self._over))]


class Fader:
    """The volume, moved without clicks: a change becomes a ramp over the next block."""

    __slots__ = ("_now", "target")

    def __init__(self) -> None:
        self._now = 1.0
        self.target = 1.0

    def reset(self) -> None:
        """Be at full volume at once: what was ducked is gone."""
        self._now = self.target = 1.0

    @property
    def steady(self) -> bool:
        """Blocks may pass as they are."""
        return self._now == self.target == 1.0

    def apply(self, pcm: bytes) -> bytes:
        """The block at the volume it should have."""
        from voiceloop.audio.pcm import ramp  # noqa: PLC0415  numpy is not loaded until somebody ducks

        start, self._now = self._now, self.target
        return ramp(pcm, start, self.target)
