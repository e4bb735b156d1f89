"""The replies of one engine: whose request is whose, which ones are cancelled, what things are called. Pure."""

from __future__ import annotations

from typing import Final

from voiceloop.commands import AskReply
from voiceloop.engines.cascade.orders import AskChat, Order, Outcome, Speak, Tell
from voiceloop.engines.cascade.reply import Means, Reply
from voiceloop.events import ReplyFinished, ReplyStarted
from voiceloop.recent import Recent

__all__ = ["Answering", "CallIds"]

MOST_CALLS: Final = 1_024
"""So many ids are kept apart, as many as the turn machine remembers."""


class CallIds:
    """Names for tool calls, each given once: many servers begin anew with each answer."""

    def __init__(self, suffix: str) -> None:
        """`suffix` ends every name, so that those of one connection differ from another's."""
        self._suffix = suffix
        self._given: Recent[None] = Recent(MOST_CALLS)

    def __call__(self, wanted: str) -> str:
        """Return the wanted name, or one like it."""
        name, number = wanted + self._suffix, 1
        while name in self._given:
            number += 1
            name = f"{wanted}_{number}{self._suffix}"
        self._given[name] = None
        return name

    def taken(self, shown: str) -> None:
        """A call of an earlier connection is shown to the model by this name."""
        self._given[shown + self._suffix] = None


class Answering:
    """Usually one reply at a time; nothing here depends on that. `now` is seconds on the caller's clock."""

    def __init__(self, means: Means, id_suffix: str) -> None:
        """`id_suffix` ends the id of every reply and item."""
        self._means = means
        self._id_suffix = id_suffix
        self._replies: dict[str, Reply] = {}
        self._jobs: dict[int, Reply] = {}
        self._cancelled: Recent[None] = Recent()
        self._asked = 0

    def is_cancelled(self, reply_id: str) -> bool:
        """Whether nobody is to hear more of this reply."""
        return reply_id in self._cancelled

    def ask(self, ask: AskReply, now: float) -> list[Order]:
        """A reply is wanted."""
        self._asked += 1
        reply_id, item_id = (f"{kind}-{self._asked}{self._id_suffix}" for kind in ("reply", "item"))
        reply = self._replies[reply_id] = Reply(reply_id, item_id, self._means, tools_allowed=ask.tools_allowed)
        made = reply.start() if ask.say is None else reply.say(ask.say, now)
        return [Tell(ReplyStarted(reply_id, ask.ask_id)), *self._noted(reply, made)]

    def words_came(self) -> list[Order]:
        """A turn's words are known, or will never be."""
        waiting = [reply for reply in self._replies.values() if reply.waits]
        return [order for reply in waiting for order in self._noted(reply, reply.start())]

    def cancel(self, reply_id: str) -> list[Order]:
        """Nobody wants this reply any more."""
        reply = self._replies.get(reply_id)
        if reply is None:
            return []
        self._cancelled[reply_id] = None
        return self._noted(reply, reply.cancel())

    def outcome(self, job: int, outcome: Outcome, now: float) -> list[Order]:
        """A request brought something; what nobody waits for any more changes nothing."""
        reply = self._jobs.get(job)
        return [] if reply is None else self._noted(reply, reply.outcome(job, outcome, now))

    def woke(self, now: float) -> list[Order]:
        """The time of a `WakeAt` has come."""
        return [order for reply in list(self._replies.values()) for order in self._noted(reply, reply.go_on(now))]

    def _noted(self, reply: Reply, orders: list[Order]) -> list[Order]:
        for order in orders:
            if isinstance(order, AskChat | Speak):
                self._jobs[order.job] = reply
            elif isinstance(order, Tell) and isinstance(order.event, ReplyFinished):
                self._replies.pop(reply.reply_id)
                self._jobs = {job: each for job, each in self._jobs.items() if each is not reply}
        return orders
