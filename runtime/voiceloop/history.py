"""When a record has outgrown what a model holds, and what is to be done about it.

Two things grow. The record itself: its older part is summed up. And what the server holds: speech takes several times
the tokens of its words, so a record far from the limit may fill a model's context as sound; a fresh engine, which gets
the words, holds less.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from voiceloop.condense import CHARS_PER_TOKEN, split, tokens, unread
from voiceloop.conversation import Conversation
from voiceloop.vocabulary import Item, Usage

__all__ = ["History", "HistoryPolicy", "Need"]

WORTH_IT: Final = 4
"""A fresh engine is worth it once this part of the limit came since the last one: 4 for a fourth."""


@dataclass(frozen=True, slots=True)
class HistoryPolicy:
    """How much of a conversation a model is given."""

    limit_tokens: int = 24_000
    """0: no limit."""
    keep_turns: int = 6
    chars_per_token: float = CHARS_PER_TOKEN


class Need(StrEnum):
    """What a long conversation needs now."""

    NOTHING = "nothing"
    SUMMARY = "summary"
    """Of the items in `older`, answered by `summed_up` or `unanswered`."""
    FRESH_ENGINE = "fresh_engine"


class History:
    """Keeps one record within the limit. Decides by the length of texts, never by their words."""

    def __init__(self, conversation: Conversation, policy: HistoryPolicy) -> None:
        self.older: tuple[Item, ...] = ()
        """What a summary was asked for; empty when none is on its way."""
        self._conversation = conversation
        self._policy = policy
        self._held = 0
        self._held_first = 0
        self._shortened_for: str | None = None

    @property
    def tokens(self) -> int:
        """About how many tokens the record takes."""
        return tokens(self._conversation.items, self._policy.chars_per_token)

    def engine_came(self) -> None:
        """A fresh engine got the record."""
        self._held = self._held_first = 0

    def replied(self, usage: Usage) -> None:
        """The engine told what a reply was made from: the input is all that it holds."""
        self._held = usage.input_tokens or self._held
        self._held_first = self._held_first or self._held

    def look(self) -> Need:
        """Return what is needed after a turn; nothing while a summary is on its way. A need is told once."""
        limit = self._policy.limit_tokens
        if not limit or self.older:
            return Need.NOTHING
        cut = split(self._conversation.items, limit, self._policy.keep_turns, self._policy.chars_per_token)
        if cut is not None:
            self.older = cut[0]
            return Need.SUMMARY
        if self._held > limit and self._held - self._held_first >= limit // WORTH_IT:
            self.engine_came()
            return Need.FRESH_ENGINE
        return Need.NOTHING

    def summed_up(self, text: str) -> None:
        """The summary came: a fresh engine should get the record."""
        self._conversation.condense(self.older, text)
        self.older = ()

    def unanswered(self) -> None:
        """Nobody could sum up: the older part is left out, and the record says so. A fresh engine should get it."""
        self.summed_up(unread(self.older))

    def overflowed(self, turn_id: str) -> bool:
        """Shorten the record by half at once: a server holds no more, whatever the limit says.

        False when that was done for this turn already: another try is of no use. A record that is as short as it gets
        is worth one, since what the server held as sound comes back as words.
        """
        if self._shortened_for == turn_id:
            return False
        self._shortened_for = turn_id
        self._conversation.shorten(self.tokens // 2, self._policy.chars_per_token)
        return True
