"""Every client event of the realtime protocol, one vocabulary for both dialects; ends with the union `ClientMessage`.

`event_id` comes back only in `error.event_id`; an empty one is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from voiceloop.vocabulary import AudioFormat, ToolSpec
from voiceloop.wire.items import WireItem
from voiceloop.wire.session_fields import Modality, SessionFields

__all__ = [
    "AppendAudio",
    "CancelResponse",
    "ClearInput",
    "ClearOutput",
    "ClientMessage",
    "CommitInput",
    "CreateItem",
    "CreateResponse",
    "DeleteItem",
    "ResponseFields",
    "RetrieveItem",
    "TruncateItem",
    "UpdateSession",
]


class UpdateSession(Struct, frozen=True):
    """Change what is set in `session`; answered by the whole effective configuration or an error.

    `kind="transcription"` becomes beta's `transcription_session.update`.
    """

    session: SessionFields
    event_id: str = ""


class AppendAudio(Struct, frozen=True):
    """Add audio in the wire encoding to the input buffer; never answered. `fast.append_frame` is the quick way."""

    audio: bytes
    event_id: str = ""


class CommitInput(Struct, frozen=True):
    """Make the input buffer a user item; starts no response."""

    event_id: str = ""


class ClearInput(Struct, frozen=True):
    """Empty the input buffer."""

    event_id: str = ""


class CreateItem(Struct, frozen=True):
    """Add an item: at the end, after `previous_item_id`, or first (`root`)."""

    item: WireItem
    previous_item_id: str | None = None
    event_id: str = ""


class RetrieveItem(Struct, frozen=True):
    """Ask for an item with its audio."""

    item_id: str
    event_id: str = ""


class TruncateItem(Struct, frozen=True):
    """Cut an assistant audio item where the listener stopped hearing it."""

    item_id: str
    content_index: int
    audio_end_ms: int
    event_id: str = ""


class DeleteItem(Struct, frozen=True):
    """Remove an item."""

    item_id: str
    event_id: str = ""


class ResponseFields(Struct, frozen=True):
    """Settings of one response; UNSET ones are the session's."""

    modality: Modality | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    voice: str | UnsetType = UNSET
    output_format: AudioFormat | UnsetType = UNSET
    tools: tuple[ToolSpec, ...] | UnsetType = UNSET
    tool_choice: str | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    max_output_tokens: int | Literal["inf"] | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    prompt: Any = UNSET
    reasoning: Any = UNSET
    conversation: Literal["auto", "none"] | UnsetType = UNSET
    """`none`: out of band, its items stay outside the conversation."""
    metadata: Mapping[str, str] | UnsetType = UNSET
    """Echoed in `response.created` and `response.done`: the only correlation there is."""
    input: tuple[WireItem, ...] | UnsetType = UNSET


class CreateResponse(Struct, frozen=True):
    """Ask for a response."""

    response: ResponseFields = ResponseFields()
    event_id: str = ""


class CancelResponse(Struct, frozen=True):
    """Stop a response; None means the conversation's running one."""

    response_id: str | None = None
    event_id: str = ""


class ClearOutput(Struct, frozen=True):
    """Empty the server's playback buffer. WebRTC and SIP only: never sent on a websocket."""

    event_id: str = ""


ClientMessage = (
    UpdateSession
    | AppendAudio
    | CommitInput
    | ClearInput
    | CreateItem
    | RetrieveItem
    | TruncateItem
    | DeleteItem
    | CreateResponse
    | CancelResponse
    | ClearOutput
)
