"""The conversation of one connection of a scripted server: its items, and the client events that change them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from voiceloop.testing.gateway_items import Event, Item
from voiceloop.testing.gateway_words import Words
from voiceloop.testing.numbers import Run, runs
from voiceloop.testing.script import Dialect, Fail

__all__ = ["Conversation"]


class Conversation:
    """Items in order; `emit` sends an event, `fail` refuses the client's, `words` are known of numbered speech."""

    def __init__(
        self,
        dialect: Dialect,
        new_id: Callable[[str], str],
        emit: Callable[[Event], None],
        fail: Callable[[Fail, Event], None],
        words: Words,
    ) -> None:
        self.items: dict[str, Item] = {}
        """By id, deleted ones too."""
        self.order: list[str] = []
        """Ids as they stand in the conversation."""
        self.outputs: dict[str, int] = {}
        """Outputs received per call id."""
        self.confirms_truncate = True
        self._assistant_text = "output_text" if dialect == "ga" else "text"
        self._new_id = new_id
        self._emit = emit
        self._fail = fail
        self._words = words

    @property
    def calls(self) -> list[str]:
        """Ids of the function calls in the conversation."""
        items = (self.items[item_id] for item_id in self.order)
        return [item.body["call_id"] for item in items if item.body["type"] == "function_call"]

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Put an item after another one, else at the end; tells the id before it."""
        at = self.order.index(after) + 1 if after else (0 if after == "" else len(self.order))
        self.items[item.item_id] = item
        self.order.insert(at, item.item_id)
        return self.order[at - 1] if at else None

    def announce(self, item: Item, previous: str | None) -> None:
        """Send the events of a finished item."""
        for kind in ("added", "done"):
            self._emit({"type": f"conversation.item.{kind}", "previous_item_id": previous, "item": item.wire()})

    # Client events ---------------------------------------------------------------------------------------------------

    def create(self, event: Event) -> None:
        """`conversation.item.create`."""
        body = dict(event.get("item") or {})
        item_id = body.pop("id", None) or self._new_id("item")
        after = event.get("previous_item_id")
        refusal = self._refusal(item_id, body, after)
        if refusal is not None:
            self._fail(refusal, event)
            return
        if body["type"] == "function_call_output":
            self.outputs[body["call_id"]] = self.outputs.get(body["call_id"], 0) + 1
        item = Item(item_id, {"status": "completed", **body})
        item.speech = tuple(_speech(body))
        item.words = self._words.said_in(item.speech) or ""
        self.announce(item, self.add(item, "" if after == "root" else after))

    def truncate(self, event: Event) -> None:
        """`conversation.item.truncate`."""
        item = self._present(event)
        if item is None:
            return
        end_ms = event.get("audio_end_ms", 0)
        if item.body.get("role") != "assistant" or not item.samples:
            fail = Fail("unsupported_content_type", "Only model output audio messages can be truncated")
            self._fail(fail, event)
        elif end_ms > item.audio_ms:
            text = f"Audio content of {item.audio_ms}ms is already shorter than {end_ms}ms"
            self._fail(Fail("invalid_value", text), event)
        else:
            item.kept_ms = end_ms
            item.body["content"][0]["transcript"] = ""
            if self.confirms_truncate:
                answer = {"item_id": item.item_id, "content_index": 0, "audio_end_ms": end_ms}
                self._emit({"type": "conversation.item.truncated", **answer})

    def delete(self, event: Event) -> None:
        """`conversation.item.delete`."""
        item = self._present(event)
        if item is not None:
            self.order.remove(item.item_id)
            self._emit({"type": "conversation.item.deleted", "item_id": item.item_id})

    def retrieve(self, event: Event) -> None:
        """`conversation.item.retrieve`."""
        item = self._present(event)
        if item is not None:
            self._emit({"type": "conversation.item.retrieved", "item": item.wire()})

    # Inside ----------------------------------------------------------------------------------------------------------

    def _present(self, event: Event) -> Item | None:
        item_id = event.get("item_id")
        if item_id in self.order:
            return self.items[item_id]
        self._fail(Fail("item_not_found", f"Item with item_id '{item_id}' not found.", param="item_id"), event)
        return None

    def _refusal(self, item_id: str, body: Mapping[str, Any], after: str | None) -> Fail | None:
        if item_id in self.items:
            return Fail("item_create_duplicate_item_id", f"Item with id '{item_id}' already exists.", param="item.id")
        if after not in (None, "root", *self.order):
            return Fail("item_not_found", f"Previous item '{after}' not found.", param="previous_item_id")
        if body.get("type") == "function_call_output":
            call_id = body.get("call_id")
            if call_id not in self.calls or call_id in self.outputs:
                return Fail("invalid_tool_call_id", f"Tool call ID '{call_id}' has no open call.", param="item.call_id")
        return self._misshapen(body)

    def _misshapen(self, body: Mapping[str, Any]) -> Fail | None:
        if body.get("type") not in ("message", "function_call", "function_call_output"):
            return Fail("invalid_value", f"Invalid value: '{body.get('type')}'.", param="item.type")
        wanted = {self._assistant_text} if body.get("role") == "assistant" else {"input_text", "input_audio"}
        for index, part in enumerate(body.get("content") or ()):
            if part.get("type") not in wanted and part.get("type") != "input_image":
                param = f"item.content[{index}].type"
                return Fail("invalid_value", f"Invalid value: '{part.get('type')}'.", param=param)
        return None


def _speech(body: Mapping[str, Any]) -> Iterator[Run]:
    """The numbered samples of an item that the client created with audio in it."""
    for part in body.get("content") or ():
        if part.get("type") == "input_audio":
            yield from runs(base64.b64decode(part.get("audio") or ""))
