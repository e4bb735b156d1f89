"""Claude's messages: `POST /v1/messages`. Pure.

Request and whole answer are as DGrid documents them; the events of a stream are Anthropic's, since DGrid is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.dialects.base import Asked, Echoes
from voiceloop.dgrid.dialects.claude_reading import ClaudeReader
from voiceloop.dgrid.dialects.claude_writing import write

__all__ = ["Claude"]

PATH: Final = "/v1/messages"
HEADERS: Final = {"anthropic-version": "2023-06-01"}
STREAMED: Final[dict[str, Any]] = {"stream": True}


class Claude:
    """The dialect of `/v1/messages`. Thinking that led to a tool call goes back with the call, as it must."""

    optional: Sequence[str] = ("temperature", "top_p", "metadata", "output_config")

    def __init__(self) -> None:
        self._thoughts: Echoes[list[dict[str, Any]]] = Echoes()

    def asked(self, request: ChatRequest, *, streamed: bool) -> Asked:
        """Return the question. Raises SettingsError for recordings, `response_format` and `contents`."""
        return Asked(PATH, write(request, self._thoughts) | (STREAMED if streamed else {}), HEADERS)

    def reader(self) -> ClaudeReader:
        """Return a reader for one answer."""
        return ClaudeReader(self._thoughts)
