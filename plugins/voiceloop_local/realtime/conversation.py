"""The conversation as the server holds it: what was said, in order, and what of it was heard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from voiceloop.vocabulary import AssistantTurn, Item, ToolCall, ToolOutput, UserTurn
from voiceloop_local.realtime.checks import ClientEventError
from voiceloop_local.realtime.config import Reference
from voiceloop_local.realtime.items import StoredItem

__all__ = ["AUDIO_BUDGET_BYTES", "Conversation", "context_of"]

AUDIO_BUDGET_BYTES = 32 * 1024 * 1024
"""Audio kept for retrieval, oldest dropped first: eleven minutes of PCM at 24 kHz."""


class Conversation:
    """Items in order. Every method either does all it says or raises `ClientEventError` and changes nothing."""

    def __init__(self, conversation_id: str) -> None:
        self.conversation_id = conversation_id
        self._items: list[StoredItem] = []

    def __iter__(self) -> Iterator[StoredItem]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    @property
    def last_id(self) -> str | None:
        """The newest item, None in an empty conversation."""
        return self._items[-1].item_id if self._items else None

    @property
    def has_spoken(self) -> bool:
        """The assistant has said something aloud, which fixes its voice."""
        return any(part.kind == "audio" for item in self._items if item.role == "assistant" for part in item.parts)

    def find(self, item_id: str) -> StoredItem | None:
        """The item of that id."""
        return next((item for item in self._items if item.item_id == item_id), None)

    def insert(self, item: StoredItem, previous_id: str | None = None) -> str | None:
        """Insert after `previous_id` (`"root"` = first, None = last); returns the id of the item before it."""
        if self.find(item.item_id) is not None:
            message = f"Error adding item: an item with id '{item.item_id}' already exists."
            raise ClientEventError("item_create_duplicate_item_id", message, "item.id")
        at = self._place(previous_id)
        if item.kind == "function_call_output":
            self._check_call(item.call_id)
        self._items.insert(at, item)
        self._bound_audio()
        return self._items[at - 1].item_id if at else None

    def retrieve(self, item_id: str) -> StoredItem:
        """The item of that id."""
        return self._known(item_id, "retrieve", "retrieving")

    def delete(self, item_id: str) -> None:
        """Take an item out."""
        self._items.remove(self._known(item_id, "delete", "deleting"))

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """Forget what was not heard of an assistant's audio, and the words that belong to it."""
        item = self._known(item_id, "truncate", "truncating")
        part = item.parts[content_index] if 0 <= content_index < len(item.parts) else None
        if item.kind != "message" or item.role != "assistant" or part is None or part.kind != "audio":
            raise ClientEventError(
                "unsupported_content_type", "Only model output audio messages can be truncated.", "item_id"
            )
        if audio_end_ms > part.audio_ms:
            message = f"Audio content of {part.audio_ms}ms is already shorter than {audio_end_ms}ms"
            raise ClientEventError("invalid_value", message, "audio_end_ms")
        part.cut(audio_end_ms)

    def resolve(self, inputs: Iterable[StoredItem | Reference]) -> list[StoredItem]:
        """Items of a reply's own context, references followed."""
        resolved = []
        for one in inputs:
            item = self.find(one.item_id) if isinstance(one, Reference) else one
            if item is None:
                message = f"Item '{one.item_id}' referenced by the input does not exist."
                raise ClientEventError("invalid_value", message, "response.input")
            resolved.append(item)
        return resolved

    def _place(self, previous_id: str | None) -> int:
        if previous_id is None:
            return len(self._items)
        if previous_id == "root":
            return 0
        for n, item in enumerate(self._items):
            if item.item_id == previous_id:
                return n + 1
        message = f"Previous item with id '{previous_id}' not found in conversation."
        raise ClientEventError("item_create_invalid_previous_item_id", message, "previous_item_id")

    def _check_call(self, call_id: str) -> None:
        calls = [item for item in self._items if item.call_id == call_id]
        if not any(item.kind == "function_call" for item in calls):
            message = f"Tool call ID '{call_id}' not found in conversation."
            raise ClientEventError("invalid_tool_call_id", message, "item.call_id")
        if any(item.kind == "function_call_output" for item in calls):
            message = f"Tool call ID '{call_id}' already has an output."
            raise ClientEventError("invalid_tool_call_id", message, "item.call_id")

    def _known(self, item_id: str, verb: str, doing: str) -> StoredItem:
        item = self.find(item_id)
        if item is None:
            message = f"Error {doing} item: the item with id '{item_id}' does not exist."
            raise ClientEventError(f"item_{verb}_invalid_item_id", message, "item_id")
        return item

    def _bound_audio(self) -> None:
        parts = [part for item in self._items for part in item.parts if part.pcm and item.status != "in_progress"]
        excess = sum(len(part.pcm) for part in parts) - AUDIO_BUDGET_BYTES
        for part in parts:
            if excess <= 0:
                return
            excess -= len(part.pcm)
            part.dropped_ms = part.audio_ms
            part.pcm = bytearray()


def context_of(items: Iterable[StoredItem], instructions: str) -> tuple[str, list[Item]]:
    """Instructions and items as a brain takes them.

    System messages join the instructions; a user's message nobody could understand, and a reply of which nothing was
    heard, are left out.
    """
    context: list[Item] = []
    for item in items:
        match item.kind, item.role:
            case "function_call", _:
                context.append(ToolCall(item.call_id, item.name, item.arguments))
            case "function_call_output", _:
                context.append(ToolOutput(item.call_id, item.output))
            case _, "system":
                instructions = f"{instructions}\n{item.words}"
            case _ if not item.words:
                continue
            case _, "user":
                context.append(UserTurn(item.item_id, item.words))
            case _:
                spoken = sum(part.audio_ms for part in item.parts if part.kind == "audio")
                context.append(AssistantTurn(item.item_id, item.words, spoken or None))
    return instructions, context
