"""Gemini's JSON: addresses, both spellings of names, tokens, and why an answer ended. Pure.

DGrid documents `:generateContent` and the fields of its answers; the rest is Google's, and imitators write names in
snake_case and numbers as texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from voiceloop.dgrid.chat_answer import Stop
from voiceloop.vocabulary import Usage
from voiceloop.wire.items import read_usage
from voiceloop.wire.lenient import Json, integer, listing, text

__all__ = ["camel", "first_candidate", "objects", "parts_of", "path", "stop_of", "usage", "why_blocked"]

SNAKE: Final = re.compile(r"(?<=[a-z0-9])_([a-z])")
STOPS: Final = {
    "STOP": Stop.END,
    "MAX_TOKENS": Stop.LENGTH,
    "SAFETY": Stop.FILTERED,
    "RECITATION": Stop.FILTERED,
    "BLOCKLIST": Stop.FILTERED,
    "PROHIBITED_CONTENT": Stop.FILTERED,
    "SPII": Stop.FILTERED,
    "MODEL_ARMOR": Stop.FILTERED,
    "IMAGE_SAFETY": Stop.FILTERED,
    "IMAGE_PROHIBITED_CONTENT": Stop.FILTERED,
    "IMAGE_RECITATION": Stop.FILTERED,
    "": None,
    "FINISH_REASON_UNSPECIFIED": None,
}


def path(model: str, method: str) -> str:
    """Return where a model is asked. Slashes and colons of its id stay: they are as the server's list has them."""
    return f"/v1/models/{quote(model, safe='/:')}:{method}"


def camel(value: object) -> Json:
    """Return an object with its own names as Google spells them, and nothing for what is no object.

    What stands inside of it keeps its names: a call's arguments are the tool's.
    """
    fields = value if isinstance(value, dict) else {}
    return {SNAKE.sub(lambda match: match[1].upper(), str(name)): inner for name, inner in fields.items()}


def objects(raw: Json, name: str) -> Iterator[Json]:
    """Yield the objects of an array, their names as Google spells them."""
    return (camel(entry) for entry in listing(raw, name) if isinstance(entry, dict))


def first_candidate(raw: Json) -> Json:
    """Return the answer among the candidates, of which one was asked for; nothing where there is none."""
    return next((one for one in objects(raw, "candidates") if not integer(one, "index")), {})


def parts_of(candidate: Json) -> Iterator[Json]:
    """Yield the parts of a candidate; one that was blocked has none."""
    return objects(camel(candidate.get("content")), "parts")


def stop_of(candidate: Json) -> Stop | None:
    """Return why a candidate ended; None where it goes on."""
    return STOPS.get(text(candidate, "finishReason").upper(), Stop.OTHER)


def why_blocked(raw: Json) -> str:
    """Return the server's word for why it does not answer such a question at all; "" where it does."""
    return text(camel(raw.get("promptFeedback")), "blockReason")


def usage(raw: Json) -> Usage | None:
    """Return an answer's tokens; None where it tells none. Those of thinking are part of the output."""
    told = camel(raw.get("usageMetadata"))
    if not told:
        return None
    cached, thought = tokens(told, "cachedContentTokenCount"), tokens(told, "thoughtsTokenCount")
    into, out = by_modality(told, "promptTokensDetails"), by_modality(told, "candidatesTokensDetails")
    return read_usage(
        {
            "input_tokens": tokens(told, "promptTokenCount") + tokens(told, "toolUsePromptTokenCount"),
            "output_tokens": tokens(told, "candidatesTokenCount") + thought,
            "total_tokens": tokens(told, "totalTokenCount"),
            "input_token_details": into | ({"cached_tokens": cached} if cached else {}),
            "output_token_details": out | ({"reasoning_tokens": thought} if thought else {}),
        }
    )


def tokens(raw: Json, name: str) -> int:
    """Return a count; long ones are texts in Google's JSON."""
    told = raw.get(name)
    if isinstance(told, str) and told.isascii() and told.isdecimal() and len(told) <= 15:  # noqa: PLR2004 - exact
        return int(told)
    return integer(raw, name)


def by_modality(told: Json, name: str) -> dict[str, Any]:
    """Return tokens by names such as `audio_tokens`."""
    return {
        f"{text(entry, 'modality').lower()}_tokens": tokens(entry, "tokenCount")
        for entry in objects(told, name)
        if text(entry, "modality")
    }
