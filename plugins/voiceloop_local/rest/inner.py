"""What every chat dialect comes down to: one question to the brain, and the pieces of its answer; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from voiceloop.vocabulary import AssistantTurn, Item, Summary, ToolCall, ToolOutput, ToolSpec, UserImage, UserTurn
from voiceloop_local.realtime.usage import USER_AUDIO_MS_PER_TOKEN, Spent, text_tokens
from voiceloop_local.rest.problems import ApiProblem

__all__ = [
    "Answer",
    "Ask",
    "Called",
    "Ended",
    "Entry",
    "Part",
    "Picture",
    "Piece",
    "Reason",
    "Recorded",
    "Turn",
    "Words",
    "check_calls",
    "narrowed",
    "spent_on_reading",
    "spent_on_writing",
]


# Questions -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording in a turn, whose words nobody knows yet."""

    data: bytes
    """A file of any kind that is recognised by its first bytes."""
    path: str
    """The field it came in."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a turn. The brain cannot see: that it was there is all that counts."""


Part = str | Recorded | Picture


@dataclass(frozen=True, slots=True)
class Turn:
    """What a user sent in one message."""

    turn_id: str
    parts: Sequence[Part]


Entry = Turn | AssistantTurn | ToolCall | ToolOutput


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, whatever dialect it came in."""

    model: str
    """Echoed: there is one brain."""
    instructions: str
    entries: Sequence[Entry]
    tools: Sequence[ToolSpec] = ()
    """Those that may be called now."""
    streamed: bool = False
    most_tokens: int | None = None
    """How much may be said; calls of tools are never cut."""
    stops: Sequence[str] = ()
    """Texts before which the answer ends."""
    most_calls: int | None = None


def check_calls(entries: Sequence[Entry], path: str) -> None:
    """Raise ApiProblem for an output of no call, and for a call without its output."""
    known: set[str] = set()
    waiting: dict[str, None] = {}
    for entry in entries:
        match entry:
            case ToolCall(call_id):
                known.add(call_id)
                waiting[call_id] = None
            case ToolOutput(call_id):
                if call_id not in known:
                    message = f"There is no tool call '{call_id}' before its output: send the call as well."
                    raise ApiProblem(400, message, "invalid_value", path)
                waiting.pop(call_id, None)
            case _:
                pass
    if waiting:
        message = f"The tool call '{next(iter(waiting))}' has no output: send one for each call."
        raise ApiProblem(400, message, "invalid_value", path)


def narrowed(tools: Sequence[ToolSpec], choice: str | Sequence[str], path: str) -> Sequence[ToolSpec]:
    """Return the tools that a choice leaves: `none`, `auto`, `required`, or names. Raises ApiProblem.

    `required` cannot be forced on the brain here; it is only checked that there is a tool.
    """
    if choice == "none":
        return ()
    if choice == "required" and not tools:
        raise ApiProblem(400, "A tool must be called, and there is none: send 'tools'.", "invalid_value", path)
    if isinstance(choice, str):
        return tools
    unknown = set(choice) - {tool.name for tool in tools}
    if unknown:
        raise ApiProblem(400, f"Tool choice '{min(unknown)}' not found in tools.", "invalid_value", path)
    return [tool for tool in tools if tool.name in choice]


# Answers -------------------------------------------------------------------------------------------------------------


class Reason(StrEnum):
    """Why an answer ended."""

    FINISHED = "finished"
    CALLS = "calls"
    """Tools are to be called."""
    LENGTH = "length"
    STOP_TEXT = "stop_text"


@dataclass(frozen=True, slots=True)
class Words:
    """More text of the answer, with the space before it."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """A tool is to be called."""

    call_id: str
    name: str
    arguments: str
    """JSON text; may be invalid when a model wrote it."""


Piece = Words | Called


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of an answer."""

    reason: Reason
    read: Spent
    written: Spent
    stop: str | None = None
    """The text that ended it, for STOP_TEXT."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    pieces: Sequence[Piece]
    ended: Ended

    @property
    def text(self) -> str:
        """All words."""
        return "".join(piece.text for piece in self.pieces if isinstance(piece, Words))

    @property
    def calls(self) -> Sequence[Called]:
        """All calls, in order."""
        return [piece for piece in self.pieces if isinstance(piece, Called)]


# Tokens, estimated: they have the right size -------------------------------------------------------------------------


def spent_on_reading(ask: Ask, items: Sequence[Item], audio_ms: int) -> Spent:
    """Return the tokens of a question whose recordings became the words in `items`."""
    tools = "".join(f"{tool.name}{tool.description}{tool.parameters}" for tool in ask.tools)
    text = text_tokens(ask.instructions + tools) + sum(map(_size, items))
    return Spent(text, -(-audio_ms // USER_AUDIO_MS_PER_TOKEN))


def spent_on_writing(pieces: Sequence[Piece]) -> Spent:
    """Return the tokens of an answer."""
    text = "".join(piece.text if isinstance(piece, Words) else piece.name + piece.arguments for piece in pieces)
    return Spent(text_tokens(text))


def _size(item: Item) -> int:
    match item:
        case ToolCall(_, name, arguments):
            return text_tokens(name + arguments)
        case ToolOutput(_, output):
            return text_tokens(output)
        case UserTurn(_, text) | AssistantTurn(_, text, _) | Summary(text):
            return text_tokens(text)
        case UserImage():
            return 0
