"""Everything the core can ask for: imperative, frozen, one closed union.

The session carries each command out synchronously, in order; slow work is started and reports back as an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voiceloop.vocabulary import HeardSpan, Tier, ToolCall, ToolSpec, UserImage

# To the engine -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenEngine:
    """Open the engine of this tier; answered by `EngineReady` or `EngineLost`."""

    tier: Tier


@dataclass(frozen=True, slots=True)
class PrepareEngine:
    """Open an engine of this tier beside the one in use; answered by `StandbyReady` or `StandbyLost`."""

    tier: Tier


@dataclass(frozen=True, slots=True)
class SwitchEngine:
    """Let the prepared engine take over and close the other; nothing is heard until `Recall`."""


@dataclass(frozen=True, slots=True)
class Recall:
    """Bring a new engine up to date with the record; from here on it hears. The answer to `EngineReady`.

    A spoken turn whose words are not in the record is handed over as sound.
    """

    items: int = 0
    """How many items the record holds."""
    open_turn: str = ""
    """The turn that is being spoken: its speech is heard again and keeps this id."""


@dataclass(frozen=True, slots=True)
class AskReply:
    """Ask the engine for a reply. At most one ask is open at a time."""

    ask_id: str
    say: str | None = None
    """Speak exactly this text; None lets the model answer."""
    tools_allowed: bool = True
    """False once this turn has used up its tool rounds."""


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Stop generating this reply; answered by `ReplyFinished`."""

    reply_id: str


@dataclass(frozen=True, slots=True)
class TrimReply:
    """Make the engine's history hold only what was heard; a part of which nothing was heard is deleted."""

    heard: HeardSpan


@dataclass(frozen=True, slots=True)
class CommitTurn:
    """The local gate says the user has finished: hand the turn over."""

    turn_id: str


@dataclass(frozen=True, slots=True)
class ForgetTurn:
    """Delete a user turn from the engine's history: it was a cough."""

    turn_id: str


@dataclass(frozen=True, slots=True)
class SendText:
    """Add a typed user turn to the engine's history; asks for nothing."""

    turn_id: str
    text: str


@dataclass(frozen=True, slots=True)
class SendImage:
    """Add a picture the user showed to the engine's history; asks for nothing."""

    image: UserImage


@dataclass(frozen=True, slots=True)
class SendToolOutput:
    """Add a call's one output to the engine's history; asks for nothing."""

    call_id: str
    output: str


@dataclass(frozen=True, slots=True)
class UpdateEngine:
    """Give the model other instructions or tools, from the next reply on; None leaves what there was."""

    instructions: str | None = None
    tools: tuple[ToolSpec, ...] | None = None


@dataclass(frozen=True, slots=True)
class SendSaid:
    """Add what was heard of a reply that an earlier engine gave; asks for nothing."""

    reply_id: str
    text: str


EngineCommand = (
    AskReply
    | CancelReply
    | TrimReply
    | CommitTurn
    | ForgetTurn
    | SendText
    | SendImage
    | SendToolOutput
    | UpdateEngine
    | SendSaid
)

# To the ledger and the line ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SealPlayback:
    """No more audio will come for this reply; answered by `PlaybackFinished` once all of it was played."""

    reply_id: str


@dataclass(frozen=True, slots=True)
class MuteReply:
    """Drop whatever audio still arrives for this reply."""

    reply_id: str


@dataclass(frozen=True, slots=True)
class PausePlayback:
    """Silence now, keep the rest: the user may only have coughed."""


@dataclass(frozen=True, slots=True)
class ResumePlayback:
    """Go on exactly where playback paused."""


@dataclass(frozen=True, slots=True)
class FlushPlayback:
    """Throw away all that is unplayed; answered by `PlaybackFlushed` in the same breath."""


PlaybackCommand = SealPlayback | MuteReply | PausePlayback | ResumePlayback | FlushPlayback

# To the tool bus -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunTool:
    """Run a tool; answered by exactly one `ToolFinished`."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class CancelTool:
    """Stop a running tool unless it survives interruption; its `ToolFinished` still comes."""

    call_id: str


# To the session ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Summarise:
    """Have the oldest items of the record summed up beside the conversation: those in `Core.history.older`.

    Answered by exactly one `Summarised` or `SummaryFailed`.
    """

    items: int
    tokens: int
    """Of the whole record, estimated."""


@dataclass(frozen=True, slots=True)
class OpenLine:
    """Start microphone and speaker; answered by `LineOpened` or `LineLost`."""


@dataclass(frozen=True, slots=True)
class SetDeadline:
    """Send `DeadlinePassed(name)` at `at_s` on the monotonic clock; a second one of that name replaces the first."""

    name: str
    at_s: float


@dataclass(frozen=True, slots=True)
class ClearDeadline:
    """Forget the deadline of that name, if there is one."""

    name: str


@dataclass(frozen=True, slots=True)
class WriteLine:
    """Write one transcript line, with `t` in seconds on the recording's clock."""

    event: str
    t: float
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EndSession:
    """Close everything; exactly one per session, and the last command."""

    reason: str
    exit_status: int = 0
    """The process's exit status when this is its only session (errors.py)."""
    detail: str = ""
    """One line for a person when something went wrong."""


Command = (
    OpenEngine
    | PrepareEngine
    | SwitchEngine
    | Recall
    | EngineCommand
    | PlaybackCommand
    | RunTool
    | CancelTool
    | Summarise
    | OpenLine
    | SetDeadline
    | ClearDeadline
    | WriteLine
    | EndSession
)
