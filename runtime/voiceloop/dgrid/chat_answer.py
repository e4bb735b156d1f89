"""What a chat model answers, in pieces and whole, whatever dialect it came in. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from voiceloop.dgrid.shape import AnswerShape
from voiceloop.vocabulary import ToolCall, Usage

__all__ = ["CallGrew", "ChatDelta", "Completion", "Ended", "Gathering", "Said", "Stop", "Thought"]


class Stop(StrEnum):
    """Why an answer ended."""

    END = "end"
    """All was said."""
    LENGTH = "length"
    """The limit of tokens was reached."""
    TOOLS = "tools"
    """The model waits for its tools."""
    FILTERED = "filtered"
    TRUNCATED = "truncated"
    """The connection ended before the answer did; the last tool call may be cut off."""
    OTHER = "other"


class Completion(AnswerShape):
    """One whole answer."""

    text: str
    """What is to be said; a refusal in the model's own words included."""
    thinking: str = ""
    """What the model thought, where the server tells; never to be spoken."""
    tool_calls: tuple[ToolCall, ...] = ()
    stop: Stop
    usage: Usage | None = None
    """None where the server said nothing."""
    model: str = ""
    """Which model answered, in the server's words."""
    id: str = ""
    request_id: str = ""
    """What to quote to the server's owner."""


@dataclass(frozen=True, slots=True)
class Said:
    """More text."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """More thinking, never to be spoken."""

    text: str


@dataclass(frozen=True, slots=True)
class CallGrew:
    """A tool call began or went on."""

    place: int
    """Which call of this answer, from 0."""
    call_id: str
    name: str
    """Id and name as far as they are known."""
    arguments: str
    """The new piece of them."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more comes; always the last, and once."""

    completion: Completion


ChatDelta = Said | Thought | CallGrew | Ended


@dataclass(slots=True)
class Call:
    """A tool call that is still arriving."""

    place: int
    index: int | None
    """What the server counts it as."""
    call_id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class Gathering:
    """Puts an answer together from its pieces, and says which of them are news."""

    def __init__(self) -> None:
        self.began = False
        """Whether anything came that belongs to an answer."""
        self.closed = False
        """Whether the server said that nothing more comes."""
        self.stop: Stop | None = None
        """None until the server says why it ends."""
        self.usage: Usage | None = None
        self.model = ""
        self.id = ""
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._calls: list[Call] = []

    @property
    def stopped(self) -> bool:
        """Whether the server said why it ends; after that only figures come."""
        return self.stop is not None

    @property
    def complete(self) -> bool:
        """Whether nothing is missing any more."""
        return self.closed or (self.stopped and self.usage is not None)

    def close(self) -> None:
        """Take the marker that ends a stream; servers that say nothing else about the end have said all."""
        self.closed = True
        self.stop = self.stop or Stop.END

    def say(self, text: str) -> list[ChatDelta]:
        """Take more text."""
        self._text.append(text)
        return [Said(text)] if text else []

    def think(self, text: str) -> list[ChatDelta]:
        """Take more thinking."""
        self._thinking.append(text)
        return [Thought(text)] if text else []

    def call(self, index: int | None, call_id: str, name: str, arguments: str) -> list[ChatDelta]:
        """Take a piece of a tool call.

        Servers name a call by index, by id, by both or by neither; give every call the same index, or every piece of
        one call another id. A piece that no index or id ties to a call begins one if it has a name.
        """
        call = self._known(index, call_id, name)
        if call is None:
            call = Call(len(self._calls), index)
            self._calls.append(call)
        call.call_id = call.call_id or call_id
        call.name = call.name or name
        call.arguments.append(arguments)
        return [CallGrew(call.place, call.call_id, call.name, arguments)]

    def _known(self, index: int | None, call_id: str, name: str) -> Call | None:
        """Return the call that a piece belongs to; None where it begins one."""
        same = [call for call in self._calls if index is None or call.index == index]
        for call in same:
            if call_id and call.call_id == call_id:
                return call
        if not same or (name and (index is None or (call_id and same[-1].call_id))):
            return None
        return same[-1]

    def completion(self, request_id: str) -> Completion:
        """Return what there is by now. Calls without a name are left out: nobody could carry them out."""
        calls = tuple(
            ToolCall(
                call.call_id or f"{self.id or request_id or 'call'}_{call.place}",
                call.name,
                "".join(call.arguments) or "{}",
            )
            for call in self._calls
            if call.name
        )
        stop = self.stop or Stop.TRUNCATED
        return Completion(
            text="".join(self._text),
            thinking="".join(self._thinking),
            tool_calls=calls,
            stop=Stop.TOOLS if calls and stop in (Stop.END, Stop.OTHER) else stop,
            usage=self.usage,
            model=self.model,
            id=self.id,
            request_id=request_id,
        )
