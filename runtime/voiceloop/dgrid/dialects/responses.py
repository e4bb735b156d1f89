"""OpenAI's responses: `POST /v1/responses`. Pure.

Of the request DGrid documents `model`, `input` and `stream`, and the whole answer; all else is OpenAI's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.dialects.base import Asked, Echoes
from voiceloop.dgrid.dialects.responses_reading import ResponsesReader
from voiceloop.dgrid.dialects.responses_writing import write

__all__ = ["Responses"]

PATH: Final = "/v1/responses"
STREAMED: Final[dict[str, Any]] = {"stream": True}


class Responses:
    """The dialect of `/v1/responses`. Reasoning that led to a tool call goes back with the call where it was told."""

    optional: Sequence[str] = (
        *("temperature", "top_p", "max_output_tokens", "parallel_tool_calls"),
        *("reasoning", "user", "store"),
    )

    def __init__(self) -> None:
        self._reasoning: Echoes[list[dict[str, Any]]] = Echoes()

    def asked(self, request: ChatRequest, *, streamed: bool) -> Asked:
        """Return the question. Raises SettingsError for recordings, `stop` and `contents`."""
        return Asked(PATH, write(request, self._reasoning) | (STREAMED if streamed else {}))

    def reader(self) -> ResponsesReader:
        """Return a reader for one answer."""
        return ResponsesReader(self._reasoning)
