"""OpenAI's chat completions: `POST /v1/chat/completions`. Pure; no answer is too odd to be read.

Request and whole answer are as DGrid documents them; the chunks of a stream are OpenAI's, since DGrid says only that it
streams. A whole answer is one chunk whose `message` stands in place of the `delta`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from voiceloop.dgrid.chat_answer import ChatDelta, Gathering, Stop
from voiceloop.dgrid.chat_reading import arguments, usage, words
from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.dialects.base import Asked
from voiceloop.dgrid.refused_parameters import OPTIONAL
from voiceloop.wire.lenient import Json, child, listing, number, text

__all__ = ["OpenAI", "OpenAIReader"]

PATH: Final = "/v1/chat/completions"
STREAMED: Final[dict[str, Any]] = {"stream": True, "stream_options": {"include_usage": True}}
STOPS: Final = {
    "stop": Stop.END,
    "end_turn": Stop.END,
    "length": Stop.LENGTH,
    "max_tokens": Stop.LENGTH,
    "tool_calls": Stop.TOOLS,
    "tool_use": Stop.TOOLS,
    "function_call": Stop.TOOLS,
    "content_filter": Stop.FILTERED,
}


class OpenAI:
    """The dialect of `/v1/chat/completions`; it remembers nothing."""

    optional: Sequence[str] = OPTIONAL

    def asked(self, request: ChatRequest, *, streamed: bool) -> Asked:
        """Return the question as it is: a ChatRequest has this dialect's shape."""
        return Asked(PATH, request.to_json() | (STREAMED if streamed else {}))

    def reader(self) -> OpenAIReader:
        """Return a reader for one answer."""
        return OpenAIReader()


class OpenAIReader:
    """Takes the chunks of one answer."""

    def __init__(self) -> None:
        self.answer = Gathering()

    def take(self, raw: object, event: str) -> list[ChatDelta]:
        """Return the news of a chunk."""
        if not isinstance(raw, dict) or not ("choices" in raw or "usage" in raw):
            return []
        self.answer.began = True
        self.answer.id = self.answer.id or text(raw, "id")
        self.answer.model = self.answer.model or text(raw, "model")
        if tokens := child(raw, "usage"):
            self.answer.usage = usage(tokens)
        choices = [choice for choice in listing(raw, "choices") if isinstance(choice, dict)]
        return [delta for choice in choices if not choice.get("index") for delta in self._choice(choice)]

    def _choice(self, choice: Json) -> list[ChatDelta]:
        part = child(choice, "delta") or child(choice, "message")
        news = self.answer.think(text(part, "reasoning_content") or text(part, "reasoning"))
        news += self.answer.say(words(part.get("content")) + text(part, "refusal"))
        for call in listing(part, "tool_calls"):
            if isinstance(call, dict):
                news += self._call(call)
        if reason := text(choice, "finish_reason"):
            self.answer.stop = STOPS.get(reason.lower(), Stop.OTHER)
        return news

    def _call(self, call: Json) -> list[ChatDelta]:
        function, index = child(call, "function"), number(call, "index")
        place = None if index is None else int(index)
        return self.answer.call(place, text(call, "id"), text(function, "name"), arguments(function.get("arguments")))
