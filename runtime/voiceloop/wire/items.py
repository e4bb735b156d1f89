"""The nouns inside wire events: conversation items, content parts, responses, errors. Spelled alike in both dialects.

`read_*` take decoded JSON of either dialect and never fail; `write_*` give JSON of the dialect asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, assert_never

import msgspec

from voiceloop.vocabulary import Usage
from voiceloop.wire.dialect import Dialect
from voiceloop.wire.lenient import Json, child, integer, listing, number, optional_text, text

__all__ = [
    "CallItem",
    "CallOutputItem",
    "ItemReference",
    "Logprob",
    "MessageItem",
    "OtherItem",
    "Part",
    "RateLimit",
    "Response",
    "Spot",
    "WireError",
    "WireItem",
    "read_error",
    "read_item",
    "read_part",
    "read_response",
    "read_usage",
    "write_item",
]

Role = Literal["system", "user", "assistant"]
_PART_KINDS = {"output_text": "text", "output_audio": "audio"}
_GA_PART_KINDS = {kind: spelling for spelling, kind in _PART_KINDS.items()}


class Part(msgspec.Struct, frozen=True):
    """One content part. Kinds: input_text, input_audio, input_image, text, audio (the last two the assistant's)."""

    kind: str
    text: str = ""
    transcript: str = ""
    audio: str = ""
    """Base64, as it stood on the wire."""
    image_url: str = ""
    detail: str = ""

    @property
    def words(self) -> str:
        """What the part says, written or spoken."""
        return self.text or self.transcript


class MessageItem(msgspec.Struct, frozen=True):
    """Something a system, user or assistant said."""

    id: str
    role: str
    content: tuple[Part, ...]
    status: str = ""


class CallItem(msgspec.Struct, frozen=True):
    """The model asks for a function."""

    id: str
    call_id: str
    name: str
    arguments: str
    """JSON text; may be partial or invalid."""
    status: str = ""


class CallOutputItem(msgspec.Struct, frozen=True):
    """A function's output."""

    id: str
    call_id: str
    output: str
    status: str = ""


class ItemReference(msgspec.Struct, frozen=True):
    """An existing item, named inside the input of a response of its own."""

    id: str


class OtherItem(msgspec.Struct, frozen=True):
    """An item of a kind this client has no use for (MCP, vendors'); kept whole."""

    id: str
    type: str
    raw: Mapping[str, Any]


WireItem = MessageItem | CallItem | CallOutputItem | ItemReference | OtherItem


class WireError(msgspec.Struct, frozen=True):
    """What a server complains about. Any of the fields may be empty; old and foreign servers send only words."""

    kind: str = ""
    code: str = ""
    message: str = ""
    param: str = ""
    event_id: str = ""
    """The client event it is about, when the server can tell."""


class Response(msgspec.Struct, frozen=True):
    """A response object as it stands in `response.created` and `response.done`."""

    id: str
    status: str = ""
    reason: str = ""
    """Why it was cancelled or is incomplete, or whatever words came where an object was due."""
    error: WireError | None = None
    output: tuple[WireItem, ...] = ()
    conversation_id: str | None = None
    """None where the server says nothing about it."""
    outside: bool = False
    """The server says that it belongs to no conversation."""
    metadata: Mapping[str, str] = msgspec.field(default_factory=dict)
    usage: Usage = Usage()


class RateLimit(msgspec.Struct, frozen=True):
    """One budget of the account."""

    name: str
    limit: int
    remaining: int
    reset_s: float


class Logprob(msgspec.Struct, frozen=True):
    """How sure recognition was of one token."""

    token: str
    logprob: float


class Spot(msgspec.Struct, frozen=True):
    """Where in a response something belongs."""

    response_id: str
    item_id: str
    output_index: int = 0
    content_index: int = 0


def read_error(value: object) -> WireError:
    """An error from an object, or from the bare string that some servers send."""
    if isinstance(value, str):
        return WireError(message=value)
    if not isinstance(value, dict):
        return WireError()
    return WireError(
        kind=text(value, "type"),
        code=text(value, "code"),
        message=text(value, "message"),
        param=text(value, "param"),
        event_id=text(value, "event_id"),
    )


def read_part(raw: Json) -> Part:
    """A content part; both spellings of the assistant's kinds become one."""
    kind = text(raw, "type")
    return Part(
        kind=_PART_KINDS.get(kind, kind),
        text=text(raw, "text"),
        transcript=text(raw, "transcript"),
        audio=text(raw, "audio"),
        image_url=text(raw, "image_url"),
        detail=text(raw, "detail"),
    )


def read_item(raw: Json) -> WireItem:
    """A conversation item of any kind."""
    id_, status = text(raw, "id"), text(raw, "status")
    match raw.get("type"):
        case "message":
            content = tuple(read_part(part) for part in listing(raw, "content") if isinstance(part, dict))
            return MessageItem(id_, text(raw, "role"), content, status)
        case "function_call":
            return CallItem(id_, text(raw, "call_id"), text(raw, "name"), text(raw, "arguments"), status)
        case "function_call_output":
            return CallOutputItem(id_, text(raw, "call_id"), text(raw, "output"), status)
        case "item_reference":
            return ItemReference(id_)
        case _:
            return OtherItem(id_, text(raw, "type"), raw)


def read_usage(raw: Json) -> Usage:
    """What a response or a transcription used; an absent or empty object counts as nothing."""
    into, out = child(raw, "input_token_details"), child(raw, "output_token_details")
    details = {"total_tokens": integer(raw, "total_tokens")}
    details |= {f"input_{key}": integer(into, key) for key in into}
    details |= {f"output_{key}": integer(out, key) for key in out}
    cached = child(into, "cached_tokens_details")
    details |= {f"cached_{key}": integer(cached, key) for key in cached}
    return Usage(
        input_tokens=integer(raw, "input_tokens"),
        output_tokens=integer(raw, "output_tokens"),
        cached_tokens=integer(into, "cached_tokens"),
        audio_input_tokens=integer(into, "audio_tokens"),
        audio_output_tokens=integer(out, "audio_tokens"),
        details={key: count for key, count in details.items() if count},
        seconds=max(0.0, number(raw, "seconds") or 0.0),
    )


def read_response(raw: Json) -> Response:
    """A response object; `status_details` may be null, an object or a string."""
    details = raw.get("status_details")
    reason = details if isinstance(details, str) else text(child(raw, "status_details"), "reason")
    failure = child(raw, "status_details").get("error")
    return Response(
        id=text(raw, "id"),
        status=text(raw, "status"),
        reason=reason,
        error=None if failure is None else read_error(failure),
        output=tuple(read_item(item) for item in listing(raw, "output") if isinstance(item, dict)),
        conversation_id=optional_text(raw, "conversation_id"),
        outside="conversation_id" in raw and raw["conversation_id"] is None,
        metadata={key: value for key, value in child(raw, "metadata").items() if isinstance(value, str)},
        usage=read_usage(child(raw, "usage")),
    )


def write_item(item: WireItem, dialect: Dialect) -> dict[str, Any]:
    """The JSON of an item to create; empty ids and fields are left to the server."""
    match item:
        case MessageItem():
            parts = [_write_part(part, dialect) for part in item.content]
            return _with_id(item.id, {"type": "message", "role": item.role, "content": parts})
        case CallItem():
            call = {"type": "function_call", "call_id": item.call_id, "name": item.name, "arguments": item.arguments}
            return _with_id(item.id, call)
        case CallOutputItem():
            output = {"type": "function_call_output", "call_id": item.call_id, "output": item.output}
            return _with_id(item.id, output)
        case ItemReference():
            return {"type": "item_reference", "id": item.id}
        case OtherItem():
            return dict(item.raw)
        case _:
            assert_never(item)


def _with_id(id_: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"id": id_, **fields} if id_ else fields


def _write_part(part: Part, dialect: Dialect) -> dict[str, Any]:
    kind = _GA_PART_KINDS.get(part.kind, part.kind) if dialect == "ga" else part.kind
    fields = {
        "text": part.text,
        "transcript": part.transcript,
        "audio": part.audio,
        "image_url": part.image_url,
        "detail": part.detail,
    }
    return {"type": kind, **{key: value for key, value in fields.items() if value}}
