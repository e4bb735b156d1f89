"""Answers of `/v1/chat/completions`, whole and as chunks of a stream, read alike. Pure; nothing it is given is too odd.

A whole answer is one chunk whose `message` stands in place of the `delta`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from voiceloop.dgrid.chat_answer import ChatDelta, Completion, Gathering, Stop
from voiceloop.dgrid.sse import ServerSentEvent
from voiceloop.vocabulary import Usage
from voiceloop.wire.items import read_usage
from voiceloop.wire.lenient import Json, child, listing, number, text

__all__ = ["ChatReader", "decoded"]

DONE: Final = "[DONE]"
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
SPOKEN: Final = frozenset({"text", "output_text", ""})
"""Types of content parts that hold words; imitators leave the type out."""


def decoded(event: ServerSentEvent) -> object:
    """Return what an event holds; None for what is no JSON, an `error` object for an event of that name."""
    try:
        raw = msgspec.json.decode(event.data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raw = None if event.event != "error" else event.data
    if event.event == "error" and not (isinstance(raw, dict) and raw.get("error")):
        return {"error": raw or "the server gave no reason"}
    return raw


class ChatReader:
    """Takes the decoded events of one answer in order."""

    def __init__(self) -> None:
        self.began = False
        """Whether anything came that belongs to an answer."""
        self._gathering = Gathering()

    @property
    def stopped(self) -> bool:
        """Whether the server said why it ends; after that only figures come."""
        return self._gathering.stop is not None

    @property
    def complete(self) -> bool:
        """Whether nothing is missing any more."""
        return self.stopped and self._gathering.usage is not None

    def done(self) -> None:
        """Take the marker that ends a stream; servers that say nothing else about the end have said all."""
        self._gathering.stop = self._gathering.stop or Stop.END

    def take(self, raw: object) -> list[ChatDelta]:
        """Return the news of a chunk."""
        if not isinstance(raw, dict) or not ("choices" in raw or "usage" in raw):
            return []
        self.began = True
        self._gathering.id = self._gathering.id or text(raw, "id")
        self._gathering.model = self._gathering.model or text(raw, "model")
        if tokens := child(raw, "usage"):
            self._gathering.usage = usage(tokens)
        choices = [choice for choice in listing(raw, "choices") if isinstance(choice, dict)]
        return [delta for choice in choices if not choice.get("index") for delta in self._choice(choice)]

    def completion(self, request_id: str) -> Completion:
        """Return the answer as far as it came."""
        return self._gathering.completion(request_id)

    def _choice(self, choice: Json) -> list[ChatDelta]:
        part = child(choice, "delta") or child(choice, "message")
        news = self._gathering.think(text(part, "reasoning_content") or text(part, "reasoning"))
        news += self._gathering.say(words(part.get("content")) + text(part, "refusal"))
        for call in listing(part, "tool_calls"):
            if isinstance(call, dict):
                news += self._call(call)
        if reason := text(choice, "finish_reason"):
            self._gathering.stop = STOPS.get(reason.lower(), Stop.OTHER)
        return news

    def _call(self, call: Json) -> list[ChatDelta]:
        function, index = child(call, "function"), number(call, "index")
        place = None if index is None else int(index)
        return self._gathering.call(
            place, text(call, "id"), text(function, "name"), arguments(function.get("arguments"))
        )


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
