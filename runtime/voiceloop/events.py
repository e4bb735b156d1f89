"""Everything that can happen to a conversation: past tense, frozen, one closed union.

Events reach the core through `core.step(event, now)`. Audio never travels as an event: captured frames go straight to
the engine and received audio straight to the ledger; only verdicts about them are events.

Ids are opaque strings. A turn is one thing the user said or typed (`turn_id`), a reply is one answer (`reply_id`), an
ask is our request for a reply (`ask_id`). `at_s` counts seconds on the capture clock, whose zero is the line's first
sample.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from voiceloop.vocabulary import (
    Cause,
    Flow,
    HeardSpan,
    Outcome,
    ReplyStatus,
    Tier,
    ToolCall,
    ToolSpec,
    Traits,
    Usage,
    UserImage,
)

Source = Literal["engine", "local"]

# The session and its surroundings ------------------------------------------------------------------------------------


class SessionOpened(msgspec.Struct, frozen=True):
    """The session exists; nothing is open yet."""


class LineOpened(msgspec.Struct, frozen=True):
    """Microphone and speaker run; sample 0 of both is now."""

    captions_only: bool = False
    """Replies are read, not heard; turns are spoken only where there is a line."""


class LineEnded(msgspec.Struct, frozen=True):
    """The input has no more to give (a WAV file ran out, typed input closed); playback goes on."""


class LineLost(msgspec.Struct, frozen=True):
    """The device went away or the caller hung up."""

    detail: str
    exit_status: int = 6
    """Of the error that tells it (errors.py)."""


class DeadlinePassed(msgspec.Struct, frozen=True):
    """A deadline set with `SetDeadline` came due."""

    name: str


# The engine ----------------------------------------------------------------------------------------------------------


class EngineReady(msgspec.Struct, frozen=True):
    """The engine is configured and hears."""

    tier: Tier
    model: str
    traits: Traits
    dialect: str = ""
    expires_in_s: float | None = None
    """Seconds until the engine ends by itself; None when it does not tell."""
    transcription_model: str = ""
    """What puts the user's words into writing; empty when nothing does."""


class StandbyReady(msgspec.Struct, frozen=True):
    """The engine that was prepared beside the one in use could take over."""

    engine: EngineReady


class StandbyLost(msgspec.Struct, frozen=True):
    """The prepared engine is of no use; the one in use goes on."""

    cause: Cause
    detail: str
    tier: Tier = Tier.REALTIME
    endpoint: str = ""
    """As of `EngineLost`."""


class EngineLost(msgspec.Struct, frozen=True):
    """The engine cannot go on. Exactly one per opened engine that was not closed by us."""

    cause: Cause
    detail: str
    silent_s: float = 0.0
    """Seconds since its last sign of life: what was said in them it may not have heard."""
    endpoint: str = ""
    """Which request of a cascade failed: "transcribe", "chat" or "speak"; empty where it was none of these."""


class EngineComplained(msgspec.Struct, frozen=True):
    """The engine reported an error and lives on."""

    code: str
    detail: str
    ask_id: str = ""
    """The ask it refused, when the engine can tell; empty otherwise."""


# The user's turn -----------------------------------------------------------------------------------------------------


class SpeechStarted(msgspec.Struct, frozen=True):
    """The user began to speak."""

    turn_id: str
    at_s: float
    """Onset, without pre-roll."""
    source: Source = "engine"


class SpeechStopped(msgspec.Struct, frozen=True):
    """The user stopped speaking, as far as voice activity can tell."""

    turn_id: str
    at_s: float
    """Last speech sample, without hang-over."""
    source: Source = "engine"


class SpeechFlowed(msgspec.Struct, frozen=True):
    """How speech over the agent goes on, told only while it is open whether it interrupts."""

    turn_id: str
    flow: Flow


class UserSaidSoFar(msgspec.Struct, frozen=True):
    """The words of the open turn up to the pause it is in; empty when they come only with its end."""

    text: str


class TurnCommitted(msgspec.Struct, frozen=True):
    """The engine holds the user's turn; speech of this turn has ended for good."""

    turn_id: str
    previous_id: str | None = None
    """The item before it in the engine's history: transcripts are ordered by it, not by arrival."""
    heard_s: float = 0.0
    """How much sound engines have taken since the session began."""


class SilenceCommitted(msgspec.Struct, frozen=True):
    """Nobody has spoken for so long that the engine answers the silence; its reply is the agent's own."""


class UserTranscribed(msgspec.Struct, frozen=True):
    """What the user said, in words. May come before or after the reply it prompted, or never."""

    turn_id: str
    text: str
    usage: Usage = Usage()
    """What finding the words used, where the server tells; billed apart from the reply."""


class TranscriptionFailed(msgspec.Struct, frozen=True):
    """The words of this turn will never come; the turn itself stands."""

    turn_id: str
    detail: str


class MicrophoneTurned(msgspec.Struct, frozen=True):
    """The user muted the microphone or opened it again; with a wake word it fell asleep, or listens."""

    state: Literal["muted", "open", "asleep", "listening"]


class TextTyped(msgspec.Struct, frozen=True):
    """The user typed a turn."""

    turn_id: str
    text: str


class ImageShown(msgspec.Struct, frozen=True):
    """The user showed a picture; by itself it asks for nothing."""

    image: UserImage


# The reply -----------------------------------------------------------------------------------------------------------


class ReplyStarted(msgspec.Struct, frozen=True):
    """The engine started a reply."""

    reply_id: str
    ask_id: str = ""
    """The ask it answers; empty when the engine started by itself or does not tell."""


class ReplyTextArrived(msgspec.Struct, frozen=True):
    """More of the reply's words. Text runs ahead of sound."""

    reply_id: str
    item_id: str
    content_index: int
    delta: str
    received_ms: int = 0
    """Audio of this content part received before these words."""


class ReplyAudioStarted(msgspec.Struct, frozen=True):
    """The first audio of a reply arrived from the engine."""

    reply_id: str
    item_id: str


class ToolCalled(msgspec.Struct, frozen=True):
    """The model asks for a tool; reported once per call_id, with whole arguments."""

    reply_id: str
    call: ToolCall


class ReplyFinished(msgspec.Struct, frozen=True):
    """The engine is done with a reply; its audio may still be playing."""

    reply_id: str
    status: ReplyStatus
    detail: str = ""
    """Why, for anything but completed."""
    usage: Usage = Usage()


# Playback ------------------------------------------------------------------------------------------------------------


class PlaybackStarted(msgspec.Struct, frozen=True):
    """The listener hears the first sample of a reply."""

    reply_id: str
    at_s: float | None = None
    """When that sample was played, on the playback clock, which has the capture clock's zero; None if unknown."""


class PlaybackFinished(msgspec.Struct, frozen=True):
    """Every sample of a sealed reply was played. A sealed reply without audio finishes at once, with no spans."""

    reply_id: str
    spans: tuple[HeardSpan, ...]
    at_s: float | None = None
    """End of the last sample, on the playback clock; None if unknown."""


class PlaybackFlushed(msgspec.Struct, frozen=True):
    """The answer to `FlushPlayback`: what was heard of each part that was still in the ledger, oldest first."""

    spans: tuple[HeardSpan, ...]
    at_s: float | None = None
    """End of the last sample heard, on the playback clock; None if there was none."""
    heard_s: float = 0.0
    """How much sound engines have taken since the session began."""


# Tools ---------------------------------------------------------------------------------------------------------------


class ToolFinished(msgspec.Struct, frozen=True):
    """The one outcome of a call."""

    call_id: str
    outcome: Outcome
    output: str


# The record ----------------------------------------------------------------------------------------------------------


class Summarised(msgspec.Struct, frozen=True):
    """The oldest part of the record in short."""

    text: str


class SummaryFailed(msgspec.Struct, frozen=True):
    """Nobody could sum up: no model, no answer in time, or an empty one."""

    detail: str


# The application -----------------------------------------------------------------------------------------------------


class SayAsked(msgspec.Struct, frozen=True):
    """The application, or a tool's timer, wants a sentence spoken as it stands."""

    text: str


class InterruptAsked(msgspec.Struct, frozen=True):
    """The application wants the agent to stop speaking."""


class UpdateAsked(msgspec.Struct, frozen=True):
    """The application gives the agent other instructions or tools; None leaves what there was."""

    instructions: str | None = None
    tools: tuple[ToolSpec, ...] | None = None
    survivors: tuple[str, ...] = ()
    """Those among the new tools that go on when the user interrupts."""


class EndWhenSaid(msgspec.Struct, frozen=True):
    """A tool wants the session over once the agent's words are heard; the user speaking on cancels it."""

    reason: str


class EndAsked(msgspec.Struct, frozen=True):
    """Somebody wants the session over: the application, Ctrl-C, a limit."""

    reason: str


UserEvent = (
    SpeechStarted
    | SpeechStopped
    | SpeechFlowed
    | UserSaidSoFar
    | TurnCommitted
    | SilenceCommitted
    | MicrophoneTurned
    | TextTyped
    | ImageShown
    | SayAsked
    | InterruptAsked
    | UpdateAsked
    | EndWhenSaid
    | DeadlinePassed
)
"""What people, the application and the clock do."""

EngineEvent = (
    SessionOpened
    | LineOpened
    | LineEnded
    | LineLost
    | EngineReady
    | EngineLost
    | StandbyReady
    | StandbyLost
    | EngineComplained
    | UserTranscribed
    | TranscriptionFailed
    | ReplyStarted
    | ReplyTextArrived
    | ReplyAudioStarted
    | ToolCalled
    | ReplyFinished
    | PlaybackStarted
    | PlaybackFinished
    | PlaybackFlushed
    | ToolFinished
    | Summarised
    | SummaryFailed
    | EndAsked
)
"""What engine, line, playback and tools do."""

Event = UserEvent | EngineEvent
