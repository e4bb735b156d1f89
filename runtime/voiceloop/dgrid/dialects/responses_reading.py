"""Answers of `/v1/responses`, whole and as events of a stream, read alike. Pure; nothing it is given is too odd.

A stream tells most things three times: in pieces, when a part is done, and in the response at its end. What came before
is not taken twice, and what did not is made up for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, assert_never

from voiceloop.dgrid.chat_answer import ChatDelta, Gathering, Stop
from voiceloop.dgrid.chat_reading import arguments, usage
from voiceloop.dgrid.dialects.base import Echoes
from voiceloop.wire.lenient import Json, child, integer, listing, number, text

__all__ = ["ResponsesReader"]

Kind = Literal["words", "arguments", "thoughts"]
ENDS: Final = frozenset({"completed", "incomplete", "failed", "cancelled"})
STOPS: Final = {"max_output_tokens": Stop.LENGTH, "content_filter": Stop.FILTERED}
"""Why a response is incomplete."""
GROWS: Final[Mapping[str, Kind]] = {
    "output_text": "words",
    "refusal": "words",
    "function_call_arguments": "arguments",
    "reasoning_text": "thoughts",
    "reasoning_summary_text": "thoughts",
}
"""Which events bring pieces, and of what."""
HOLDS: Final[Mapping[str, Kind]] = {"message": "words", "function_call": "arguments", "reasoning": "thoughts"}
"""Which items are of use, and for what."""
SPOKEN: Final = frozenset({"output_text", "text", "refusal", ""})
ECHOED: Final = ("type", "id", "summary", "encrypted_content")
"""What goes back of reasoning; servers refuse more."""


class ResponsesReader:
    """Takes the events of one answer. What was reasoned before a call is kept, where the server told it encrypted."""

    def __init__(self, reasoning: Echoes[list[dict[str, Any]]]) -> None:
        self.answer = Gathering()
        self._reasoning = reasoning
        self._reasoned: list[dict[str, Any]] = []
        """Items since the last call."""
        self._places: dict[str, int] = {}
        """Where in the answer the items are, by their ids."""
        self._told: dict[tuple[Kind, int, int], str] = {}
        """What came so far, by its kind, item and part of the item."""

    def take(self, raw: object, event: str) -> list[ChatDelta]:
        """Return the news of an event; imitators leave out its type or its name."""
        if not isinstance(raw, dict):
            return []
        kind = text(raw, "type") or event
        if not kind.startswith("response."):
            return self._response(raw, "") if raw.get("object") == "response" or "output" in raw else []
        self.answer.began = True
        family, _, verb = kind.removeprefix("response.").rpartition(".")
        if family in GROWS:
            return self._piece(GROWS[family], raw, done=verb == "done")
        if family == "output_item":
            return self._item(self._place(raw), child(raw, "item"), done=verb == "done")
        return [] if family else self._response(child(raw, "response"), verb)  # else a server's own tools

    def _response(self, response: Json, status: str) -> list[ChatDelta]:
        """Take the response as it is by now; in the end, what nothing came of before is taken from its items."""
        self.answer.began = True
        self.answer.id = text(response, "id") or self.answer.id
        self.answer.model = text(response, "model") or self.answer.model
        if tokens := child(response, "usage"):
            self.answer.usage = usage(tokens)
        status = text(response, "status") or status
        if status not in ENDS:
            return []
        told = {kind for (kind, _, _), what in self._told.items() if what}
        news: list[ChatDelta] = []
        for index, item in enumerate(listing(response, "output")):
            if isinstance(item, dict) and HOLDS.get(text(item, "type")) not in told:
                news += self._item(self._places.get(text(item, "id"), index), item, done=True)
        self.answer.closed = True
        self.answer.stop = Stop.END if status == "completed" else why(response)
        return news

    # Items -----------------------------------------------------------------------------------------------------------

    def _place(self, raw: Json) -> int:
        """Return which item of the answer an event is about, by its index or by the id of the item."""
        item_id, index = text(raw, "item_id") or text(child(raw, "item"), "id"), number(raw, "output_index")
        if index is None:
            return self._places.setdefault(item_id, len(self._places))
        return self._places.setdefault(item_id, int(index)) if item_id else int(index)

    def _item(self, place: int, item: Json, *, done: bool) -> list[ChatDelta]:
        """Take an item as it begins, or as it is in the end."""
        match HOLDS.get(text(item, "type")):
            case "arguments":
                news = self._call(place, item)
                return news + (self._reach("arguments", place, 0, arguments(item.get("arguments"))) if done else [])
            case "words" if done:
                parts = [part if isinstance(part, dict) else {} for part in listing(item, "content")]
                return [
                    delta
                    for index, part in enumerate(parts)
                    if text(part, "type") in SPOKEN
                    for delta in self._reach("words", place, index, text(part, "text") + text(part, "refusal"))
                ]
            case "thoughts" if done:
                if text(item, "encrypted_content"):
                    self._reasoned.append({name: item[name] for name in ECHOED if name in item})
                told = any(kind == "thoughts" for kind, _, _ in self._told)
                return [] if told else self._grow("thoughts", place, 0, reasons(item))
            case _:
                return []

    def _call(self, place: int, item: Json) -> list[ChatDelta]:
        """Take a call whose arguments are still to come; once."""
        call_id = text(item, "call_id") or text(item, "id")
        if ("arguments", place, 0) in self._told:
            return []
        self._told["arguments", place, 0] = ""
        if call_id and self._reasoned:
            self._reasoning.keep(call_id, self._reasoned)
            self._reasoned = []
        return self.answer.call(place, call_id, text(item, "name"), "")

    # Growth ----------------------------------------------------------------------------------------------------------

    def _piece(self, kind: Kind, raw: Json, *, done: bool) -> list[ChatDelta]:
        place = self._place(raw)
        part = 0 if kind == "arguments" else integer(raw, "content_index") + integer(raw, "summary_index")
        if not done:
            return self._grow(kind, place, part, text(raw, "delta"))
        whole = arguments(raw.get("arguments")) if kind == "arguments" else text(raw, "text") + text(raw, "refusal")
        return self._reach(kind, place, part, whole)

    def _reach(self, kind: Kind, place: int, part: int, whole: str) -> list[ChatDelta]:
        """Make up for what of a part did not come; where another text came, that one stands."""
        told = self._told.get((kind, place, part), "")
        return self._grow(kind, place, part, whole[len(told) :]) if whole.startswith(told) else []

    def _grow(self, kind: Kind, place: int, part: int, more: str) -> list[ChatDelta]:
        if not more:
            return []
        self._told[kind, place, part] = self._told.get((kind, place, part), "") + more
        match kind:
            case "words":
                return self.answer.say(more)
            case "thoughts":
                return self.answer.think(more)
            case "arguments":
                return self.answer.call(place, "", "", more)
            case _:
                assert_never(kind)


def why(response: Json) -> Stop:
    """Return why a response came to no good end."""
    return STOPS.get(text(child(response, "incomplete_details"), "reason"), Stop.OTHER)


def reasons(item: Json) -> str:
    """Return what reasoning says of itself."""
    parts = listing(item, "summary") + listing(item, "content")
    return "".join(text(part, "text") for part in parts if isinstance(part, dict))
