"""The dialects in which chat models are asked, each a pure module: a question's JSON, and its answer's."""

from __future__ import annotations

from typing import Literal, assert_never

from voiceloop.dgrid.dialects.base import ChatDialect

__all__ = ["DialectName", "dialect"]

DialectName = Literal["openai", "responses", "claude", "gemini"]


def dialect(name: DialectName) -> ChatDialect:
    """Return a dialect for one conversation; what the others need is not loaded."""
    match name:  # each is imported where it is needed
        case "openai":
            from voiceloop.dgrid.dialects.openai import OpenAI  # noqa: PLC0415

            return OpenAI()
        case "responses":
            from voiceloop.dgrid.dialects.responses import Responses  # noqa: PLC0415

            return Responses()
        case "claude":
            from voiceloop.dgrid.dialects.claude import Claude  # noqa: PLC0415

            return Claude()
        case "gemini":
            from voiceloop.dgrid.dialects.gemini import Gemini  # noqa: PLC0415

            return Gemini()
        case _:
            assert_never(name)
