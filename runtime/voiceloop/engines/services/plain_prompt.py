"""A conversation with a model that only goes on with a text: a chat dialect of `POST /v1/completions`. Pure.

Request and answer are as DGrid documents them, chunks of a stream are OpenAI's. Such models know no tools, pictures or
sound, and would go on with the user's next words: what they write from there on is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, assert_never

from voiceloop.dgrid.chat_answer import ChatDelta, Gathering, Stop
from voiceloop.dgrid.chat_reading import usage
from voiceloop.dgrid.chat_request import (
    AssistantMessage,
    ChatRequest,
    SystemMessage,
    TextPart,
    ToolMessage,
    UserMessage,
)
from voiceloop.dgrid.dialects.base import Asked
from voiceloop.dgrid.dialects.openai import STOPS
from voiceloop.dgrid.refused_parameters import OPTIONAL
from voiceloop.wire.lenient import child, listing, text

__all__ = ["PlainPrompt"]

PATH: Final = "/v1/completions"
USER, ASSISTANT, TOOL = "User:", "Assistant:", "Tool:"
ENDS: Final = ("\nUser:", "\nAssistant:", "\nTool:")
"""What the model writes when its own turn is over."""
MOST_TOKENS: Final = 400
"""Servers give 16 where nothing is said: half a sentence."""


class PlainPrompt:
    """The dialect; it remembers nothing."""

    optional: Sequence[str] = (*OPTIONAL, "stop")

    def asked(self, request: ChatRequest, *, streamed: bool) -> Asked:
        """Return the question as a dialogue to go on with. Tools are left out, and so is what is no text."""
        lines = [line for message in request.messages for line in _lines(message)]
        limit = request.max_tokens or request.max_completion_tokens or MOST_TOKENS
        body: dict[str, Any] = {
            "model": request.model,
            "prompt": "\n".join([*lines, ASSISTANT]),
            "max_tokens": limit,
            "stop": list(ENDS),
        }
        wishes = {"temperature": request.temperature, "top_p": request.top_p}
        body |= {name: value for name, value in wishes.items() if value is not None}
        return Asked(PATH, body | ({"stream": True} if streamed else {}))

    def reader(self) -> PlainReader:
        """Return a reader for one answer."""
        return PlainReader()


class PlainReader:
    """Takes the chunks of one answer, or the whole of it."""

    def __init__(self) -> None:
        self.answer = Gathering()
        self._held = ""
        """What may be the beginning of the next turn."""

    def take(self, raw: object, event: str) -> list[ChatDelta]:
        """Return the news of a chunk."""
        if not isinstance(raw, dict) or not ("choices" in raw or "usage" in raw):
            return []
        gathered = self.answer
        gathered.began = True
        gathered.id = gathered.id or text(raw, "id")
        gathered.model = gathered.model or text(raw, "model")
        if tokens := child(raw, "usage"):
            gathered.usage = usage(tokens)
        news: list[ChatDelta] = []
        for choice in listing(raw, "choices"):
            if isinstance(choice, dict) and not choice.get("index") and not gathered.closed:
                news += self._said(text(choice, "text"))
                if reason := text(choice, "finish_reason"):
                    gathered.stop = gathered.stop or STOPS.get(reason.lower(), Stop.OTHER)
                    news += gathered.say(self._held)
                    self._held = ""
        return news

    def _said(self, more: str) -> list[ChatDelta]:
        written = self._held + more
        over = [at for at in map(written.find, ENDS) if at >= 0]
        if over:
            self.answer.close()
            written, self._held = written[: min(over)], ""
        else:
            keep = max((size for end in ENDS for size in range(len(end)) if written.endswith(end[:size])), default=0)
            written, self._held = written[: len(written) - keep], written[len(written) - keep :]
        return self.answer.say(written)


def _lines(message: SystemMessage | UserMessage | AssistantMessage | ToolMessage) -> Iterator[str]:
    match message:
        case SystemMessage(content=content):
            yield f"{content}\n"
        case UserMessage(content=str() as content):
            yield f"{USER} {content}"
        case UserMessage(content=parts):
            words = " ".join(part.text for part in parts if isinstance(part, TextPart))
            if words:
                yield f"{USER} {words}"
        case AssistantMessage(content=content):
            if content:
                yield f"{ASSISTANT} {content}"
        case ToolMessage(content=content):
            yield f"{TOOL} {content}"
        case _:
            assert_never(message)
