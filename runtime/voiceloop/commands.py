"""Everything the core can ask for: imperative, frozen, one closed union.

The session carries each command out synchronously, in order; slow work is started and reports back as an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from voiceloop.vocabulary import HeardSpan, Notice, Tier, ToolCall, ToolSpec, UserImage

# To the engine -------------------------------------------------------------------------------------------------------


class OpenEngine(msgspec.Struct, frozen=True):
    """Open the engine of this tier; answered by `EngineReady` or `EngineLost`."""

    tier: Tier


class PrepareEngine(msgspec.Struct, frozen=True):
    """Open an engine of this tier beside the one in use; answered by `StandbyReady` or `StandbyLost`."""

    tier: Tier
    rehearse: str = ""
    """What its tier failed at last: the engine is ready once it has done that."""


class DismissEngine(msgspec.Struct, frozen=True):
    """Close the engine of this tier that was prepared, if there is one; nothing more is heard of it."""

    tier: Tier


class SwitchEngine(msgspec.Struct, frozen=True):
    """Let the engine that was prepared of this tier take over and close the other; nothing is heard until `Recall`."""

    tier: Tier = Tier.REALTIME


class Recall(msgspec.Struct, frozen=True):
    """Bring a new engine up to date with the record; from here on it hears. The answer to `EngineReady`.

    A spoken turn whose words are not in the record is handed over as sound.
    """

    items: int = 0
    """How many items the record holds."""
    open_turn: str = ""
    """The turn that is being spoken: its speech is heard again and keeps this id."""


LeadCommand = OpenEngine | PrepareEngine | DismissEngine | SwitchEngine | Recall
"""Which engine is there, and what it starts from."""


class AskReply(msgspec.Struct, frozen=True):
    """Ask the engine for a reply. At most one ask is open at a time."""

    ask_id: str
    say: str | None = None
    """Speak exactly this text; None lets the model answer."""
    tools_allowed: bool = True
    """False once this turn has used up its tool rounds."""


class CancelReply(msgspec.Struct, frozen=True):
    """Stop generating this reply; answered by `ReplyFinished`."""

    reply_id: str


class TrimReply(msgspec.Struct, frozen=True):
    """Make the engine's history hold only what was heard; a part of which nothing was heard is deleted."""

    heard: HeardSpan


class CommitTurn(msgspec.Struct, frozen=True):
    """The local gate says the user has finished: hand the turn over."""

    turn_id: str
    spoken_to_s: float | None = None
    """Where its last word ended, on the capture clock; None where that is not known."""


class ForgetTurn(msgspec.Struct, frozen=True):
    """Delete a user turn from the engine's history: it was a cough."""

    turn_id: str


class SendText(msgspec.Struct, frozen=True):
    """Add a typed user turn to the engine's history; asks for nothing."""

    turn_id: str
    text: str


class SendImage(msgspec.Struct, frozen=True):
    """Add a picture the user showed to the engine's history; asks for nothing."""

    image: UserImage


class SendToolOutput(msgspec.Struct, frozen=True):
    """Add a call's one output to the engine's history; asks for nothing."""

    call_id: str
    output: str


class UpdateEngine(msgspec.Struct, frozen=True):
    """Give the model other instructions or tools, from the next reply on; None leaves what there was."""

    instructions: str | None = None
    tools: tuple[ToolSpec, ...] | None = None


class SendSaid(msgspec.Struct, frozen=True):
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


class SealPlayback(msgspec.Struct, frozen=True):
    """No more audio will come for this reply; answered by `PlaybackFinished` once all of it was played."""

    reply_id: str


class MuteReply(msgspec.Struct, frozen=True):
    """Drop whatever audio still arrives for this reply."""

    reply_id: str


class PausePlayback(msgspec.Struct, frozen=True):
    """Silence now, keep the rest: the user may only have coughed."""


class ResumePlayback(msgspec.Struct, frozen=True):
    """Go on exactly where playback paused."""


class DuckPlayback(msgspec.Struct, frozen=True):
    """Play at this volume from now on: the user may be interrupting."""

    gain: float
    """0 to 1; 1 as always."""


class FlushPlayback(msgspec.Struct, frozen=True):
    """Throw away all that is unplayed; answered by `PlaybackFlushed` in the same breath."""


class PlayNotice(msgspec.Struct, frozen=True):
    """Play a built-in sound after whatever is queued; answered by `PlaybackFinished` under its id."""

    notice_id: str
    name: Notice


class StopNotice(msgspec.Struct, frozen=True):
    """Play nothing more of this notice; its `PlaybackFinished` still comes."""

    notice_id: str


PlaybackCommand = (
    SealPlayback | MuteReply | PausePlayback | ResumePlayback | DuckPlayback | FlushPlayback | PlayNotice | StopNotice
)

# To the tool bus -----------------------------------------------------------------------------------------------------


class RunTool(msgspec.Struct, frozen=True):
    """Run a tool; answered by exactly one `ToolFinished`."""

    call: ToolCall


class CancelTool(msgspec.Struct, frozen=True):
    """Stop a running tool unless it survives interruption; its `ToolFinished` still comes."""

    call_id: str


# To the session ------------------------------------------------------------------------------------------------------


class Summarise(msgspec.Struct, frozen=True):
    """Have the oldest items of the record summed up beside the conversation: those in `Core.history.older`.

    Answered by exactly one `Summarised` or `SummaryFailed`.
    """

    items: int
    tokens: int
    """Of the whole record, estimated."""


class OpenLine(msgspec.Struct, frozen=True):
    """Start microphone and speaker; answered by `LineOpened` or `LineLost`."""


class SetDeadline(msgspec.Struct, frozen=True):
    """Send `DeadlinePassed(name)` at `at_s` on the monotonic clock; a second one of that name replaces the first."""

    name: str
    at_s: float


class ClearDeadline(msgspec.Struct, frozen=True):
    """Forget the deadline of that name, if there is one."""

    name: str


class WriteLine(msgspec.Struct, frozen=True):
    """Write one transcript line, with `t` in seconds on the recording's clock."""

    event: str
    t: float
    fields: Mapping[str, Any]


class EndSession(msgspec.Struct, frozen=True):
    """Close everything; exactly one per session, and the last command."""

    reason: str
    exit_status: int = 0
    """The process's exit status when this is its only session (errors.py)."""
    detail: str = ""
    """One line for a person when something went wrong."""


Command = (
    LeadCommand
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
