"""What server events mean to the core. Those that mean nothing are counted or passed over."""

from __future__ import annotations

from voiceloop import events
from voiceloop.events import Event
from voiceloop.wire import server
from voiceloop.wire.asks import Asks
from voiceloop.wire.counts import Counts
from voiceloop.wire.faults import describe
from voiceloop.wire.replies import Replies
from voiceloop.wire.server import ServerEvent
from voiceloop.wire.turns import Turns

__all__ = ["Inbox"]


class Inbox:
    """Turns server events into the core's."""

    def __init__(self, asks: Asks, turns: Turns, replies: Replies, counts: Counts) -> None:
        self._asks = asks
        self._turns = turns
        self._replies = replies
        self._counts = counts

    def happened(self, event: ServerEvent, offset_s: float) -> list[Event]:
        """The events that follow; `offset_s` is the capture-clock second of the first appended sample."""
        told: list[Event] = []
        match event:
            case server.UnknownMessage():
                self._counts.saw_unknown(event.type)
            case server.BrokenMessage():
                self._counts.broken += 1
            case server.InputIdle():
                self._turns.idled(event.item_id)
            case server.InputCommitted() if self._turns.is_silence(event.item_id):
                self._asks.committed()
                told = [events.SilenceCommitted()]
            case server.InputTranscriptDone() | server.InputTranscriptFailed() if self._turns.is_silence(event.item_id):
                pass  # nobody said what recognition makes of silence
            case _:
                told = self._words(event) or self._response(event) or self._input(event, offset_s)
        return told

    def _words(self, event: ServerEvent) -> list[Event]:
        told: list[Event] = []
        match event:
            case server.TranscriptDelta():
                told = self._replies.words(event.spot, event.delta, written=False)
            case server.TextDelta():
                told = self._replies.words(event.spot, event.delta, written=True)
            case server.TranscriptDone():
                told = self._replies.all_words(event.spot, event.transcript, written=False)
            case server.TextDone():
                told = self._replies.all_words(event.spot, event.text, written=True)
            case server.PartDone():
                told = self._replies.all_words(event.spot, event.part.words, written=event.part.kind == "text")
            case _:
                pass
        return told

    def _response(self, event: ServerEvent) -> list[Event]:
        told: list[Event] = []
        match event:
            case server.ResponseCreated():
                told = self._replies.created(event.response)
            case server.OutputItemAdded():
                told = self._replies.item_added(event)
            case server.OutputItemDone():
                told = self._replies.item_done(event)
            case server.ArgumentsDelta():
                told = self._replies.arguments(event)
            case server.ArgumentsDone():
                told = self._replies.all_arguments(event)
            case server.ResponseDone():
                told = self._replies.done(event.response)
            case _:
                pass
        return told

    def _input(self, event: ServerEvent, offset_s: float) -> list[Event]:
        turns, told = self._turns, list[Event]()
        match event:
            case server.InputSpeechStarted():
                told.append(turns.started(event.item_id, event.audio_start_ms, offset_s))
            case server.InputSpeechStopped():
                told.append(turns.stopped(event.item_id, event.audio_end_ms, offset_s))
            case server.InputCommitted():
                self._asks.committed()
                told.append(turns.committed(event.item_id, event.previous_item_id))
            case server.InputTranscriptDone():
                turn_id, words = turns.turn_id(event.item_id), event.transcript.strip()
                told.append(events.UserTranscribed(turn_id, words, event.usage))
            case server.InputTranscriptFailed():
                told.append(events.TranscriptionFailed(turns.turn_id(event.item_id), describe(event.error)))
            case _:
                pass
        return told
