"""One reply from `response.created` to `response.done`: what it has said so far, and the events that tell it.

Every method returns the events to send, in order, in GA names, which the dialect translates. Nothing is returned
after the reply has finished, so a producer that is still unwinding can do no harm.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

from voiceloop_local.realtime.checks import Json
from voiceloop_local.realtime.config import ReplySettings, rate_of
from voiceloop_local.realtime.dialect import Dialect
from voiceloop_local.realtime.items import ItemStatus, Part, StoredItem
from voiceloop_local.realtime.usage import Spent, spent_on, usage_of

__all__ = ["Reply"]

ARGUMENT_DELTA_CHARS = 24

Insert = Callable[[StoredItem], str | None]
"""Puts an item of the reply into the conversation and returns the id of the item before it."""


class Reply:
    """The bookkeeping of one response."""

    def __init__(
        self,
        response_id: str,
        conversation_id: str | None,
        settings: ReplySettings,
        dialect: Dialect,
        insert: Insert,
        new_id: Callable[[str], str],
    ) -> None:
        self.response_id = response_id
        self.settings = settings
        self.output: list[StoredItem] = []
        self.read = Spent()
        """Tokens of the context, set once it is known."""
        self.cached_tokens = 0
        self.status = "in_progress"
        self._status_details: Json | None = None
        self._usage: Json | None = None
        self._conversation_id = conversation_id
        self._dialect = dialect
        self._insert = insert
        self._new_id = new_id
        self._part: Part | None = None
        self._previous_id: str | None = None

    @property
    def finished(self) -> bool:
        """`response.done` was returned."""
        return self.status != "in_progress"

    @property
    def full(self) -> bool:
        """The output has reached its token limit."""
        limit = self.settings.max_output_tokens
        return limit != "inf" and spent_on(self.output).total >= limit

    def begin(self) -> list[Json]:
        """Announce the reply."""
        return [{"type": "response.created", "response": self._show()}]

    def spaced(self, text: str) -> str:
        """`text` as it continues the open message: a space apart."""
        return f" {text}" if self._part is not None and self._part.text else text

    def words(self, delta: str) -> list[Json]:
        """Add words, opening a message if none is open."""
        if self.finished:
            return []
        events, part = self._open_part()
        part.add_words(delta)
        kind = "output_audio_transcript" if self.settings.speaks else "output_text"
        return [*events, self._of_part(f"response.{kind}.delta", delta=delta)]

    def audio(self, pcm: bytes, wire: bytes) -> list[Json]:
        """Add audio: `pcm` to remember, at the rate of the output format, `wire` to send."""
        if self.finished:
            return []
        events, part = self._open_part()
        part.add_audio(pcm)
        delta = base64.b64encode(wire).decode()
        return [*events, self._of_part("response.output_audio.delta", delta=delta)]

    def close_message(self, status: ItemStatus = "completed") -> list[Json]:
        """End the open message, if there is one."""
        part, self._part = self._part, None
        if part is None:
            return []
        text = part.text or ""
        if part.kind == "audio":
            events = [
                self._of_part("response.output_audio.done"),
                self._of_part("response.output_audio_transcript.done", transcript=text),
            ]
        else:
            events = [self._of_part("response.output_text.done", text=text)]
        shown = self._dialect.show_part(part)
        return [*events, self._of_part("response.content_part.done", part=shown), *self._close_item(status)]

    def call(self, name: str, arguments: str) -> list[Json]:
        """Add a whole function call."""
        if self.finished:
            return []
        events = self.close_message()
        item_id, call_id = self._new_id("item"), self._new_id("call")
        item = StoredItem(item_id, "function_call", "in_progress", "assistant", call_id=call_id, name=name)
        events += self._open_item(item)
        head = {"item_id": item_id, "call_id": call_id}
        for start in range(0, len(arguments), ARGUMENT_DELTA_CHARS):
            delta = arguments[start : start + ARGUMENT_DELTA_CHARS]
            events.append(self._of_item("response.function_call_arguments.delta", **head, delta=delta))
        item.arguments = arguments
        done = self._of_item("response.function_call_arguments.done", **head, name=name, arguments=arguments)
        return [*events, done, *self._close_item("completed")]

    def finish(self, status: str, reason: str = "", error: Json | None = None) -> list[Json]:
        """End the reply; a message still open is incomplete unless the reply is completed."""
        if self.finished:
            return []
        events = self.close_message("completed" if status == "completed" else "incomplete")
        self.status = status
        if status != "completed":
            self._status_details = {"type": status} | ({"reason": reason} if reason else {"error": error})
        self._usage = usage_of(self.read, spent_on(self.output), self.cached_tokens, ga=self._dialect.ga)
        return [*events, {"type": "response.done", "response": self._show()}]

    # Events ----------------------------------------------------------------------------------------------------------

    def _show(self) -> Json:
        return {
            "object": "realtime.response",
            "id": self.response_id,
            "status": self.status,
            "status_details": self._status_details,
            "output": [self._dialect.show_item(item) for item in self.output],
            "conversation_id": self._conversation_id,
            "metadata": self.settings.metadata,
            "usage": self._usage,
            **self._dialect.show_reply_settings(self.settings),
        }

    def _of_item(self, kind: str, **fields: object) -> Json:
        return {"type": kind, "response_id": self.response_id, "output_index": len(self.output) - 1, **fields}

    def _of_part(self, kind: str, **fields: object) -> Json:
        return self._of_item(kind, item_id=self.output[-1].item_id, content_index=0, **fields)

    def _open_part(self) -> tuple[list[Json], Part]:
        if self._part is not None:
            return [], self._part
        self._part = Part("audio" if self.settings.speaks else "text", rate_hz=rate_of(self.settings.output))
        item = StoredItem(self._new_id("item"), "message", "in_progress", "assistant")
        events = self._open_item(item)
        item.parts.append(self._part)
        shown = self._dialect.show_part(self._part)
        return [*events, self._of_part("response.content_part.added", part=shown)], self._part

    def _open_item(self, item: StoredItem) -> list[Json]:
        self.output.append(item)
        events = [self._of_item("response.output_item.added", item=self._dialect.show_item(item))]
        if self._conversation_id is not None:
            self._previous_id = self._insert(item)
            events += self._dialect.item_added(item, self._previous_id)
        return events

    def _close_item(self, status: ItemStatus) -> list[Json]:
        item = self.output[-1]
        item.status = status
        shown = self._dialect.show_item(item)
        events = [self._of_item("response.output_item.done", item=shown)]
        if self._conversation_id is not None:
            events += self._dialect.item_done(item, self._previous_id)
        return events
