"""One response of a scripted server, as events at their times."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from voiceloop.testing.gateway_conversation import Conversation
from voiceloop.testing.gateway_items import Counters, Event, Form, Item, usage
from voiceloop.testing.gateway_outbox import Outbox
from voiceloop.testing.script import OMIT, Call, Reply, Spoken, Step

__all__ = ["ReplyRun", "Stage"]


class Stage(Protocol):
    """What a reply needs of its connection."""

    outbox: Outbox
    conversation: Conversation
    counters: Counters

    def emit(self, event: Event) -> None:
        """Send an event named as in the GA dialect."""

    def perform(self, step: Step) -> None:
        """Carry out a scripted step."""

    def reply_over(self, run: ReplyRun) -> None:
        """The response is done with."""


class ReplyRun:
    """A response from `response.created` to `response.done`."""

    def __init__(self, reply: Reply, stage: Stage, form: Form, asked: Mapping[str, Any] = MappingProxyType({})) -> None:
        self.reply = reply
        self.response_id = stage.counters.new_id("resp")
        self.in_conversation = asked.get("conversation") != "none"
        self.created = False
        self.over = False
        self.items: list[Item] = []
        self._stage = stage
        self._form = form
        self._metadata = asked.get("metadata") if form.metadata_echoed else None
        self._sent_ms = 0
        self._open: Item | None = None

    def start(self) -> None:
        """Schedule everything."""
        if self.reply.created_after_s is None:
            return
        at = self.reply.created_after_s
        self._stage.outbox.after(at, self._create, self.response_id)
        at += self.reply.audio_after_s
        for delay_s, step in self._steps():
            at += delay_s
            self._stage.outbox.after(at, step, self.response_id)

    def cancel(self, reason: str) -> None:
        """Stop, unless the script says this reply does not listen; late audio still goes out."""
        if self.reply.ignores_cancel or self.over:
            return
        self._stage.outbox.drop(self.response_id)
        if not self.created:
            self._create()
        item = self._open
        if self.reply.late_ms and item is not None and item.samples:
            for chunk in self._form.audio(item, self.reply.late_ms):
                self._delta(item, chunk)
        if item is not None:
            self._close_item(item, "incomplete")
        self._finish("cancelled", {"type": "cancelled", "reason": reason})

    # Events ----------------------------------------------------------------------------------------------------------

    def _create(self) -> None:
        self.created = True
        self._stage.emit({"type": "response.created", "response": self._response("in_progress", None, usage=None)})
        self._stage.emit(
            {
                "type": "rate_limits.updated",
                "rate_limits": [{"name": "tokens", "limit": 40_000, "remaining": 39_000, "reset_seconds": 1.5}],
            }
        )

    def _steps(self) -> Iterator[tuple[float, Callable[[], None]]]:
        for spoken in self.reply.says:
            yield from self._message(spoken)
        for call in self.reply.calls:
            yield from self._call(call)
        yield 0.0, self._end

    def _message(self, spoken: Spoken) -> Iterator[tuple[float, Callable[[], None]]]:
        body = {"type": "message", "role": "assistant", "status": "in_progress", "content": []}
        item = Item(self._stage.counters.new_id("item"), body, rate_hz=self._form.rate_hz)
        yield 0.0, lambda: self._open_item(item, spoken)
        words = spoken.text.split(" ")
        if self._form.silent(spoken):
            for word in _spread(words, len(words)):
                yield 0.0, lambda word=word: self._text(item, word)  # type: ignore[misc]
        else:
            yield from self._speech(item, spoken, words)
        yield 0.0, lambda: self._close_item(item, "completed")

    def _speech(self, item: Item, spoken: Spoken, words: list[str]) -> Iterator[tuple[float, Callable[[], None]]]:
        item.first_number = self._stage.counters.next_number(spoken.audio_ms * item.rate_hz // 1000)
        count = -(-spoken.audio_ms // self.reply.delta_ms)
        texts = [""] * count if self.reply.transcript_last else _spread(words, count)
        left = spoken.audio_ms
        for text in texts:
            size_ms = min(left, self.reply.delta_ms)
            left -= size_ms
            yield 0.0, lambda text=text, size_ms=size_ms: self._say(item, text, size_ms)  # type: ignore[misc]
            yield (size_ms / 1000 / self.reply.pace if self.reply.pace else 0.0), _nothing
        if self.reply.transcript_last:
            yield 0.0, lambda: self._transcript(item, spoken.text)

    def _call(self, call: Call) -> Iterator[tuple[float, Callable[[], None]]]:
        call_id = call.call_id or self._stage.counters.new_id("call")
        body = {"type": "function_call", "status": "in_progress", "name": call.name, "call_id": call_id}
        item = Item(self._stage.counters.new_id("item"), {**body, "arguments": ""})
        yield 0.0, lambda: self._open_item(item, None)
        yield 0.0, lambda: self._arguments(item, call.arguments)
        yield 0.0, lambda: self._close_item(item, "completed")

    def _open_item(self, item: Item, spoken: Spoken | None) -> None:
        self._open = item
        self.items.append(item)
        index = {"response_id": self.response_id, "output_index": len(self.items) - 1}
        self._stage.emit({"type": "response.output_item.added", **index, "item": item.wire()})
        if self.in_conversation:
            previous = self._stage.conversation.add(item)
            self._stage.emit({"type": "conversation.item.added", "previous_item_id": previous, "item": item.wire()})
        if spoken is not None:
            part = {"type": "text", "text": ""} if self._form.silent(spoken) else {"type": "audio", "transcript": ""}
            self._stage.emit({"type": "response.content_part.added", **self._where(item), "part": part})
            item.body["content"] = [{**part, "type": self._form.content_type(part["type"])}]

    def _say(self, item: Item, text: str, size_ms: int) -> None:
        cut_after = self.reply.cut_after_ms
        if cut_after is not None and self._sent_ms >= cut_after:
            self._stage.outbox.drop(self.response_id)
            self._stage.perform(self.reply.cut)
            return
        if text:
            self._transcript(item, text)
        for chunk in self._form.audio(item, size_ms):
            self._delta(item, chunk)
        self._sent_ms += size_ms

    def _transcript(self, item: Item, text: str) -> None:
        item.body["content"][0]["transcript"] += text
        self._stage.emit({"type": "response.output_audio_transcript.delta", **self._where(item), "delta": text})

    def _text(self, item: Item, text: str) -> None:
        item.body["content"][0]["text"] += text
        self._stage.emit({"type": "response.output_text.delta", **self._where(item), "delta": text})

    def _arguments(self, item: Item, arguments: str) -> None:
        item.body["arguments"] = arguments
        where = {key: value for key, value in self._where(item).items() if key != "content_index"}
        where["call_id"] = item.body["call_id"]
        for piece in _halves(arguments):
            self._stage.emit({"type": "response.function_call_arguments.delta", **where, "delta": piece})
        done = {"type": "response.function_call_arguments.done", **where, "arguments": arguments}
        if not self._form.beta:
            done["name"] = item.body["name"]
        self._stage.emit(done)

    def _delta(self, item: Item, chunk: bytes) -> None:
        event: Event = {"type": "response.output_audio.delta", **self._where(item)}
        event["delta"] = base64.b64encode(chunk).decode()
        if self.reply.padding_bytes:
            event["obfuscation"] = "x" * self.reply.padding_bytes
        self._stage.emit(event)

    def _close_item(self, item: Item, status: str) -> None:
        self._open = None
        item.body["status"] = status
        content = item.body.get("content")
        if content:
            self._close_part(item, content[0])
        index = {"response_id": self.response_id, "output_index": self.items.index(item)}
        self._stage.emit({"type": "response.output_item.done", **index, "item": item.wire()})
        if self.in_conversation:
            self._stage.emit({"type": "conversation.item.done", "item": item.wire()})

    def _close_part(self, item: Item, part: Event) -> None:
        where = self._where(item)
        if "transcript" in part:
            self._stage.emit({"type": "response.output_audio.done", **where})
            done = {"type": "response.output_audio_transcript.done", **where, "transcript": part["transcript"]}
            self._stage.emit(done)
            shown = {"type": "audio", "transcript": part["transcript"]}
        else:
            self._stage.emit({"type": "response.output_text.done", **where, "text": part["text"]})
            shown = {"type": "text", "text": part["text"]}
        self._stage.emit({"type": "response.content_part.done", **where, "part": shown})

    def _end(self) -> None:
        if not self.reply.ends:
            return
        details = self.reply.status_details
        if details is None:
            details = _DETAILS[self.reply.status]
        self._finish(self.reply.status, details)

    def _finish(self, status: str, details: Any) -> None:  # noqa: ANN401 - a JSON value
        self.over = True
        figures = usage(self.items) if self.reply.usage is None else self.reply.usage
        self._stage.reply_over(self)
        self._stage.emit({"type": "response.done", "response": self._response(status, details, usage=figures)})

    def _where(self, item: Item) -> Event:
        index = self.items.index(item)
        return {"response_id": self.response_id, "item_id": item.item_id, "output_index": index, "content_index": 0}

    def _response(self, status: str, details: Any, *, usage: Any) -> Event:  # noqa: ANN401 - JSON values
        response: Event = {
            "id": self.response_id,
            "object": "realtime.response",
            "status": status,
            "status_details": details,
            "output": [item.wire() for item in self.items],
            "conversation_id": "conv_1" if self.in_conversation else None,
            "metadata": self._metadata,
        }
        return response if usage is OMIT else {**response, "usage": usage}


_DETAILS: dict[str, Any] = {
    "completed": None,
    "cancelled": {"type": "cancelled", "reason": "client_cancelled"},
    "incomplete": {"type": "incomplete", "reason": "max_output_tokens"},
    "failed": {"type": "failed", "error": {"type": "server_error", "code": "rate_limit_exceeded"}},
}


def _nothing() -> None:
    """Only time passes."""


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def _spread(words: list[str], pieces: int) -> list[str]:
    """Words over so many pieces, spaces where they belong."""
    spaced = [word if not at else f" {word}" for at, word in enumerate(words)]
    ends = [round((piece + 1) * len(spaced) / pieces) for piece in range(pieces)]
    return ["".join(spaced[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
