"""When a record has outgrown what a model holds, and what is to be done about it.

Two things grow. The record itself: its older part is summed up. And what the server holds: speech takes several times
the tokens of its words, so a record far from the limit may fill a model's context as sound; a fresh engine, which gets
the words, holds less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.condense import CHARS_PER_TOKEN, split, tokens, unread
from voiceloop.conversation import Conversation
from voiceloop.rollover import RollOver
from voiceloop.vocabulary import Item

__all__ = ["History", "HistoryPolicy"]

WORTH_IT: Final = 4
"""A fresh engine is worth it once this part of the limit came since the last one: 4 for a fourth."""


@dataclass(frozen=True, slots=True)
class HistoryPolicy:
    """How much of a conversation a model is given."""

    limit_tokens: int = 0
    """0: no limit, as before there was one."""
    keep_turns: int = 6
    chars_per_token: float = CHARS_PER_TOKEN


class History:
    """Keeps one record within the limit. Decides by the length of texts, never by their words."""

    def __init__(self, conversation: Conversation, roll_over: RollOver, policy: HistoryPolicy) -> None:
        self.older: tuple[Item, ...] = ()
        """What a summary was asked for; empty when none is on its way."""
        self._conversation = conversation
        self._roll_over = roll_over
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

    def happened(self, event: on.Event) -> list[do.Command]:
        """See to the record at the end of a turn, and when a summary came or will not come."""
        match event:
            case on.ReplyFinished(usage=usage):
                self._held = usage.input_tokens or self._held  # all that a reply was made from
                self._held_first = self._held_first or self._held
            case on.PlaybackFinished() | on.PlaybackFlushed():
                return self._look()
            case on.Summarised(text=text):
                return self._summed_up(text)
            case on.SummaryFailed():
                return self._summed_up(unread(self.older))
            case _:
                pass
        return []

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

    def _look(self) -> list[do.Command]:
        limit = self._policy.limit_tokens
        if not limit or self.older:
            return []
        cut = split(self._conversation.items, limit, self._policy.keep_turns, self._policy.chars_per_token)
        if cut is not None:
            self.older = cut[0]
            return [do.Summarise(len(self.older), self.tokens)]
        if self._held > limit and self._held - self._held_first >= limit // WORTH_IT:
            self.engine_came()  # asked for once
            return self._roll_over.due()
        return []

    def _summed_up(self, text: str) -> list[do.Command]:
        """A fresh engine is to get the shorter record."""
        self._conversation.condense(self.older, text)
        self.older = ()
        return self._roll_over.due()
