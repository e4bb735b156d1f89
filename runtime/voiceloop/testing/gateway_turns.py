"""The user's turns at a scripted server: audio in, voice activity events, committed items, transcripts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from voiceloop.testing.gateway_hearing import Heard, Hearing
from voiceloop.testing.gateway_items import Event, Item
from voiceloop.testing.numbers import SAMPLE_BYTES, runs
from voiceloop.testing.script import Fail, Utterance

if TYPE_CHECKING:
    from voiceloop.testing.gateway_connection import Connection

__all__ = ["UserTurns"]

MIN_COMMIT_MS = 100


class UserTurns:
    """The input audio buffer of one connection and what turn detection makes of it."""

    def __init__(self, connection: Connection) -> None:
        gateway = connection.gateway
        late_s = gateway.quirks.transcribed_after_s
        self.hearing = Hearing(listens=gateway.listens, keeps_s=gateway.keeps_s, transcribed_after_s=late_s)
        self.hearing.texts = connection.gateway.transcripts
        self._connection = connection
        self._user_item = ""

    def append(self, event: Event) -> None:
        """`input_audio_buffer.append`."""
        try:
            pcm = base64.b64decode(event["audio"], validate=True)
        except (KeyError, TypeError, binascii.Error):
            self._connection.refuse(Fail("invalid_value", "Invalid audio.", param="audio"), event)
            return
        self.hearing.bytes_per_ms = self._bytes_per_ms()
        turns = self._connection.session.turn_detection
        for heard in self.hearing.append(pcm, None if turns is None else turns["silence_duration_ms"]):
            if heard.what == "started":
                self._speech_started(heard, turns or {})
            else:
                self._speech_stopped(heard, turns or {})

    def _bytes_per_ms(self) -> int:
        session, quirks = self._connection.session, self._connection.gateway.quirks
        return 8 if session.input_is_g711 else (quirks.input_rate_hz or session.input_rate_hz) * SAMPLE_BYTES // 1000

    def _speech_started(self, heard: Heard, turns: Mapping[str, Any]) -> None:
        self._user_item = self._connection.counters.new_id("item")
        start_ms = max(0, heard.clock_ms - turns["prefix_padding_ms"])
        started = {"audio_start_ms": start_ms, "item_id": self._user_item}
        self._connection.emit({"type": "input_audio_buffer.speech_started", **started})
        if turns["interrupt_response"] and self._connection.active is not None:
            self._connection.active.cancel("turn_detected")

    def _speech_stopped(self, heard: Heard, turns: Mapping[str, Any]) -> None:
        stopped = {"audio_end_ms": heard.clock_ms, "item_id": self._user_item}
        self._connection.emit({"type": "input_audio_buffer.speech_stopped", **stopped})
        self._commit_turn(heard.utterance)
        if not turns["create_response"]:
            return
        if self._connection.active is None:
            self._connection.start_reply({})
        else:
            self._connection.reply_owed = self._connection.gateway.quirks.queues_replies

    def commit(self, event: Event) -> None:
        """`input_audio_buffer.commit`."""
        if self.hearing.buffered_ms < MIN_COMMIT_MS:
            text = f"buffer too small. Expected at least 100ms of audio, but buffer has {self.hearing.buffered_ms}ms"
            self._connection.refuse(
                Fail("input_audio_buffer_commit_empty", f"Error committing input audio buffer: {text}"), event
            )
        else:
            self._commit_turn(self.hearing.take_speech())

    def clear(self, _: Event) -> None:
        """`input_audio_buffer.clear`."""
        self.hearing.empty_buffer()
        self.hearing.forget_speech()
        self._user_item = ""
        self._connection.emit({"type": "input_audio_buffer.cleared"})

    def _commit_turn(self, utterance: Utterance) -> None:
        item = Item(
            self._user_item or self._connection.counters.new_id("item"),
            {"type": "message", "role": "user", "status": "completed"},
        )
        item.body["content"] = [{"type": "input_audio", "transcript": None}]
        item.speech = () if self._connection.session.input_is_g711 else tuple(runs(self.hearing.buffered))
        words = self._connection.gateway.words.said_in(item.speech)
        item.words = utterance.text if words is None else words
        self._user_item = ""
        self.hearing.empty_buffer()
        previous = self._connection.conversation.add(item)
        committed = {"previous_item_id": previous, "item_id": item.item_id}
        self._connection.emit({"type": "input_audio_buffer.committed", **committed})
        self._connection.conversation.announce(item, previous)
        if self._connection.session.transcribes and utterance.transcribed_after_s is not None:
            self._connection.outbox.after(utterance.transcribed_after_s, lambda: self._transcribe(item, utterance))

    def _transcribe(self, item: Item, utterance: Utterance) -> None:
        event = {"item_id": item.item_id, "content_index": 0}
        name = "conversation.item.input_audio_transcription"
        if utterance.transcription_fails:
            error = {"type": "transcription_error", "code": "audio_unintelligible", "message": "?", "param": None}
            self._connection.emit({"type": f"{name}.failed", **event, "error": error})
            return
        item.body["content"][0]["transcript"] = item.words
        self._connection.emit({"type": f"{name}.delta", **event, "delta": item.words})
        spent = {"type": "duration", "seconds": max(1, (utterance.end_ms - utterance.at_ms) // 1000)}
        self._connection.emit({"type": f"{name}.completed", **event, "transcript": item.words, "usage": spent})
        if self._connection.gateway.quirks.asks_after_transcripts:
            self._connection.ask_reply({})
