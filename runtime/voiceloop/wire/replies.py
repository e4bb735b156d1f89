"""What the server's responses amount to: words, sound received, calls, endings. Each told once, however often it came.

Servers tell the same thing several times (delta, done, item done, response done) and some leave most of it out; a
server may even skip `response.created`. Whatever comes first counts, the rest only fills gaps.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from voiceloop import events
from voiceloop.events import Event
from voiceloop.vocabulary import AudioFormat, ReplyStatus, ToolCall
from voiceloop.wire import server
from voiceloop.wire.asks import Asks
from voiceloop.wire.fast import AudioDelta
from voiceloop.wire.faults import describe
from voiceloop.wire.items import CallItem, MessageItem, Response, Spot, WireItem
from voiceloop.wire.outside import Outside

__all__ = ["AudioChunk", "Part", "Replies", "Reply"]

_KEPT: Final = 64
_CALLS_KEPT: Final = 1_024
_STATUSES: Final = {status.value: status for status in ReplyStatus}


@dataclass(slots=True)
class Part:
    """One content part as received so far."""

    received_bytes: int = 0
    """Whole samples only, in the wire encoding."""
    carry: bytes = b""
    """Half a sample whose other half comes with the next delta."""
    said: str = ""
    written: bool = False
    """Its words are text, not the transcript of sound."""

    def take(self, payload: bytes, sample_bytes: int) -> bytes:
        """Count received sound; returns the samples that are whole now, the rest waits for the next delta."""
        if self.carry or len(payload) & 1:
            payload = self.carry + payload
            whole = len(payload) - len(payload) % sample_bytes
            self.carry = payload[whole:]
            payload = payload[:whole]
        self.received_bytes += len(payload)
        return payload


@dataclass(slots=True)
class _Call:
    item_id: str
    call_id: str
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Reply:
    """One response as received so far."""

    reply_id: str
    response_id: str
    """Empty when the server never gave one."""
    running: bool = True
    sounding: bool = False
    item_id: str = ""
    """The newest message item, for servers that leave `item_id` out."""
    parts: dict[tuple[str, int], Part] = field(default_factory=dict)
    calls: list[_Call] = field(default_factory=list)

    def part(self, item_id: str, content_index: int) -> Part:
        """The part at that place, new if need be."""
        key = (item_id, content_index)
        found = self.parts.get(key)
        if found is None:
            found = self.parts[key] = Part()
        return found

    def call(self, item_id: str, call_id: str, name: str = "") -> _Call:
        """The call known by either id, new if need be; what was unknown of it is filled in."""
        for call in self.calls:
            if (item_id and call.item_id == item_id) or (call_id and call.call_id == call_id):
                call.call_id = call.call_id or call_id
                call.name = call.name or name
                return call
        self.calls.append(_Call(item_id, call_id, name))
        return self.calls[-1]


class AudioChunk(msgspec.Struct, gc=False):
    """Received sound of one content part, in the wire encoding; whole samples."""

    reply_id: str
    item_id: str
    content_index: int
    payload: bytes
    events: tuple[Event, ...] = ()
    """To report before the sound: what the reply's first sound brings."""


class Replies:
    """All responses of one connection, the last 64 of them in memory."""

    def __init__(self, asks: Asks, format_: AudioFormat, id_suffix: str = "") -> None:
        """`id_suffix` ends the id of every reply and call."""
        self._id_suffix = id_suffix
        self.format = format_
        """What sound arrives in."""
        self._asks = asks
        self._replies: OrderedDict[str, Reply] = OrderedDict()
        self._reported: deque[str] = deque(maxlen=_CALLS_KEPT)
        self._unnamed = 0
        self.outside = Outside()

    def get(self, reply_id: str) -> Reply | None:
        """The reply of that id, if it is remembered."""
        return self._replies.get(reply_id.removesuffix(self._id_suffix)) if reply_id.endswith(self._id_suffix) else None

    def find(self, response_id: str, told: list[Event], metadata: Mapping[str, str] | None = None) -> Reply:
        """The reply an event belongs to; a new one adds `ReplyStarted` to `told`.

        An event without a response id belongs to the newest reply that still runs, else to the newest.
        """
        if response_id in self.outside:
            return Reply("", response_id, running=False)  # nothing is told of one that is over
        reply = self._replies.get(response_id) if response_id else self._newest()
        return reply or self._begin(response_id, told, metadata or {})

    def created(self, response: Response) -> list[Event]:
        """A response began; nothing is told when an earlier event of it already told so."""
        told: list[Event] = []
        if self.outside.takes(response):
            return told
        newest = self._newest()
        if response.id:
            self.find(response.id, told, response.metadata)
        elif newest is None or not newest.running:
            self._begin("", told, response.metadata)
        return told

    def received_ms(self, part: Part) -> int:
        """Milliseconds of sound received of a part."""
        samples = part.received_bytes // self.format.wire_bytes_per_sample
        return samples * 1000 // self.format.rate_hz

    def sound(self, delta: AudioDelta) -> AudioChunk | None:
        """More sound, counted; None when its reply is over. The hot call."""
        reply = self._replies.get(delta.response_id)
        if reply is None or not reply.sounding:
            return self._first_sound(delta)
        if not reply.running:
            return None
        item_id = delta.item_id or reply.item_id
        payload = reply.part(item_id, delta.content_index).take(delta.delta, self.format.wire_bytes_per_sample)
        return AudioChunk(reply.reply_id, item_id, delta.content_index, payload)

    def words(self, spot: Spot, delta: str, *, written: bool) -> list[Event]:
        """More words of a part."""
        told: list[Event] = []
        reply = self.find(spot.response_id, told)
        if delta and reply.running:
            item_id = spot.item_id or reply.item_id
            part = reply.part(item_id, spot.content_index)
            part.written = written
            part.said += delta
            told.append(self._arrived(reply, item_id, spot.content_index, delta))
        return told

    def all_words(self, spot: Spot, text: str, *, written: bool) -> list[Event]:
        """A part's words as a whole; only what no delta brought is told."""
        told: list[Event] = []
        reply = self.find(spot.response_id, told)
        if reply.running:
            told += self._complete(reply, spot.item_id or reply.item_id, spot.content_index, text, written=written)
        return told

    def item_added(self, event: server.OutputItemAdded) -> list[Event]:
        """A response began an item: remember a call's name, which later events may lack."""
        told: list[Event] = []
        reply = self.find(event.response_id, told)
        match event.item:
            case CallItem():
                reply.call(event.item.id, event.item.call_id, event.item.name)
            case MessageItem():
                reply.item_id = event.item.id
            case _:
                pass
        return told

    def arguments(self, event: server.ArgumentsDelta) -> list[Event]:
        """More of a call's arguments."""
        told: list[Event] = []
        reply = self.find(event.spot.response_id, told)
        reply.call(event.spot.item_id, event.call_id).arguments += event.delta
        return told

    def all_arguments(self, event: server.ArgumentsDone) -> list[Event]:
        """A call's whole arguments; told once its name is known."""
        told: list[Event] = []
        reply = self.find(event.spot.response_id, told)
        call = reply.call(event.spot.item_id, event.call_id, event.name)
        call.arguments = event.arguments or call.arguments
        if call.name and reply.running:
            told += self._called(reply, call)
        return told

    def item_done(self, event: server.OutputItemDone) -> list[Event]:
        """A response finished an item."""
        told: list[Event] = []
        reply = self.find(event.response_id, told)
        if reply.running:
            told += self._finish_item(reply, event.item)
        return told

    def done(self, response: Response) -> list[Event]:
        """A response ended: whatever was not told yet, then `ReplyFinished`, once."""
        told: list[Event] = []
        if self.outside.takes(response):
            return told
        reply = self.find(response.id, told, response.metadata)
        if not reply.running:
            return told
        for item in response.output:
            told += self._finish_item(reply, item)
        for call in reply.calls:
            told += self._called(reply, call)  # those of incomplete items too: each call must get its one outcome
        reply.running = False
        status = _STATUSES.get(response.status, ReplyStatus.COMPLETED)
        detail = describe(response.error) if response.error else response.reason
        told.append(events.ReplyFinished(reply.reply_id, status, detail, response.usage))
        return told

    def _first_sound(self, delta: AudioDelta) -> AudioChunk | None:
        told: list[Event] = []
        reply = self.find(delta.response_id, told)
        if not reply.running:
            return None
        item_id = delta.item_id or reply.item_id
        payload = reply.part(item_id, delta.content_index).take(delta.delta, self.format.wire_bytes_per_sample)
        if payload and not reply.sounding:
            reply.sounding = True
            told.append(events.ReplyAudioStarted(reply.reply_id, item_id))
        return AudioChunk(reply.reply_id, item_id, delta.content_index, payload, tuple(told))

    def _finish_item(self, reply: Reply, item: WireItem) -> list[Event]:
        told: list[Event] = []
        match item:
            case CallItem():
                call = reply.call(item.id, item.call_id, item.name)
                call.arguments = item.arguments or call.arguments
                if item.status != "incomplete":
                    told += self._called(reply, call)
            case MessageItem():
                for index, part in enumerate(item.content):
                    item_id = item.id or reply.item_id
                    told += self._complete(reply, item_id, index, part.words, written=part.kind == "text")
            case _:
                pass
        return told

    def _complete(self, reply: Reply, item_id: str, index: int, text: str, *, written: bool) -> list[Event]:
        part = reply.part(item_id, index)
        if len(text) <= len(part.said) or not text.startswith(part.said):
            return []
        rest = text[len(part.said) :]
        part.written = written
        part.said = text
        return [self._arrived(reply, item_id, index, rest)]

    def _arrived(self, reply: Reply, item_id: str, index: int, delta: str) -> Event:
        received_ms = self.received_ms(reply.parts[item_id, index])
        return events.ReplyTextArrived(reply.reply_id, item_id, index, delta, received_ms)

    def _called(self, reply: Reply, call: _Call) -> list[Event]:
        call_id = call.call_id or call.item_id
        if not call_id or call_id in self._reported:
            return []
        self._reported.append(call_id)
        told = ToolCall(call_id + self._id_suffix, call.name, call.arguments)
        return [events.ToolCalled(reply.reply_id, told)]

    def _newest(self) -> Reply | None:
        running = (reply for reply in reversed(self._replies.values()) if reply.running)
        return next(running, None) or next(reversed(self._replies.values()), None)

    def _begin(self, response_id: str, told: list[Event], metadata: Mapping[str, str]) -> Reply:
        self._unnamed += not response_id
        named = response_id or f"reply_{self._unnamed}"
        reply = Reply(named + self._id_suffix, response_id)
        self._replies[named] = reply
        while len(self._replies) > _KEPT:
            self._replies.popitem(last=False)
        told.append(events.ReplyStarted(reply.reply_id, self._asks.answered(metadata)))
        return reply
