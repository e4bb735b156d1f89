"""Every server event of the realtime protocol, one vocabulary for both dialects; ends with the union `ServerEvent`.

Server event ids are dropped: nothing refers to them. Indexes a server leaves out are 0, ids it leaves out are empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from voiceloop.vocabulary import Usage
from voiceloop.wire.items import Logprob, Part, RateLimit, Response, Spot, WireError, WireItem
from voiceloop.wire.session_fields import SessionFields

Progress = Literal["in_progress", "completed", "failed"]

# The session ---------------------------------------------------------------------------------------------------------


class ErrorRaised(msgspec.Struct, frozen=True):
    """Something was wrong; most errors leave the session open."""

    error: WireError


class SessionCreated(msgspec.Struct, frozen=True):
    """The session exists, with the server's defaults."""

    session: SessionFields


class SessionUpdated(msgspec.Struct, frozen=True):
    """The session's full effective configuration; also beta's `transcription_session.updated`."""

    session: SessionFields


class ConversationCreated(msgspec.Struct, frozen=True):
    """The conversation exists; before or after `SessionCreated`."""

    conversation_id: str


class RateLimitsUpdated(msgspec.Struct, frozen=True):
    """What is left of the account's budgets; informational."""

    limits: tuple[RateLimit, ...]


class ItemAdded(msgspec.Struct, frozen=True):
    """An item entered the conversation. May come twice for one id."""

    item: WireItem
    previous_item_id: str | None = None
    """None for the first item."""


class ItemDone(msgspec.Struct, frozen=True):
    """An item is complete (GA only)."""

    item: WireItem
    previous_item_id: str | None = None


class ItemRetrieved(msgspec.Struct, frozen=True):
    """An item with the server's processed audio."""

    item: WireItem


class ItemTruncated(msgspec.Struct, frozen=True):
    """The item's audio after the mark, and its whole server-side transcript, are gone."""

    item_id: str
    content_index: int
    audio_end_ms: int


class ItemDeleted(msgspec.Struct, frozen=True):
    """The item is gone."""

    item_id: str


class InputTranscriptDelta(msgspec.Struct, frozen=True):
    """More of a user turn's words."""

    item_id: str
    content_index: int
    delta: str
    logprobs: tuple[Logprob, ...] = ()


class InputTranscriptSegment(msgspec.Struct, frozen=True):
    """A stretch of a user turn with its speaker (GA only)."""

    item_id: str
    content_index: int
    segment_id: str
    text: str
    speaker: str
    start_s: float
    end_s: float


class InputTranscriptDone(msgspec.Struct, frozen=True):
    """A user turn in words; may be empty."""

    item_id: str
    content_index: int
    transcript: str
    languages: tuple[str, ...] = ()
    usage: Usage = msgspec.field(default_factory=Usage)
    logprobs: tuple[Logprob, ...] = ()


class InputTranscriptFailed(msgspec.Struct, frozen=True):
    """The words of this turn will never come; the session goes on."""

    item_id: str
    content_index: int
    error: WireError


class InputCommitted(msgspec.Struct, frozen=True):
    """The input buffer became a user item."""

    item_id: str
    previous_item_id: str | None = None


class InputCleared(msgspec.Struct, frozen=True):
    """The input buffer is empty."""


class InputSpeechStarted(msgspec.Struct, frozen=True):
    """Voice activity; the buffer clock counts all audio written in the session and includes the prefix padding."""

    item_id: str
    audio_start_ms: int


class InputSpeechStopped(msgspec.Struct, frozen=True):
    """End of voice activity, hang-over included."""

    item_id: str
    audio_end_ms: int


class InputIdle(msgspec.Struct, frozen=True):
    """Nobody said anything for `idle_timeout_ms`; the silence is committed (GA only)."""

    item_id: str
    audio_start_ms: int
    audio_end_ms: int


class DtmfReceived(msgspec.Struct, frozen=True):
    """A telephone key (GA over SIP only)."""

    key: str
    received_at_s: float
    """Unix seconds."""


class ResponseCreated(msgspec.Struct, frozen=True):
    """A response began."""

    response: Response


class ResponseDone(msgspec.Struct, frozen=True):
    """A response ended; the only safe point to start the next."""

    response: Response


class OutputItemAdded(msgspec.Struct, frozen=True):
    """A response began an item."""

    response_id: str
    output_index: int
    item: WireItem


class OutputItemDone(msgspec.Struct, frozen=True):
    """A response finished an item."""

    response_id: str
    output_index: int
    item: WireItem


class PartAdded(msgspec.Struct, frozen=True):
    """A content part began."""

    spot: Spot
    part: Part


class PartDone(msgspec.Struct, frozen=True):
    """A content part ended; some servers leave `part` out, which gives an empty one."""

    spot: Spot
    part: Part


class TextDelta(msgspec.Struct, frozen=True):
    """More written words."""

    spot: Spot
    delta: str


class TextDone(msgspec.Struct, frozen=True):
    """All written words of the part."""

    spot: Spot
    text: str


class AudioDelta(msgspec.Struct, frozen=True):
    """More sound, in the wire encoding. May split a sample."""

    spot: Spot
    audio: bytes


class AudioDone(msgspec.Struct, frozen=True):
    """The part's sound is complete; carries none itself."""

    spot: Spot


class TranscriptDelta(msgspec.Struct, frozen=True):
    """More of the words being spoken; usually ahead of the sound."""

    spot: Spot
    delta: str


class TranscriptDone(msgspec.Struct, frozen=True):
    """All words spoken in the part."""

    spot: Spot
    transcript: str


class ArgumentsDelta(msgspec.Struct, frozen=True):
    """More of a function call's arguments."""

    spot: Spot
    call_id: str
    delta: str


class ArgumentsDone(msgspec.Struct, frozen=True):
    """A function call's whole arguments; beta has no name here."""

    spot: Spot
    call_id: str
    arguments: str
    name: str = ""


class OutputBufferChanged(msgspec.Struct, frozen=True):
    """The server's own playback started, stopped or was cleared (WebRTC and SIP only)."""

    response_id: str
    change: Literal["started", "stopped", "cleared"]


class McpListed(msgspec.Struct, frozen=True):
    """Listing an MCP server's tools."""

    item_id: str
    progress: Progress


class McpArgumentsDelta(msgspec.Struct, frozen=True):
    """More of an MCP call's arguments."""

    spot: Spot
    delta: str


class McpArgumentsDone(msgspec.Struct, frozen=True):
    """An MCP call's whole arguments."""

    spot: Spot
    arguments: str


class McpCalled(msgspec.Struct, frozen=True):
    """The server runs an MCP call."""

    item_id: str
    output_index: int
    progress: Progress


class UnknownMessage(msgspec.Struct, frozen=True):
    """An event no table names (`ping`, vendors' own); kept whole."""

    type: str
    raw: Mapping[str, Any]


class BrokenMessage(msgspec.Struct, frozen=True):
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
