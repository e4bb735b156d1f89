"""What the answers of several dialects have in common, read leniently. Pure; nothing it is given is too odd."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from voiceloop.dgrid.sse import ServerSentEvent
from voiceloop.vocabulary import Usage
from voiceloop.wire.items import read_usage
from voiceloop.wire.lenient import Json, child, text

__all__ = ["DONE", "arguments", "decoded", "usage", "words"]

DONE: Final = "[DONE]"
"""The data of the event that ends a stream; some dialects have none."""
SPOKEN: Final = frozenset({"text", "output_text", ""})
"""Types of content parts that hold words; imitators leave the type out."""


def decoded(event: ServerSentEvent) -> object:
    """Return what an event holds; None for what is no JSON. An error in any dialect is an object with an `error`.

    Such are an event of that name, an object of that type, and a response that failed.
    """
    try:
        raw = msgspec.json.decode(event.data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raw = None if event.event != "error" else event.data
    fields: Json = raw if isinstance(raw, dict) else {}
    if (event.event == "error" or fields.get("type") == "error") and not fields.get("error"):
        return {"error": raw or "the server gave no reason"}
    if failed := child(fields, "response").get("error"):
        return {"error": failed}
    return raw


def words(content: object) -> str:
    """Return the text of a message: a string, or the words among its parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(text(part, "text") for part in parts if isinstance(part, dict) and text(part, "type") in SPOKEN)


def arguments(value: Any) -> str:  # noqa: ANN401 - whatever stood there
    """Return a call's arguments as JSON text; some servers send the object itself."""
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode()


def usage(raw: Json) -> Usage:
    """Return the tokens, by chat's names or by those of newer endpoints."""
    return read_usage(
        {
            "input_tokens": raw.get("prompt_tokens", raw.get("input_tokens")),
            "output_tokens": raw.get("completion_tokens", raw.get("output_tokens")),
            "total_tokens": raw.get("total_tokens"),
            "input_token_details": child(raw, "prompt_tokens_details") or child(raw, "input_tokens_details"),
            "output_token_details": child(raw, "completion_tokens_details") or child(raw, "output_tokens_details"),
        }
    )
