"""The tool calls of a conversation: each gets one outcome, each reply that called tools one follow-up.

A follow-up is due when the reply has ended and every call of it has its outcome, unless the user has gone on to
something else meanwhile (races 5 and 6 of the protocol reference).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from voiceloop.commands import CancelTool, Command, RunTool
from voiceloop.recent import Recent
from voiceloop.vocabulary import ToolCall

__all__ = ["CallBook"]


MOST_CALLS: Final = 1024
"""So many calls are remembered, as the tool bus does: a server that tells one again does so soon."""


@dataclass(slots=True)
class _Batch:
    """The calls of one reply."""

    turn_id: str
    calls: int = 0
    running: set[str] = field(default_factory=set)
    reply_over: bool = False
    superseded: bool = False


class CallBook:
    """Which calls run, for which reply, and whether the model is owed a follow-up."""

    def __init__(self, survivors: Collection[str] = ()) -> None:
        self.survivors = frozenset(survivors)
        """Tools whose calls, from now on, go on when the user interrupts."""
        self._surviving: set[str] = set()
        self._batches: dict[str, _Batch] = {}
        self._reply_of: dict[str, str] = {}
        self._known: Recent[None] = Recent(MOST_CALLS)
        self._rounds: Recent[int] = Recent()

    @property
    def running(self) -> bool:
        """A tool runs."""
        return bool(self._reply_of)

    def opened(self, reply_id: str, turn_id: str, call_id: str, name: str) -> bool:
        """A reply called a tool. False when this call is known already: it must not run twice (race 20)."""
        if call_id in self._known:
            return False
        batch = self._batches.setdefault(reply_id, _Batch(turn_id))
        batch.calls += 1
        batch.running.add(call_id)
        self._reply_of[call_id] = reply_id
        self._known[call_id] = None
        if name in self.survivors:
            self._surviving.add(call_id)
        return True

    def run(self, call: ToolCall, reply_id: str, turn_id: str, *, wanted: bool) -> list[Command]:
        """Run a call that a reply made; one of a reply nobody wants is cancelled at once, and so has its outcome."""
        if not self.opened(reply_id, turn_id, call.call_id, call.name):
            return []
        if wanted:
            return [RunTool(call)]
        self.supersede_reply(reply_id)
        return [RunTool(call), CancelTool(call.call_id)]

    def finished(self, call_id: str) -> str | None:
        """A call has its outcome: the reply it belongs to, None when it had one before or is unknown."""
        reply_id = self._reply_of.pop(call_id, None)
        if reply_id is not None:
            self._batches[reply_id].running.discard(call_id)
        return reply_id

    def reply_over(self, reply_id: str) -> None:
        """The reply will call nothing more."""
        if reply_id in self._batches:
            self._batches[reply_id].reply_over = True

    def called(self, reply_id: str) -> bool:
        """The reply made calls, and its follow-up is still owed."""
        return reply_id in self._batches

    def single(self, reply_id: str) -> bool:
        """The reply made one call, and its follow-up is still owed."""
        return reply_id in self._batches and self._batches[reply_id].calls == 1

    def follow_up(self, reply_id: str) -> str | None:
        """The turn the model is owed a follow-up for, once, when everything of the reply is in."""
        batch = self._batches.get(reply_id)
        if batch is None or batch.running or not batch.reply_over:
            return None
        del self._batches[reply_id]
        if batch.superseded:
            return None
        self._rounds[batch.turn_id] = self._rounds.get(batch.turn_id, 0) + 1
        return batch.turn_id

    def rounds(self, turn_id: str) -> int:
        """Follow-ups this turn has caused so far."""
        return self._rounds.get(turn_id, 0)

    def supersede_reply(self, reply_id: str) -> None:
        """Nobody wants this reply: the calls it made so far bring no follow-up."""
        if reply_id in self._batches:
            self._batches[reply_id].superseded = True

    def supersede(self) -> list[str]:
        """The user went on: calls to cancel. Batches without a survivor lose their follow-up."""
        doomed = [call_id for call_id in self._reply_of if call_id not in self._surviving]
        for batch in self._batches.values():
            batch.superseded = self._surviving.isdisjoint(batch.running)
        return doomed
