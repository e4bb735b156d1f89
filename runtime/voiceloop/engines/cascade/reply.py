"""One reply from the ask to its last sound. Pure; `now` is seconds on the caller's clock.

It waits until the words of every turn are known, asks the chat model, and has sentences spoken while the next ones are
written. Nothing is told before a whole sentence is there, so until then a failed request is made once more without
anybody noticing. After that, the sentences that are there are handed over before the engine counts as lost: whoever
comes next is asked to go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from voiceloop.dgrid.chat_answer import CallGrew, ChatDelta, Completion, Ended, Said, Stop, Thought
from voiceloop.engines.cascade.orders import (
    Arrived,
    AskChat,
    Deadlines,
    Drop,
    Failed,
    Order,
    Outcome,
    Tell,
    Trouble,
    Wrote,
)
from voiceloop.engines.cascade.recital import Playhead, Recital
from voiceloop.engines.cascade.record import Due, Record
from voiceloop.engines.cascade.tongue import Tongue
from voiceloop.engines.cascade.troubles import TRIES, is_of_this_request, may_be_tried_again
from voiceloop.engines.services.seams import Question
from voiceloop.events import EngineLost, ReplyFinished, ReplyTextArrived, ToolCalled
from voiceloop.vocabulary import AssistantTurn, Cause, ReplyStatus, ToolCall, ToolSpec, Usage

__all__ = ["Means", "Reply"]

UNFINISHED: Final = {
    Stop.LENGTH: "the answer reached its limit of tokens",
    Stop.FILTERED: "the answer was filtered",
    Stop.TRUNCATED: "the connection ended before the answer did",
}
CUT_OFF: Final = Trouble(Cause.DROP, UNFINISHED[Stop.TRUNCATED])
NOTHING_SAID: Final = "the model said nothing"
UNRECOGNISED: Final = "what was said could not be recognised"
TOO_LONG: Final = "the answer had too many sentences"

End = tuple[ReplyStatus, str] | EngineLost


@dataclass(slots=True)
class Means:
    """What every reply of an engine is made with."""

    instructions: str
    tools: Sequence[ToolSpec]
    rate_hz: int
    speaks: bool
    """Else replies are read."""
    tongue: Tongue
    record: Record
    playhead: Playhead
    new_job: Callable[[], int]
    call_id: Callable[[str], str]
    """Returns an id that no other call has."""
    deadlines: Deadlines
    tells_ends: bool = False
    """The chat model's server has told the end of an answer, as all but a few do: one without is cut off."""


class Reply:
    """Is told what its requests bring; once it has told `ReplyFinished` or `EngineLost`, it must be told no more."""

    def __init__(self, reply_id: str, item_id: str, means: Means, *, tools_allowed: bool = True) -> None:
        self.reply_id = reply_id
        self.waits = True
        """For the words of a turn."""
        self._item_id = item_id
        self._means = means
        self._tools_allowed = tools_allowed
        self._recital = Recital(reply_id, item_id, means.playhead, means.new_job, means.deadlines)
        self._cutter, self._reader = means.tongue.cutter(), means.tongue.reader()
        self._chat_job = 0
        """0 while nobody writes."""
        self._tries = 0
        """How often the chat model was asked."""
        self._resumable = False
        """Another engine could go on with it: not with words of our own, nor twice with one answer on one tier."""
        self._end: End | None = None
        """How it ends, and why, once all is spoken; None while more may be written."""
        self._usage = Usage()
        self._told = False
        """Something of it was told, which cannot be taken back."""

    def start(self) -> list[Order]:
        """Ask the chat model, as soon as it is known what was said."""
        due = self._means.record.due()
        match due:
            case Due.WORDS:
                return []
            case Due.NOTHING:
                return self._stop(ReplyStatus.COMPLETED)
            case Due.APOLOGY:
                return self._stop(ReplyStatus.FAILED, UNRECOGNISED)
            case Due.ANSWER:
                self.waits = False
                return self._ask_chat()
            case _:
                assert_never(due)

    def say(self, text: str, now: float) -> list[Order]:
        """Say just this, without the chat model."""
        self.waits = False
        written = self._write(text, now)
        return written + self._written(now, ReplyStatus.COMPLETED)

    def cancel(self) -> list[Order]:
        """Nobody wants it any more."""
        return self._stop(ReplyStatus.CANCELLED)

    def outcome(self, job: int, outcome: Outcome, now: float) -> list[Order]:
        """A request brought something, or failed."""
        if job == self._chat_job and isinstance(outcome, Wrote):
            return self._wrote(outcome.delta, now)
        if job == self._chat_job and isinstance(outcome, Failed):
            return self._unwritten(outcome, now)
        return self._of_speech(job, outcome, now) if self._recital.speaks(job) else []

    def go_on(self, now: float) -> list[Order]:
        """Hand over what is due, ask for what comes next, and end when that was all."""
        out = self._recital.go_on(now)
        for order in out:
            self._note(order)
        if self._end is None or not self._recital.done:
            return out
        return out + ([Tell(self._end)] if isinstance(self._end, EngineLost) else self._stop(*self._end))

    # The chat model ----------------------------------------------------------------------------------------------

    def _ask_chat(self) -> list[Order]:
        means = self._means
        self._tries += 1
        self._cutter, self._reader = means.tongue.cutter(), means.tongue.reader()
        self._chat_job = means.new_job()
        items, listened = means.record.question(), means.record.listened()
        goes_on = bool(items) and isinstance(items[-1], AssistantTurn)
        self._resumable = not goes_on or means.deadlines.gives_up == "engine"
        tools = tuple(means.tools) if self._tools_allowed else ()
        question = Question(means.instructions, items, tools)
        if listened is not None:
            question = Question(means.instructions, items, tools, listened.speech, means.rate_hz)
        return [AskChat(self._chat_job, question)]

    def _wrote(self, delta: ChatDelta, now: float) -> list[Order]:
        match delta:
            case Said(text=text):
                return self._write(text, now)
            case Ended(completion=completion):
                return self._ended(completion, now)
            case Thought() | CallGrew():
                return []
            case _:
                assert_never(delta)

    def _write(self, text: str, now: float) -> list[Order]:
        if not self._means.speaks:
            told = Tell(ReplyTextArrived(self.reply_id, self._item_id, 0, text))
            self._note(told)
            return [told]
        for piece in self._cutter.feed(text):
            self._recital.add(piece, self._reader(piece))
        out = self.go_on(now)
        if self._recital.full and self._chat_job:
            self._end = (ReplyStatus.INCOMPLETE, TOO_LONG)
            return out + self._leave_chat() + self.go_on(now)
        return out

    def _written(self, now: float, status: ReplyStatus, detail: str = "") -> list[Order]:
        """Nothing more will be written."""
        self._end = (status, detail)
        return self._close_text(now)

    def _close_text(self, now: float) -> list[Order]:
        for piece in self._cutter.end() if self._means.speaks else ():
            self._recital.add(piece, self._reader(piece))
        return self.go_on(now)

    def _ended(self, completion: Completion, now: float) -> list[Order]:
        stop = completion.stop
        if stop is Stop.TRUNCATED and (self._means.tells_ends or breaks_off(completion)):
            return self._unwritten(Failed(CUT_OFF), now)
        self._means.tells_ends = stop is not Stop.TRUNCATED
        calls = completion.tool_calls if self._tools_allowed and stop is not Stop.TRUNCATED else ()
        nothing = not calls and not completion.text.strip()
        if nothing and stop not in UNFINISHED and self._tries < TRIES:
            return self._ask_chat()
        self._chat_job = 0
        self._usage = completion.usage or Usage()
        detail = UNFINISHED.get(stop, NOTHING_SAID if nothing else "")
        status = ReplyStatus.INCOMPLETE if detail else ReplyStatus.COMPLETED
        return self._call(calls, now) + self._written(now, status, detail)

    def _call(self, calls: Sequence[ToolCall], now: float) -> list[Order]:
        if not calls:
            return []
        out = self._close_text(now)
        named = [ToolCall(self._means.call_id(call.call_id), call.name, call.arguments) for call in calls]
        self._means.record.called(named)
        return out + [Tell(ToolCalled(self.reply_id, call)) for call in named]

    # Speech ------------------------------------------------------------------------------------------------------

    def _of_speech(self, job: int, outcome: Outcome, now: float) -> list[Order]:
        if isinstance(outcome, Arrived):
            return self._recital.arrived(job, outcome.pcm) + self.go_on(now)
        if isinstance(outcome, Failed):
            return self._unspoken(job, outcome, now)
        trouble = self._recital.finished(job)
        return self.go_on(now) if trouble is None else self._unspoken(job, Failed(trouble), now)

    # Trouble -----------------------------------------------------------------------------------------------------

    def _unwritten(self, failed: Failed, now: float) -> list[Order]:
        self._chat_job = 0
        if not self._told and may_be_tried_again(failed, self._tries, self._means.deadlines):
            return self._ask_chat()
        self._end = self._ending(failed.trouble, "chat", begun=self._told)
        # Whoever is asked to go on does so after a whole sentence.
        return self.go_on(now) if isinstance(self._end, EngineLost) else self._close_text(now)

    def _unspoken(self, job: int, failed: Failed, now: float) -> list[Order]:
        again = self._recital.again(job, failed, now)
        if again:
            return again
        begun = self._recital.sounding
        self._end = self._ending(failed.trouble, "speak", begun=begun)
        dropped = self._recital.break_off(job) if begun else self._recital.stop()
        return dropped + self._leave_chat() + self.go_on(now)

    def _ending(self, trouble: Trouble, endpoint: str, *, begun: bool) -> End:
        """How it ends for want of words or speech; `begun`: a part of it was said."""
        if is_of_this_request(trouble, self._means.deadlines) or (begun and not self._resumable):
            return ReplyStatus.INCOMPLETE if begun else ReplyStatus.FAILED, trouble.detail
        return EngineLost(trouble.cause, trouble.detail, endpoint=endpoint)

    # The end -----------------------------------------------------------------------------------------------------

    def _note(self, order: Order) -> None:
        """What is told of it is on record."""
        if isinstance(order, Tell) and isinstance(order.event, ReplyTextArrived):
            self._told = True
            self._means.record.says(self.reply_id, order.event.content_index, order.event.delta)

    def _leave_chat(self) -> list[Order]:
        job, self._chat_job = self._chat_job, 0
        return [Drop(job)] if job else []

    def _stop(self, status: ReplyStatus, detail: str = "") -> list[Order]:
        sounded = self._recital.sounded if self._means.speaks else None
        self._means.record.ended(self.reply_id, sounded, whole=status is not ReplyStatus.CANCELLED)
        over = Tell(ReplyFinished(self.reply_id, status, detail, self._usage))
        return [*self._leave_chat(), *self._recital.stop(), over]


def breaks_off(completion: Completion) -> bool:
    """Whether an answer without a proper end lacks something, for all its text shows."""
    said = completion.text.rstrip()
    return bool(completion.tool_calls) or not said or said[-1].isalnum() or said[-1] in ",;:-"
