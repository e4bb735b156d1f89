"""The middle of a cascade: what a realtime server is on its side of the wire. Pure; `now` is seconds on any clock.

Commands, speech and outcomes of requests go in, orders come out, to be carried out one after the other before anything
else goes in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import assert_never

from voiceloop.commands import (
    AskReply,
    CancelReply,
    CommitTurn,
    EngineCommand,
    ForgetTurn,
    SendImage,
    SendSaid,
    SendText,
    SendToolOutput,
    TrimReply,
    UpdateEngine,
)
from voiceloop.engines.base import Seed
from voiceloop.engines.cascade.answering import Answering, CallIds
from voiceloop.engines.cascade.ear import Ear
from voiceloop.engines.cascade.listening import Listening
from voiceloop.engines.cascade.orders import Deadlines, Order, Outcome, Tell
from voiceloop.engines.cascade.recital import Playhead
from voiceloop.engines.cascade.record import Record
from voiceloop.engines.cascade.reply import Means
from voiceloop.engines.cascade.tongue import Tongue
from voiceloop.events import EngineLost
from voiceloop.vocabulary import AssistantTurn, Item, ToolCall, UserTurn

__all__ = ["Desk"]


class Desk:
    """One conversation. After an order to tell `EngineLost` nothing is answered any more."""

    def __init__(
        self,
        seed: Seed,
        tongue: Tongue,
        *,
        hangover_ms: int = 500,
        transcribes: bool = True,
        id_suffix: str = "",
        deadlines: Deadlines = Deadlines(),  # noqa: B008 - frozen
    ) -> None:
        """`hangover_ms` is how much silence ends a turn; `transcribes` False: the chat model listens itself.

        `id_suffix` ends the ids of replies, items and calls; of the `deadlines` only what is said of failures counts.
        """
        rate_hz, new_job = seed.format.rate_hz, count(1).__next__
        self._record = Record(id_suffix)
        self._call_ids = CallIds(id_suffix)
        self._playhead = Playhead(rate_hz)
        self._means = Means(
            instructions=seed.instructions,
            tools=tuple(seed.tools),
            rate_hz=rate_hz,
            speaks=seed.modality == "audio",
            tongue=tongue,
            record=self._record,
            playhead=self._playhead,
            new_job=new_job,
            call_id=self._call_ids,
            deadlines=deadlines,
        )
        self._listening = Listening(
            Ear(rate_hz, hangover_ms),
            self._record,
            tongue,
            new_job,
            transcribes=transcribes,
            deadlines=deadlines,
        )
        self._answering = Answering(self._means, id_suffix)
        self._lost = False

    def recall(self, items: Sequence[Item], speech: Callable[[str], bytes]) -> list[Order]:
        """Take over what was said so far; `speech` returns the sound of a turn without words, if it is still there."""
        for item in items:
            if isinstance(item, ToolCall):
                self._call_ids.taken(item.call_id)
        turns = self._record.begin(items)
        return self._out([order for turn in turns for order in self._listening.recall(turn, speech(turn.turn_id))])

    def hear(self, pcm: bytes, first_sample: int) -> list[Order]:
        """Take captured speech, 16-bit PCM."""
        return self._out(self._listening.hear(pcm, first_sample))

    def obey(self, command: EngineCommand, now: float) -> list[Order]:
        """Carry out a command."""
        match command:
            case AskReply():
                return self._out(self._answering.ask(command, now))
            case CancelReply(reply_id=reply_id):
                return self._out(self._answering.cancel(reply_id))
            case CommitTurn(turn_id=turn_id, spoken_to_s=spoken_to_s):
                return self._out(self._listening.commit(turn_id, spoken_to_s))
            case ForgetTurn(turn_id=turn_id):
                self._record.forget(turn_id)
                return self._out(self._listening.forget(turn_id) + self._answering.words_came())
            case _:
                self._note(command)
                return []

    def outcome(self, job: int, outcome: Outcome, now: float) -> list[Order]:
        """A request brought something, or failed."""
        if not self._listening.runs(job):
            return self._out(self._answering.outcome(job, outcome, now))
        return self._out(self._listening.outcome(job, outcome) + self._answering.words_came())

    def woke(self, now: float) -> list[Order]:
        """The time of a `WakeAt` has come."""
        return self._out(self._answering.woke(now))

    def is_cancelled(self, reply_id: str) -> bool:
        """Whether nobody is to hear more of this reply."""
        return self._answering.is_cancelled(reply_id)

    def _note(self, command: TrimReply | SendText | SendImage | SendToolOutput | SendSaid | UpdateEngine) -> None:
        match command:
            case TrimReply(heard=heard):
                self._playhead.flushed()
                self._record.trim(heard)
            case SendText(turn_id=turn_id, text=text):
                self._record.add(UserTurn(turn_id, text))
            case SendImage(image=image):
                self._record.add(image)
            case SendToolOutput(call_id=call_id, output=output):
                self._record.answered(call_id, output)
            case SendSaid(reply_id=reply_id, text=text):
                self._record.add(AssistantTurn(reply_id, text, None))
            case UpdateEngine(instructions=instructions, tools=tools):
                self._means.instructions = self._means.instructions if instructions is None else instructions
                self._means.tools = self._means.tools if tools is None else tools
            case _:
                assert_never(command)

    def _out(self, orders: list[Order]) -> list[Order]:
        if self._lost:
            return []
        for number, order in enumerate(orders, 1):
            if isinstance(order, Tell) and isinstance(order.event, EngineLost):
                self._lost = True
                return orders[:number]
        return orders
