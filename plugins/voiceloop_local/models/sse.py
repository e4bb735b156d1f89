"""Server-sent events and streamed chat deltas, put together; pure."""

from __future__ import annotations

import json
from typing import Any

from voiceloop_local.seams import Call

__all__ = ["ChatStream"]


class ChatStream:
    """Takes the lines of a streamed chat completion; gives text as it comes and tool calls at the end."""

    def __init__(self) -> None:
        self._calls: dict[int, dict[str, str]] = {}
        self.error: str | None = None
        self.done = False

    def line(self, line: str) -> str:
        """Return the text in one line of the event stream; comments and other fields hold none."""
        if not line.startswith("data:"):
            return ""
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            self.done = True
            return ""
        try:
            return self._chunk(json.loads(data))
        except ValueError:
            self.error = "the chat server sent a line that is not JSON"
            return ""

    def calls(self) -> list[Call]:
        """Return the tool calls, in the server's order; those without a name are dropped."""
        ordered = [self._calls[index] for index in sorted(self._calls)]
        return [Call(call["name"], call["arguments"] or "{}") for call in ordered if call["name"]]

    def _chunk(self, chunk: Any) -> str:  # noqa: ANN401 - whatever the server sent
        if not isinstance(chunk, dict):
            return ""
        if chunk.get("error"):
            self.error = str(chunk["error"])[:300]
        text = ""
        for choice in chunk.get("choices") or ():
            delta = choice.get("delta") or {}
            text += delta.get("content") or ""
            for part in delta.get("tool_calls") or ():
                self._part(part)
        return text

    def _part(self, part: dict[str, Any]) -> None:
        """Ids and names come once, arguments in pieces; some servers leave out the index and send each call whole."""
        function = part.get("function") or {}
        index = part.get("index")
        if index is None:
            index = len(self._calls)
        call = self._calls.setdefault(index, {"name": "", "arguments": ""})
        call["name"] += function.get("name") or ""
        arguments = function.get("arguments") or ""
        call["arguments"] += arguments if isinstance(arguments, str) else json.dumps(arguments)
