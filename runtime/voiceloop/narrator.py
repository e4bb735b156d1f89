"""Turns what happened into transcript lines and keeps the conversation record, without deciding anything.

`t` is seconds on the recording's clock. Lines stand in the order of writing: a user's words are written when they are
known and when the words of every earlier turn are known, so captions never swap (race 12 of the protocol reference).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from voiceloop import events as on
from voiceloop.commands import WriteLine
from voiceloop.conversation import Conversation
from voiceloop.vocabulary import HeardSpan, Outcome, ToolCall

__all__ = ["Narrator"]

TRANSCRIPT_WITHIN_S = 10.0


@dataclass(slots=True)
class _Milestones:
    """When each step of a turn happened, in milliseconds on the recording's clock."""

    at: dict[str, Any] = field(default_factory=dict)
    told: bool = False

    def first(self, name: str, value: object) -> None:
        self.at.setdefault(name, value)


class Narrator:
    """Writes lines. `now` is the session's monotonic clock; `zero_s` is where the recording began on it."""

    def __init__(self, *, transcribes: bool) -> None:
        self.conversation = Conversation()
        self.zero_s: float | None = None
        self._transcribes = transcribes
        self._wordless: dict[str, float] = {}
        self._words: dict[str, tuple[str, float]] = {}
        self._calls: dict[str, ToolCall] = {}
        self._speaking: set[str] = set()
        self._held_since_s: float | None = None
        self._turns: dict[str, _Milestones] = {}

    @property
    def waiting_for_words(self) -> bool:
        """A turn was handed over whose words are still to come."""
        return bool(self._wordless)

    def t(self, now: float) -> float:
        """Seconds on the recording's clock."""
        return 0.0 if self.zero_s is None else max(0.0, round(now - self.zero_s, 3))

    def line(self, event: str, now: float, **fields: object) -> WriteLine:
        """One line at `now`."""
        return WriteLine(event, self.t(now), fields)

    # The user ----------------------------------------------------------------------------------------------------

    def speech(self, event: on.SpeechStarted | on.SpeechStopped, now: float) -> WriteLine:
        """Speech began or stopped; the line bears the time it did, not the time we learned of it."""
        at = round(min(max(event.at_s, 0.0), self.t(now)), 3)
        if isinstance(event, on.SpeechStopped):
            milestones = self._turn(event.turn_id)
            milestones.at["last_speech_ms"] = round(at * 1000)
            milestones.at["end_of_turn_ms"] = round(self.t(now) * 1000)
            milestones.at["end_of_turn_by"] = event.source
            return WriteLine("user_speech_stopped", at, {"turn_id": event.turn_id})
        return WriteLine("user_speech_started", at, {"turn_id": event.turn_id})

    def committed(self, turn_id: str, now: float) -> list[WriteLine]:
        """A turn was handed over: its place in the record is fixed."""
        self.conversation.user_turn(turn_id)
        self._turn(turn_id).first("end_of_turn_ms", round(self.t(now) * 1000))
        if self._transcribes:
            self._wordless[turn_id] = now
        return self._tell_words(now)

    def words(self, turn_id: str, text: str, now: float) -> list[WriteLine]:
        """The words of a turn arrived, or will never come (empty text)."""
        self._words[turn_id] = (text, now)
        self._turn(turn_id).first("transcript_ms", round(self.t(now) * 1000))
        return self._tell_words(now)

    def typed(self, turn_id: str, text: str, now: float) -> WriteLine:
        """A typed turn."""
        self.conversation.user_turn(turn_id, text)
        self._turn(turn_id).at.update(end_of_turn_ms=round(self.t(now) * 1000), end_of_turn_by="typed")
        return self.line("user_said", now, turn_id=turn_id, text=text, typed=True)

    def forget(self, turn_id: str, now: float) -> list[WriteLine]:
        """The turn was a cough."""
        self.conversation.forget_turn(turn_id)
        self._wordless.pop(turn_id, None)
        self._words.pop(turn_id, None)
        self._turns.pop(turn_id, None)
        return self._tell_words(now)

    def give_up_words(self, now: float) -> list[WriteLine]:
        """Stop waiting for words that are overdue."""
        for turn_id, since in list(self._wordless.items()):
            if now - since >= TRANSCRIPT_WITHIN_S and turn_id not in self._words:
                del self._wordless[turn_id]
        return self._tell_words(now)

    def _tell_words(self, now: float) -> list[WriteLine]:
        lines: list[WriteLine] = []
        for turn_id in list(self._wordless):
            if turn_id not in self._words:
                break
            del self._wordless[turn_id]
            lines += self._said_by_user(turn_id, now)
        if not self._wordless:
            for turn_id in [turn for turn in self._words if turn in self._turns and self._is_committed(turn)]:
                lines += self._said_by_user(turn_id, now)
        return lines

    def _is_committed(self, turn_id: str) -> bool:
        return "end_of_turn_ms" in self._turns[turn_id].at

    def _said_by_user(self, turn_id: str, now: float) -> list[WriteLine]:
        text, _ = self._words.pop(turn_id)
        if not text.strip():
            return []
        self.conversation.user_turn(turn_id, text)
        return [self.line("user_said", now, turn_id=turn_id, text=text)]

    # The reply ---------------------------------------------------------------------------------------------------

    def reply_started(self, reply_id: str, turn_id: str) -> None:
        """A reply that counts began."""
        self.conversation.reply_started(reply_id, turn_id)

    def reply_text(self, event: on.ReplyTextArrived, now: float) -> None:
        """More words of a reply."""
        reply = self.conversation.replies.get(event.reply_id)
        if reply is not None:
            reply.add(event.item_id, event.content_index, event.delta, event.received_ms)
            self._mark(reply.turn_id, "first_text_ms", now)

    def reply_audio(self, reply_id: str, now: float) -> None:
        """The first audio of a reply arrived."""
        reply = self.conversation.replies.get(reply_id)
        if reply is not None:
            reply.has_audio = True
            self._mark(reply.turn_id, "first_audio_ms", now)

    def reply_generated(self, reply_id: str) -> None:
        """All of the reply has arrived."""
        reply = self.conversation.replies.get(reply_id)
        if reply is not None:
            reply.finished = True

    def playback_started(self, reply_id: str, now: float) -> list[WriteLine]:
        """The listener hears the reply's first sample."""
        reply = self.conversation.replies.get(reply_id)
        if reply is None:
            return []
        self._speaking.add(reply_id)
        self._mark(reply.turn_id, "first_played_ms", now)
        return [self.line("agent_speech_started", now, reply_id=reply_id, **_turn_field(reply.turn_id))]

    def playback_over(
        self, reply_id: str, spans: Sequence[HeardSpan], now: float, *, interrupted: bool
    ) -> list[WriteLine]:
        """Playback of a reply ended: one `agent_said`, whatever was heard of it."""
        reply = self.conversation.replies.get(reply_id)
        if reply is None:
            return []
        turn = _turn_field(reply.turn_id)
        lines: list[WriteLine] = []
        if reply_id in self._speaking:
            self._speaking.discard(reply_id)
            silent_since_s = self._held_since_s if interrupted and self._held_since_s is not None else now
            lines.append(self.line("agent_speech_stopped", silent_since_s, reply_id=reply_id, **turn))
        if not reply.text and not reply.has_audio:
            self.conversation.reply_ended(reply_id, "", None)
            return lines
        text_only = not reply.has_audio and not interrupted
        heard_ms = None if text_only else sum(span.heard_ms for span in spans if span.reply_id == reply_id)
        heard = reply.text if text_only else reply.heard(spans)
        lines.append(
            self.line(
                "agent_said",
                now,
                reply_id=reply_id,
                **turn,
                text=reply.text,
                heard_text=heard,
                heard_ms=heard_ms,
                interrupted=interrupted,
                items=reply.items(spans),
            )
        )
        self.conversation.reply_ended(reply_id, heard, heard_ms)
        return lines + self._metrics(reply.turn_id, now)

    def held(self, now: float) -> None:
        """Playback paused: if nothing of it comes back, the agent fell silent here."""
        if self._held_since_s is None:
            self._held_since_s = now

    def resumed(self) -> None:
        """Playback goes on."""
        self._held_since_s = None

    def flushed(self, spans: Sequence[HeardSpan], now: float) -> list[WriteLine]:
        """Everything unplayed was thrown away."""
        lines: list[WriteLine] = []
        for reply_id in list(self.conversation.replies):
            lines += self.playback_over(reply_id, spans, now, interrupted=True)
        self.resumed()
        return lines

    # Tools -------------------------------------------------------------------------------------------------------

    def tool_called(self, call: ToolCall, reply_id: str, turn_id: str, now: float) -> list[WriteLine]:
        """The model called a tool."""
        if call.call_id in self._calls:
            return []
        self._calls[call.call_id] = call
        self.conversation.tool_called(call)
        fields = {"call_id": call.call_id, "name": call.name, "arguments": _arguments(call.arguments)}
        return [self.line("tool_called", now, reply_id=reply_id, **_turn_field(turn_id), **fields)]

    def tool_finished(self, call_id: str, outcome: Outcome, output: str, now: float) -> list[WriteLine]:
        """A call has its one outcome."""
        if self._calls.pop(call_id, None) is None:
            return []
        self.conversation.tool_answered(call_id, output)
        return [self.line("tool_finished", now, call_id=call_id, outcome=str(outcome), output=output)]

    def tools_abandoned(self, now: float) -> list[WriteLine]:
        """The session ends: what still runs is cancelled."""
        lines: list[WriteLine] = []
        for call_id in list(self._calls):
            lines += self.tool_finished(call_id, Outcome.CANCELLED, "the session ended", now)
        return lines

    # Metrics -----------------------------------------------------------------------------------------------------

    def _turn(self, turn_id: str) -> _Milestones:
        return self._turns.setdefault(turn_id, _Milestones())

    def _mark(self, turn_id: str, name: str, now: float) -> None:
        if turn_id:
            self._turn(turn_id).first(name, round(self.t(now) * 1000))

    def _metrics(self, turn_id: str, now: float) -> list[WriteLine]:
        milestones = self._turns.get(turn_id)
        if milestones is None or milestones.told:
            return []
        milestones.told = True
        return [self.line("turn_metrics", now, turn_id=turn_id, **milestones.at)]


def _turn_field(turn_id: str) -> Mapping[str, str]:
    return {"turn_id": turn_id} if turn_id else {}


def _arguments(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
