"""What server events mean to the core. Those that mean nothing are counted or passed over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from voiceloop import events
from voiceloop.events import Event
from voiceloop.wire import server
from voiceloop.wire.asks import Asks
from voiceloop.wire.faults import describe
from voiceloop.wire.replies import Replies
from voiceloop.wire.server import ServerEvent
from voiceloop.wire.turns import Turns

__all__ = ["Counts", "Inbox"]

_TYPES_KEPT: Final = 64


@dataclass(slots=True)
class Counts:
    """What came in that was of no use."""

    unknown: int = 0
    broken: int = 0
    benign: int = 0
    """Errors that only say a race was lost."""
    resent: int = 0
    """Messages sent again without a field the server refused."""
    unknown_types: dict[str, int] = field(default_factory=dict)
    """Of `unknown`, by type; the first 64 types."""


class Inbox:
    """Turns server events into the core's."""

    def __init__(self, asks: Asks, turns: Turns, replies: Replies, counts: Counts) -> None:
        self._asks = asks
        self._turns = turns
        self._replies = replies
        self._counts = counts

    def happened(self, event: ServerEvent, offset_s: float) -> list[Event]:
        """The events that follow; `offset_s` is the capture-clock second of the first appended sample."""
        match event:
            case server.UnknownMessage():
                self._count(event.type)
                return []
            case server.BrokenMessage():
                self._counts.broken += 1
                return []
        return self._words(event) or self._response(event) or self._input(event, offset_s)

    def _words(self, event: ServerEvent) -> list[Event]:
        replies = self._replies
        match event:
            case server.TranscriptDelta():
                return replies.words(event.spot, event.delta, written=False)
            case server.TextDelta():
                return replies.words(event.spot, event.delta, written=True)
            case server.TranscriptDone():
                return replies.all_words(event.spot, event.transcript, written=False)
            case server.TextDone():
                return replies.all_words(event.spot, event.text, written=True)
            case server.PartDone():
                return replies.all_words(event.spot, event.part.words, written=event.part.kind == "text")
        return []

    def _response(self, event: ServerEvent) -> list[Event]:
        replies = self._replies
        match event:
            case server.ResponseCreated():
                return replies.created(event.response)
            case server.OutputItemAdded():
                return replies.item_added(event)
            case server.OutputItemDone():
                return replies.item_done(event)
            case server.ArgumentsDelta():
                return replies.arguments(event)
            case server.ArgumentsDone():
                return replies.all_arguments(event)
            case server.ResponseDone():
                return replies.done(event.response)
        return []

    def _input(self, event: ServerEvent, offset_s: float) -> list[Event]:
        turns = self._turns
        match event:
            case server.InputSpeechStarted():
                return [turns.started(event.item_id, event.audio_start_ms, offset_s)]
            case server.InputSpeechStopped():
                return [turns.stopped(event.item_id, event.audio_end_ms, offset_s)]
            case server.InputCommitted():
                self._asks.committed()
                return [turns.committed(event.item_id, event.previous_item_id)]
            case server.InputTranscriptDone():
                return [events.UserTranscribed(turns.turn_id(event.item_id), event.transcript.strip())]
            case server.InputTranscriptFailed():
                return [events.TranscriptionFailed(turns.turn_id(event.item_id), describe(event.error))]
        return []

    def _count(self, type_: str) -> None:
        self._counts.unknown += 1
        seen = self._counts.unknown_types
        if type_ in seen or len(seen) < _TYPES_KEPT:
            seen[type_] = seen.get(type_, 0) + 1
