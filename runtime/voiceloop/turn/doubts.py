"""Turns that were a word or two over the agent: whether they were meant shows when their words come."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from voiceloop.commands import Command, ForgetTurn
from voiceloop.recent import Recent

__all__ = ["Doubt", "Doubts"]

MOST: Final = 16


class Doubt(StrEnum):
    """What is known of such a turn."""

    SPOKEN = "spoken"
    HANDED_OVER = "handed_over"
    """The engine holds it, and is not to answer it yet."""


class Doubts:
    """The newest ones."""

    def __init__(self) -> None:
        self._open: Recent[Doubt | None] = Recent(MOST)
        self._coughs: Recent[None] = Recent(MOST)

    @property
    def open(self) -> tuple[str, ...]:
        """Those that nothing is known of yet."""
        return tuple(self._open)

    def cough(self, turn_id: str) -> bool:
        """True for a turn that is noise, or only showed that somebody listens."""
        return turn_id in self._coughs

    def of(self, turn_id: str) -> Doubt | None:
        """How far an open one is; None: there was never a doubt about this turn, or there is none any more."""
        return self._open.get(turn_id, None)

    def note(self, turn_id: str, doubt: Doubt) -> None:
        """There is one, or it went on."""
        self._open[turn_id] = doubt

    def dismiss(self, turn_id: str) -> list[Command]:
        """It was not meant: who holds it is to forget it."""
        self._coughs[turn_id] = None
        return [ForgetTurn(turn_id)] if self.drop(turn_id) is Doubt.HANDED_OVER else []

    def drop(self, turn_id: str) -> Doubt | None:
        """It was meant. Returns how far it was."""
        return self._open.pop(turn_id, None)

    def drop_all(self) -> None:
        """What the user said since covers them."""
        for turn_id in self.open:
            self.drop(turn_id)
