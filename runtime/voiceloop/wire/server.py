"""Every server event of the realtime protocol, one vocabulary for both dialects; ends with the union `ServerEvent`.

Server event ids are dropped: nothing refers to them. Indexes a server leaves out are 0, ids it leaves out are empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from voiceloop.vocabulary import Usage
from voiceloop.wire.items import Logprob, Part, RateLimit, Response, Spot, WireError, WireItem
from voiceloop.wire.session_fields import SessionFields

Progress = Literal["in_progress", "completed", "failed"]

# The session ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ErrorRaised:
    """Something was wrong; most errors leave the session open."""

    error: WireError


@dataclass(frozen=True, slots=True)
class SessionCreated:
    """The session exists, with the server's defaults."""

    session: SessionFields


@dataclass(frozen=True, slots=True)
class SessionUpdated:
    """The session's full effective configuration; also beta's `transcription_session.updated`."""

    session: SessionFields


@dataclass(frozen=True, slots=True)
class ConversationCreated:
    """The conversation exists; before or after `SessionCreated`."""

    conversation_id: str


@dataclass(frozen=True, slots=True)
class RateLimitsUpdated:
    """What is left of the account's budgets; informational."""

    limits: tuple[RateLimit, ...]


@dataclass(frozen=True, slots=True)
class ItemAdded:
    """An item entered the conversation. May come twice for one id."""

    item: WireItem
    previous_item_id: str | None = None
    """None for the first item."""


@dataclass(frozen=True, slots=True)
class ItemDone:
    """An item is complete (GA only)."""

    item: WireItem
    previous_item_id: str | None = None


@dataclass(frozen=True, slots=True)
class ItemRetrieved:
    """An item with the server's processed audio."""

    item: WireItem


@dataclass(frozen=True, slots=True)
class ItemTruncated:
    """The item's audio after the mark, and its whole server-side transcript, are gone."""

    item_id: str
    content_index: int
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class ItemDeleted:
    """The item is gone."""

    item_id: str


@dataclass(frozen=True, slots=True)
class InputTranscriptDelta:
    """More of a user turn's words."""

    item_id: str
    content_index: int
    delta: str
    logprobs: tuple[Logprob, ...] = ()


@dataclass(frozen=True, slots=True)
class InputTranscriptSegment:
    """A stretch of a user turn with its speaker (GA only)."""

    item_id: str
    content_index: int
    segment_id: str
    text: str
    speaker: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class InputTranscriptDone:
    """A user turn in words; may be empty."""

    item_id: str
    content_index: int
    transcript: str
    languages: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    logprobs: tuple[Logprob, ...] = ()


@dataclass(frozen=True, slots=True)
class InputTranscriptFailed:
    """The words of this turn will never come; the session goes on."""

    item_id: str
    content_index: int
    error: WireError


@dataclass(frozen=True, slots=True)
class InputCommitted:
    """The input buffer became a user item."""

    item_id: str
    previous_item_id: str | None = None


@dataclass(frozen=True, slots=True)
class InputCleared:
    """The input buffer is empty."""


@dataclass(frozen=True, slots=True)
class InputSpeechStarted:
    """Voice activity; the buffer clock counts all audio written in the session and includes the prefix padding."""

    item_id: str
    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class InputSpeechStopped:
    """End of voice activity, hang-over included."""

    item_id: str
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class InputIdle:
    """Nobody said anything for `idle_timeout_ms`; the silence is committed (GA only)."""

    item_id: str
    audio_start_ms: int
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class DtmfReceived:
    """A telephone key (GA over SIP only)."""

    key: str
    received_at_s: float
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class ResponseCreated:
    """A response began."""

    response: Response


@dataclass(frozen=True, slots=True)
class ResponseDone:
    """A response ended; the only safe point to start the next."""

    response: Response


@dataclass(frozen=True, slots=True)
class OutputItemAdded:
    """A response began an item."""

    response_id: str
    output_index: int
    item: WireItem


@dataclass(frozen=True, slots=True)
class OutputItemDone:
    """A response finished an item."""

    response_id: str
    output_index: int
    item: WireItem


@dataclass(frozen=True, slots=True)
class PartAdded:
    """A content part began."""

    spot: Spot
    part: Part


@dataclass(frozen=True, slots=True)
class PartDone:
    """A content part ended; some servers leave `part` out, which gives an empty one."""

    spot: Spot
    part: Part


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More written words."""

    spot: Spot
    delta: str


@dataclass(frozen=True, slots=True)
class TextDone:
    """All written words of the part."""

    spot: Spot
    text: str


@dataclass(frozen=True, slots=True)
class AudioDelta:
    """More sound, in the wire encoding. May split a sample."""

    spot: Spot
    audio: bytes


@dataclass(frozen=True, slots=True)
class AudioDone:
    """The part's sound is complete; carries none itself."""

    spot: Spot


@dataclass(frozen=True, slots=True)
class TranscriptDelta:
    """More of the words being spoken; usually ahead of the sound."""

    spot: Spot
    delta: str


@dataclass(frozen=True, slots=True)
class TranscriptDone:
    """All words spoken in the part."""

    spot: Spot
    transcript: str


@dataclass(frozen=True, slots=True)
class ArgumentsDelta:
    """More of a function call's arguments."""

    spot: Spot
    call_id: str
    delta: str


@dataclass(frozen=True, slots=True)
class ArgumentsDone:
    """A function call's whole arguments; beta has no name here."""

    spot: Spot
    call_id: str
    arguments: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class OutputBufferChanged:
    """The server's own playback started, stopped or was cleared (WebRTC and SIP only)."""

    response_id: str
    change: Literal["started", "stopped", "cleared"]


@dataclass(frozen=True, slots=True)
class McpListed:
    """Listing an MCP server's tools."""

    item_id: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class McpArgumentsDelta:
    """More of an MCP call's arguments."""

    spot: Spot
    delta: str


@dataclass(frozen=True, slots=True)
class McpArgumentsDone:
    """An MCP call's whole arguments."""

    spot: Spot
    arguments: str


@dataclass(frozen=True, slots=True)
class McpCalled:
    """The server runs an MCP call."""

    item_id: str
    output_index: int
    progress: Progress


@dataclass(frozen=True, slots=True)
class UnknownMessage:
    """An event no table names (`ping`, vendors' own); kept whole."""

    type: str
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BrokenMessage:
    """A frame that is no event: not JSON, not an object, without a type."""

    detail: str


ServerEvent = (
    ErrorRaised
    | SessionCreated
    | SessionUpdated
    | ConversationCreated
    | RateLimitsUpdated
    | ItemAdded
    | ItemDone
    | ItemRetrieved
    | ItemTruncated
    | ItemDeleted
    | InputTranscriptDelta
    | InputTranscriptSegment
    | InputTranscriptDone
    | InputTranscriptFailed
    | InputCommitted
    | InputCleared
    | InputSpeechStarted
    | InputSpeechStopped
    | InputIdle
    | DtmfReceived
    | ResponseCreated
    | ResponseDone
    | OutputItemAdded
    | OutputItemDone
    | PartAdded
    | PartDone
    | TextDelta
    | TextDone
    | AudioDelta
    | AudioDone
    | TranscriptDelta
    | TranscriptDone
    | ArgumentsDelta
    | ArgumentsDone
    | OutputBufferChanged
    | McpListed
    | McpArgumentsDelta
    | McpArgumentsDone
    | McpCalled
    | UnknownMessage
    | BrokenMessage
)
