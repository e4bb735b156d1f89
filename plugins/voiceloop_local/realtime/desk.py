"""Client events about items of the conversation."""

from __future__ import annotations

from voiceloop_local.realtime.checks import Fields
from voiceloop_local.realtime.shared import Shared
from voiceloop_local.realtime.turns import Turns

__all__ = ["ItemDesk"]

LONGEST_AUDIO_MS = 24 * 3600 * 1000


class ItemDesk:
    """Creates, shows, trims and deletes items as the client asks."""

    def __init__(self, shared: Shared, turns: Turns) -> None:
        self._shared = shared
        self._turns = turns

    def create(self, event: Fields) -> None:
        """Insert an item; audio in it is recognised as if it had been appended."""
        shared = self._shared
        item = shared.dialect.read_item(event.require("item"), "item", shared.new_id, shared.config.input)
        previous = event.text("previous_item_id", "") if event.get("previous_item_id") is not None else None
        before = shared.conversation.insert(item, previous)
        shared.emit(*shared.dialect.item_added(item, before), *shared.dialect.item_done(item, before))
        self._turns.listen_to(item)
        if item.role == "user":
            shared.tongue.read(shared.config, item.words)

    def retrieve(self, event: Fields) -> None:
        """Show an item with its audio."""
        shared = self._shared
        item = shared.conversation.retrieve(_item_id(event))
        encoding = shared.config.output if item.role == "assistant" else shared.config.input
        shared.emit({"type": "conversation.item.retrieved", "item": shared.dialect.show_item(item, encoding)})

    def delete(self, event: Fields) -> None:
        """Take an item out."""
        item_id = _item_id(event)
        self._shared.conversation.delete(item_id)
        self._shared.emit({"type": "conversation.item.deleted", "item_id": item_id})

    def truncate(self, event: Fields) -> None:
        """Forget what the listener did not hear of an item."""
        item_id = _item_id(event)
        event.require("audio_end_ms")
        index = event.integer("content_index", 0, 0, 1_000)
        end_ms = event.integer("audio_end_ms", 0, 0, LONGEST_AUDIO_MS)
        self._shared.conversation.truncate(item_id, index, end_ms)
        where = {"item_id": item_id, "content_index": index, "audio_end_ms": end_ms}
        self._shared.emit({"type": "conversation.item.truncated", **where})


def _item_id(event: Fields) -> str:
    event.require("item_id")
    return event.text("item_id", "")
