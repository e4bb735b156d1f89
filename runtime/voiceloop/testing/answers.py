"""What scripted servers answer, written once for all that take part in a conversation."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from voiceloop.testing.brain import Brain, Question
from voiceloop.testing.script import Reply

__all__ = ["Answers"]


class Answers:
    """`replies` in order, then what `brain` says to each question, or else `default`, for ever."""

    def __init__(self, replies: Sequence[Reply] = (), default: Reply | None = None, brain: Brain | None = None) -> None:
        self._replies = deque(replies)
        self._default = default or Reply()
        self._brain = brain

    @property
    def left(self) -> int:
        """How many replies nobody asked for yet."""
        return len(self._replies)

    def add(self, *replies: Reply) -> None:
        """Add replies after those already waiting."""
        self._replies.extend(replies)

    def next(self, asked: Callable[[], Question]) -> Reply:
        """The reply whose turn it is; `asked` tells the question, where somebody wants to know it."""
        if self._replies:
            return self._replies.popleft()
        return self._default if self._brain is None else self._brain(asked())
