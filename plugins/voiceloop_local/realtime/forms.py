"""Items as they stand on the wire, in both dialects: they differ only in the names of the assistant's parts."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from voiceloop.vocabulary import Encoding
from voiceloop_local.realtime.checks import (
    ClientEventError,
    Fields,
    Json,
    decode_base64,
    invalid_type,
    invalid_value,
    missing,
)
from voiceloop_local.realtime.coding import from_wire, to_wire
from voiceloop_local.realtime.config import Reference, rate_of
from voiceloop_local.realtime.items import ItemKind, ItemStatus, Part, PartKind, Role, StoredItem

__all__ = ["BETA_PARTS", "GA_PARTS", "read_inputs", "read_item", "show_item", "show_part"]

BETA_PARTS: Mapping[PartKind, str] = {"text": "text", "audio": "audio"}
GA_PARTS: Mapping[PartKind, str] = {"text": "output_text", "audio": "output_audio"}

_FIELDS: Mapping[ItemKind, tuple[str, ...]] = {
    "message": ("id", "object", "type", "status", "role", "content"),
    "function_call": ("id", "object", "type", "status", "call_id", "name", "arguments"),
    "function_call_output": ("id", "object", "type", "status", "call_id", "output"),
}
_STATUSES: tuple[ItemStatus, ...] = ("completed", "incomplete", "in_progress")
_ROLES: tuple[Role, ...] = ("system", "user", "assistant")
_LONGEST_ID = 128

NewId = Callable[[str], str]


def read_item(
    raw: object, path: str, new_id: NewId, encoding: Encoding, assistant_parts: Mapping[PartKind, str]
) -> StoredItem:
    """Read an item the client wants created; raises `ClientEventError`.

    Audio in it is in `encoding`, the session's input format. Assistant audio cannot be created by a client.
    """
    probe = Fields(raw, path)
    probe.require("type")
    kind = next((one for one in _FIELDS if one == probe.get("type")), None)
    if kind is None:
        raise invalid_value(probe.at("type"), probe.get("type"), tuple(_FIELDS))
    given = Fields(raw, path, _FIELDS[kind])
    item = StoredItem(
        item_id=given.text("id", "", at_most=_LONGEST_ID) if given.get("id") is not None else new_id("item"),
        kind=kind,
        status=_status(given),
    )
    if kind == "message":
        item.role = next(role for role in _ROLES if role == _role(given))
        contents = given.listing("content", given.require("content"))
        item.parts = [
            _read_part(part, f"{given.at('content')}[{n}]", item.role, encoding, assistant_parts)
            for n, part in enumerate(contents)
        ]
        return item
    item.call_id = given.text("call_id", "") or new_id("call")
    if kind == "function_call":
        given.require("name")
        item.name, item.arguments = given.text("name", ""), given.text("arguments", "")
    else:
        given.require("call_id")
        if "output" not in given:
            raise missing(given.at("output"))
        item.output = given.text("output", "")
    return item


def _status(given: Fields) -> ItemStatus:
    wanted = given.choice("status", _STATUSES, "completed") if given.get("status") is not None else "completed"
    return next(one for one in _STATUSES if one == wanted)


def _role(given: Fields) -> str:
    given.require("role")
    return given.choice("role", _ROLES, "user")


def _read_part(raw: object, path: str, role: Role, encoding: Encoding, assistant_parts: Mapping[PartKind, str]) -> Part:
    given = Fields(raw, path)
    given.require("type")
    allowed = {
        "user": ("input_text", "input_audio", "input_image"),
        "system": ("input_text",),
        "assistant": (assistant_parts["text"],),
    }[role]
    match given.choice("type", allowed, ""):
        case "input_audio":
            given = Fields(raw, path, ("type", "audio", "transcript"))
            audio = decode_base64(_needed(given, "audio"), given.at("audio"))
            words = given.get("transcript")
            if words is not None and not isinstance(words, str):
                raise invalid_type(given.at("transcript"), "a string", words)
            return Part("audio", words, bytearray(from_wire(encoding, audio)), rate_of(encoding))
        case "input_image":
            given = Fields(raw, path, ("type", "image_url", "detail"))
            detail = given.choice("detail", ("auto", "low", "high"), "auto")
            return Part("image", image_url=_needed(given, "image_url"), detail=detail)
        case _:
            given = Fields(raw, path, ("type", "text"))
            return Part("text", _needed(given, "text"))


def _needed(given: Fields, name: str) -> str:
    if given.get(name) is None:
        raise missing(given.at(name))
    return given.text(name, "")


def read_inputs(
    raw: object, path: str, new_id: NewId, encoding: Encoding, assistant_parts: Mapping[PartKind, str]
) -> tuple[StoredItem | Reference, ...]:
    """Read a reply's own context: items and references to items of the conversation."""
    if not isinstance(raw, list):
        raise invalid_type(path, "an array", raw)
    inputs: list[StoredItem | Reference] = []
    for n, one in enumerate(raw):
        at = f"{path}[{n}]"
        if isinstance(one, dict) and one.get("type") == "item_reference":
            inputs.append(Reference(_needed(Fields(one, at, ("type", "id")), "id")))
        else:
            inputs.append(read_item(one, at, new_id, encoding, assistant_parts))
    if len(inputs) > 1_000:  # noqa: PLR2004 - a bound, far above any conversation
        raise ClientEventError("invalid_value", f"Invalid '{path}': more than 1000 items.", path)
    return tuple(inputs)


def show_item(item: StoredItem, assistant_parts: Mapping[PartKind, str], encoding: Encoding | None = None) -> Json:
    """The item as the wire shows it; with its audio only when an encoding for it is given (retrieve)."""
    shown: Json = {"id": item.item_id, "object": "realtime.item", "type": item.kind, "status": item.status}
    if item.kind == "message":
        content = [_show_content(part, item.role, assistant_parts, encoding) for part in item.parts]
        return shown | {"role": item.role, "content": content}
    shown["call_id"] = item.call_id
    if item.kind == "function_call":
        return shown | {"name": item.name, "arguments": item.arguments}
    return shown | {"output": item.output}


def _show_content(part: Part, role: Role, assistant_parts: Mapping[PartKind, str], encoding: Encoding | None) -> Json:
    name = assistant_parts.get(part.kind, "") if role == "assistant" else f"input_{part.kind}"
    if part.kind == "image":
        return {"type": name, "image_url": part.image_url, "detail": part.detail}
    if part.kind == "text":
        return {"type": name, "text": part.text or ""}
    # A truncated part has no transcript any more: nobody knows exactly which words were heard.
    shown: Json = {"type": name, "transcript": None if part.truncated else part.text}
    if encoding is not None:
        pcm = to_wire(encoding, bytes(part.pcm), part.rate_hz)
        shown["audio"] = base64.b64encode(pcm).decode()
    return shown


def show_part(part: Part) -> Json:
    """A part as `response.content_part` events show it: both dialects call the kinds `text` and `audio` there."""
    if part.kind == "text":
        return {"type": "text", "text": part.text or ""}
    return {"type": "audio", "transcript": part.text or ""}
