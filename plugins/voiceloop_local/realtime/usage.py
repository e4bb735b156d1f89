"""Token counts that have the right size: nothing is billed here, but clients add them up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from voiceloop_local.realtime.checks import Json
from voiceloop_local.realtime.items import StoredItem

__all__ = ["Spent", "rate_limits", "spent_on", "text_tokens", "transcription_usage", "usage_of"]

USER_AUDIO_MS_PER_TOKEN = 100
ASSISTANT_AUDIO_MS_PER_TOKEN = 50
CACHE_BLOCK_TOKENS = 64
TOKENS_A_MINUTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens by kind."""

    text: int = 0
    audio: int = 0

    @property
    def total(self) -> int:
        """Both kinds together."""
        return self.text + self.audio

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.text + other.text, self.audio + other.audio)


def text_tokens(text: str) -> int:
    """About four characters to a token, as English has."""
    return -(-len(text) // 4)


def spent_on(items: Iterable[StoredItem]) -> Spent:
    """Tokens the items take, whether read or written."""
    total = Spent()
    for item in items:
        audio_ms = sum(part.audio_ms for part in item.parts if part.kind == "audio")
        per_token = ASSISTANT_AUDIO_MS_PER_TOKEN if item.role == "assistant" else USER_AUDIO_MS_PER_TOKEN
        text = "".join((item.words, item.name, item.arguments, item.output))
        total += Spent(text_tokens(text), -(-audio_ms // per_token))
    return total


def usage_of(read: Spent, written: Spent, cached_tokens: int, *, ga: bool) -> Json:
    """The `usage` object of a finished reply; cached tokens are part of the input and come in blocks of 64."""
    cached = min(cached_tokens, read.total) // CACHE_BLOCK_TOKENS * CACHE_BLOCK_TOKENS
    details: dict[str, Any] = {"text_tokens": read.text, "audio_tokens": read.audio, "cached_tokens": cached}
    if ga:
        cached_text = min(cached, read.text)
        details["image_tokens"] = 0
        details["cached_tokens_details"] = {
            "text_tokens": cached_text,
            "audio_tokens": cached - cached_text,
            "image_tokens": 0,
        }
    return {
        "total_tokens": read.total + written.total,
        "input_tokens": read.total,
        "output_tokens": written.total,
        "input_token_details": details,
        "output_token_details": {"text_tokens": written.text, "audio_tokens": written.audio},
    }


def transcription_usage(audio_ms: int) -> Mapping[str, Any]:
    """Recognition is counted by duration."""
    return {"type": "duration", "seconds": round(audio_ms / 1000, 3)}


def rate_limits(used_tokens: int) -> list[Json]:
    """A limit that is never reached: the models are this machine's own."""
    remaining = max(0, TOKENS_A_MINUTE - used_tokens)
    reset_s = round(used_tokens * 60 / TOKENS_A_MINUTE, 3)
    return [{"name": "tokens", "limit": TOKENS_A_MINUTE, "remaining": remaining, "reset_seconds": reset_s}]
