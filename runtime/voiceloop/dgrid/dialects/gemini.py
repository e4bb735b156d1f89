"""Gemini's content: `POST /v1/models/{model}:generateContent`. Pure.

Contents, parts and whole answers are as DGrid documents them; tools, instructions, thinking and streams
(`:streamGenerateContent?alt=sse`) are Google's, since DGrid is silent. Servers that overlook `alt=sse` stream an array.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from voiceloop.dgrid.chat_request import AssistantMessage, ChatMessage, ChatRequest
from voiceloop.dgrid.dialects.base import Asked, Echoes
from voiceloop.dgrid.dialects.gemini_json import path
from voiceloop.dgrid.dialects.gemini_reading import GeminiReader
from voiceloop.dgrid.dialects.gemini_writing import write
from voiceloop.wire.lenient import Json

__all__ = ["Gemini"]

OURS: Final = re.compile(r"gemini_([0-9]{1,9})")
"""Ids of calls to which the server gave none."""


class Gemini:
    """The dialect of `:generateContent`. Signatures of thinking go back with the calls that they came with."""

    optional: Sequence[str] = ()
    """What models refuse stands inside of `generationConfig`, and limits with it, so that it cannot be left out."""

    def __init__(self) -> None:
        self._echoes: Echoes[Json] = Echoes()
        self._last = 0

    def asked(self, request: ChatRequest, *, streamed: bool) -> Asked:
        """Return the question. Raises SettingsError for `logit_bias`."""
        self._last = max(self._last, *map(numbered, request.messages))
        method = "streamGenerateContent?alt=sse" if streamed else "generateContent"
        return Asked(path(request.model, method), write(request, self._echoes))

    def reader(self) -> GeminiReader:
        """Return a reader for one answer."""
        return GeminiReader(self._echoes, self._new_id)

    def _new_id(self) -> str:
        """Return an id that no call of this conversation has, those before this dialect's time included."""
        self._last += 1
        return f"gemini_{self._last}"


def numbered(message: ChatMessage) -> int:
    """Return the highest number among the invented ids of a message; 0 where it holds none."""
    calls = message.tool_calls if isinstance(message, AssistantMessage) else ()
    return max((int(ours[1]) for call in calls if (ours := OURS.fullmatch(call.call_id))), default=0)
