"""What is to be sent: gives each message an id, and sends one again without the field a server refuses."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from voiceloop.wire.client import ClientMessage
from voiceloop.wire.codec import to_json
from voiceloop.wire.dialect import Dialect
from voiceloop.wire.items import WireError

__all__ = ["Outbox", "named_params"]

_REMEMBERED: Final = 128
_BODIES: Final = ("session", "response", "item")
_QUOTED: Final = re.compile(r"'((?:session|response|item)(?:\.[A-Za-z_]\w*|\[\d+\])+)'")
_STEP: Final = re.compile(r"[A-Za-z_]\w*")
_ESSENTIAL: Final = frozenset({"model", "rate", "type"})
"""Without these the object around them makes no sense; the whole object goes."""
_ITEM_ID: Final = "item.id"
_VOICES: Final = ("session.voice", "session.audio.output.voice")


class Outbox:
    """Frames in the order they are to be sent."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect: Dialect = dialect
        self._frames: list[bytes] = []
        self._sent: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._refused: dict[str, set[str]] = {}
        self._count = 0

    def put(self, message: ClientMessage) -> str:
        """Queue a message; returns the event id it was given. Fields refused before are left out."""
        event_id = self._next_id()
        written = to_json(replace(message, event_id=event_id), self.dialect)
        for param in self._refused.get(written["type"], ()):
            _remove(written, param)
        self._queue(event_id, written)
        return event_id

    def retry(self, event_id: str, params: tuple[str, ...]) -> str | None:
        """Queue a message once more without the first of `params` that it holds; later ones of its type lack it too.

        Returns the new event id, or None when that message is not known any more or holds none of `params`.
        """
        written = self._sent.get(event_id)
        if written is not None and "item" in written:
            params = tuple(param for param in params if param == _ITEM_ID)  # without the rest it would be another item
        dropped = None if written is None else next((param for param in params if _remove(written, param)), None)
        if written is None or dropped is None:
            return None
        self.leave_out(written["type"], dropped)
        del self._sent[event_id]
        again = self._next_id()
        self._queue(again, {**written, "event_id": again})
        return again

    def leave_out(self, type_: str, param: str) -> None:
        """Write this field into no further message of that type."""
        self._refused.setdefault(type_, set()).add(param)

    def message(self, event_id: str) -> dict[str, Any]:
        """The JSON of a message sent; empty when it is not remembered."""
        return self._sent.get(event_id, {})

    def take(self) -> list[bytes]:
        """All queued frames; the queue is empty afterwards."""
        frames, self._frames = self._frames, []
        return frames

    def _next_id(self) -> str:
        self._count += 1
        return f"vl_{self._count}"

    def _queue(self, event_id: str, written: dict[str, Any]) -> None:
        if "id" in written.get("item", ("id",)):  # an item without one, such as a picture, cannot be repaired
            self._sent[event_id] = written
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        self._frames.append(msgspec.json.encode(written))


def named_params(error: WireError) -> tuple[str, ...]:
    """The paths an error may mean, from `param` or out of its words; empty when it names none."""
    if error.code == "cannot_update_voice":
        return _VOICES
    param = error.param
    if not param:
        found = _QUOTED.search(error.message)
        param = found.group(1) if found else ""
    if not param:
        return ()
    parent, _, last = param.rpartition(".")
    if last in _ESSENTIAL and "." in parent:
        param = parent
    return (param, *(f"{body}.{param}" for body in _BODIES))


def _remove(written: dict[str, Any], param: str) -> bool:
    """Take `a.b.c` out of a message; an index ends the path, so the whole array goes. False: it was not there."""
    steps = _STEP.findall(param.partition("[")[0])
    place: Any = written
    for step in steps[:-1]:
        place = place.get(step) if isinstance(place, dict) else None
    if len(steps) <= 1 or not isinstance(place, dict) or steps[-1] not in place:
        return False
    del place[steps[-1]]
    return True
