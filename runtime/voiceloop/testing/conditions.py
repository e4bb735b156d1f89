"""What is wrong with a network now: the state behind `FaultProxy` and `MemoryNetwork`, on the running loop's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from random import Random
from typing import Literal

from voiceloop.testing.faults import Answer, Cut, Direction, Freeze, Lag, Refuse
from voiceloop.testing.script import NoAnswer, Refusal

__all__ = ["Conditions", "Piece"]

Piece = Literal["message", "part", "other"]
"""What passes: a whole message or the last of one, a part of one that goes on, or no message at all."""


@dataclass(slots=True)
class _Spell:
    """A fault that lasts. `newest` is the last connection that was there when it began, `left` how often it acts."""

    fault: Freeze | Refuse | Answer
    until_s: float
    newest: int
    left: float = inf


@dataclass(slots=True)
class _Due:
    """A cut, and how much is still to pass before it."""

    cut: Cut
    left: int

    def cut_at(self, size: int, piece: Piece) -> int | None:
        """Let so many bytes pass, or tell after how many of them the connection breaks."""
        counted = size if self.cut.messages is None else piece == "message"
        if self.cut.messages is not None and self.cut.inside and self.left == 1 and piece != "other":
            return size // 2
        before, self.left = self.left, self.left - counted
        if self.left > 0:
            return None
        return before if self.cut.messages is None else size


class Conditions:
    """Connections go by numbers, which count from 1. `on_change` is called when something may pass again."""

    def __init__(self, *, latency_s: float, seed: int, on_change: Callable[[], None]) -> None:
        self.latency_s = latency_s
        """What is there each way without any fault."""
        self._lag = Lag()
        self._random = Random(seed)
        self._on_change = on_change
        self._spells: list[_Spell] = []
        self._cuts: list[_Due] = []
        self._changed = asyncio.Event()

    def begin(self, fault: Freeze | Refuse | Answer | Cut | Lag, newest: int) -> None:
        """From now on this is so; `newest` is the last connection there is."""
        if isinstance(fault, Lag):
            self._lag = fault
        elif isinstance(fault, Cut):
            self._cuts.append(_Due(fault, fault.counted))
        else:
            loop = asyncio.get_running_loop()
            until_s = inf if fault.for_s is None else loop.time() + fault.for_s
            times = fault.times if isinstance(fault, Answer) else None
            self._spells.append(_Spell(fault, until_s, newest, inf if times is None else times))
            if fault.for_s is not None:
                loop.call_at(until_s, self._tell)

    def end(self, kind: type[Freeze | Refuse | Answer]) -> None:
        """Faults of this kind are over."""
        self._spells = [spell for spell in self._spells if not isinstance(spell.fault, kind)]
        self._tell()

    def heal(self) -> None:
        """All faults are over."""
        self._spells.clear()
        self._cuts.clear()
        self._lag = Lag()
        self._tell()

    # What is asked ---------------------------------------------------------------------------------------------------

    def frozen(self, direction: Direction, number: int) -> bool:
        """Nothing passes this way on this connection."""
        freezes = [(spell.fault, spell.newest) for spell in self._lasting() if isinstance(spell.fault, Freeze)]
        return any(
            fault.direction in (direction, "both") and (fault.scope == "all" or number <= newest)
            for fault, newest in freezes
        )

    async def passes(self, direction: Direction, number: int) -> None:
        """Wait while it is frozen."""
        while self.frozen(direction, number):
            await self._changed.wait()

    def refuses(self) -> bool:
        """New connections are refused."""
        return any(isinstance(spell.fault, Refuse) for spell in self._lasting())

    def answer(self) -> Refusal | NoAnswer | None:
        """What an upgrade is answered with in the server's place."""
        for spell in self._lasting():
            if isinstance(spell.fault, Answer) and spell.left > 0:
                spell.left -= 1
                return spell.fault.answer
        return None

    def delay_s(self) -> float:
        """How long what is sent now takes, its size aside."""
        return self.latency_s + self._lag.delay_s + self._random.random() * self._lag.jitter_s

    def duration_s(self, size: int) -> float:
        """How long the line is busy with so many bytes."""
        return size / self._lag.bytes_per_s if self._lag.bytes_per_s else 0.0

    def slice_bytes(self, most: int, duration_s: float) -> int:
        """How many bytes pass in that time, at least one and at `most` so many."""
        limit = self._lag.bytes_per_s
        return most if limit is None else max(1, min(most, int(limit * duration_s)))

    def cut(self, direction: Direction, size: int, piece: Piece) -> int | None:
        """So many bytes are about to pass; tells how many do before the connection breaks, None: it does not break."""
        for due in self._cuts:
            if due.cut.direction == direction and (passing := due.cut_at(size, piece)) is not None:
                self._cuts.remove(due)
                return passing
        return None

    def _lasting(self) -> list[_Spell]:
        now = asyncio.get_running_loop().time() + 1e-9
        return [spell for spell in self._spells if now < spell.until_s]

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        self._on_change()
