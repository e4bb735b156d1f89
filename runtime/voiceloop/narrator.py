"""Turns what happened into transcript lines and keeps the conversation record, without deciding anything.

`t` is seconds on the recording's clock. Lines stand in the order of writing: a user's words are written when they are
known and when the words of every earlier turn are known, so captions never swap (race 12 of the protocol reference).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

import msgspec

from voiceloop import events as on
from voiceloop.captions import Captions, Milestones
from voiceloop.commands import WriteLine
from voiceloop.conversation import Conversation
from voiceloop.prices import PriceList
from voiceloop.recent import Recent
from voiceloop.spending import Spending
from voiceloop.vocabulary import Outcome, ToolCall

__all__ = ["Narrator"]

STEP_BACK_S = 2.0
"""The format's bound for lines that tell late what happened earlier, such as speech while the wire was dead."""


class Narrator:
    """Writes lines. `now` is the session's monotonic clock; `zero_s` is where the recording began on it."""

    def __init__(self, *, transcribes: bool, prices: PriceList | None = None) -> None:
        self.conversation = Conversation()
        self.spending = Spending(prices)
        self.zero_s: float | None = None
        self.speaks = True
        """Replies are spoken; else they are read."""
        self.captions = Captions(transcribes=transcribes)
        self._calls: dict[str, ToolCall] = {}
        self._speaking: set[str] = set()
        self._speech_told: Recent[set[str]] = Recent()
        self._milestones = Milestones()
        self._answered: list[str] = []
        """Turns that an answer to has ended; their metrics are told when nothing more can come of them."""

    def t(self, now: float) -> float:
        """Seconds on the recording's clock."""
        return 0.0 if self.zero_s is None else max(0.0, round(now - self.zero_s, 3))

    def _ms(self, now: float) -> int:
        return round(self.t(now) * 1000)

    def line(self, event: str, now: float, **fields: object) -> WriteLine:
        """One line at `now`."""
        return WriteLine(event, self.t(now), fields)

    # The user ----------------------------------------------------------------------------------------------------

    def speech(self, event: on.SpeechStarted | on.SpeechStopped, now: float) -> list[WriteLine]:
        """Speech began or stopped; the line bears the time it did, not the time we learned of it, where that may be.

        Once for each turn: the next engine hears the turn again that was being spoken when one was lost.
        """
        at = round(min(max(event.at_s, 0.0), self.t(now)), 3)
        t = _told_at(at, self.t(now))
        name = "user_speech_started"
        if isinstance(event, on.SpeechStopped):
            name = "user_speech_stopped"
            self._milestones.ended(
                event.turn_id, event.source, last_speech_ms=round(at * 1000), end_of_turn_ms=self._ms(now)
            )
        told = self._speech_told.setdefault(event.turn_id, set())
        if name in told:
            return []
        told.add(name)
        return [WriteLine(name, t, {"turn_id": event.turn_id})]

    def committed(self, turn_id: str, now: float) -> list[WriteLine]:
        """A turn was handed over: its place in the record is fixed."""
        self.conversation.user_turn(turn_id)
        self._milestones.first(turn_id, "end_of_turn_ms", self._ms(now))
        return self._said_by_user(self.captions.committed(turn_id, now), now)

    def words(self, turn_id: str, text: str, now: float) -> list[WriteLine]:
        """The words of a turn arrived, or will never come (empty text)."""
        self._milestones.first(turn_id, "transcript_ms", self._ms(now))
        self.conversation.words(turn_id, text)
        return self._said_by_user(self.captions.arrived(turn_id, text), now)

    def typed(self, event: on.TextTyped | on.ImageShown, now: float) -> WriteLine:
        """A typed turn, or a picture: a line without words that says so."""
        if isinstance(event, on.ImageShown):
            self.conversation.showed(event.image)
            return self.line("user_said", now, turn_id=event.image.turn_id, text="", image=event.image.media_type)
        turn_id, text = event.turn_id, event.text
        self.conversation.user_turn(turn_id, text)
        self._milestones.ended(turn_id, "typed", end_of_turn_ms=self._ms(now))
        return self.line("user_said", now, turn_id=turn_id, text=text, typed=True)

    def forget(self, turn_id: str, now: float) -> list[WriteLine]:
        """The turn was a cough."""
        self.conversation.forget_turn(turn_id)
        self.spending.forget(turn_id)
        return self._said_by_user(self.captions.forget(turn_id), now)

    def give_up_words(self, now: float) -> list[WriteLine]:
        """Stop waiting for words that are overdue."""
        return self._said_by_user(self.captions.give_up(now), now)

    def _said_by_user(self, ready: Sequence[tuple[str, str]], now: float) -> list[WriteLine]:
        for turn_id, text in ready:
            self.conversation.words(turn_id, text)
        return [self.line("user_said", now, turn_id=turn_id, text=text) for turn_id, text in ready]

    # The reply ---------------------------------------------------------------------------------------------------

    def reply_grew(self, event: on.ReplyTextArrived | on.ReplyAudioStarted | on.ReplyFinished, now: float) -> None:
        """More of a reply arrived, or all of it has."""
        reply = self.conversation.replies.get(event.reply_id)
        if reply is None:
            return
        if isinstance(event, on.ReplyTextArrived):
            reply.add(event.item_id, event.content_index, event.delta, event.received_ms)
            self._milestones.first(reply.turn_id, "first_text_ms", self._ms(now))
        elif isinstance(event, on.ReplyAudioStarted):
            reply.has_audio = True
            self._milestones.first(reply.turn_id, "first_audio_ms", self._ms(now))
        else:
            reply.finished = True

    def playback_started(self, event: on.PlaybackStarted, now: float) -> list[WriteLine]:
        """The listener hears the reply's first sample; the line bears the time that sample was played."""
        reply = self.conversation.replies.get(event.reply_id)
        if reply is None:
            return []
        self._speaking.add(event.reply_id)
        at = _told_at(event.at_s, self.t(now))
        self._milestones.first(reply.turn_id, "first_played_ms", round(at * 1000))
        fields = {"reply_id": event.reply_id, **_turn_field(reply.turn_id)}
        return [WriteLine("agent_speech_started", at, fields)]

    def playback_finished(self, event: on.PlaybackFinished, now: float) -> list[WriteLine]:
        """All of a reply was played."""
        return self._over(event.reply_id, event, now, interrupted=False)

    def flushed(self, event: on.PlaybackFlushed, now: float) -> list[WriteLine]:
        """Everything unplayed was thrown away."""
        lines: list[WriteLine] = []
        for reply_id in list(self.conversation.replies):
            lines += self._over(reply_id, event, now, interrupted=True)
        return lines

    def _over(
        self, reply_id: str, event: on.PlaybackFinished | on.PlaybackFlushed, now: float, *, interrupted: bool
    ) -> list[WriteLine]:
        """Playback of a reply ended: one `agent_said`, whatever was heard of it."""
        spans = event.spans
        reply = self.conversation.replies.get(reply_id)
        if reply is None:
            return []
        turn = _turn_field(reply.turn_id)
        lines: list[WriteLine] = []
        if reply.turn_id and reply.turn_id not in self._answered:
            self._answered.append(reply.turn_id)
        if reply_id in self._speaking:
            self._speaking.discard(reply_id)
            at = _told_at(event.at_s, self.t(now))
            lines.append(WriteLine("agent_speech_stopped", at, {"reply_id": reply_id, **turn}))
        if not reply.text and not reply.has_audio:
            self.conversation.reply_ended(reply_id, "", None)
            return lines
        broke_off = self.speaks and not reply.finished  # an engine was lost before a word of it sounded
        text_only = not reply.has_audio and not interrupted and not broke_off
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
        return lines

    def turns_over(self, going_on: str | None, now: float) -> list[WriteLine]:
        """Metrics of the answered turns that are over: not `going_on`, and the engine is done with their replies.

        None: the session ends, and nothing more will come.
        """
        if not self._answered:
            return []
        ends = going_on is None
        over = [turn for turn in self._answered if ends or (turn != going_on and not self.spending.in_doubt(turn))]
        self._answered = [turn for turn in self._answered if turn not in over]
        told = [(turn, known) for turn in over if (known := self._milestones.take(turn)) is not None]
        return [
            self.line("turn_metrics", now, turn_id=turn, **known, **self.spending.turn(turn)) for turn, known in told
        ]

    # Tools -------------------------------------------------------------------------------------------------------

    def tool_called(self, call: ToolCall, reply_id: str, turn_id: str, now: float) -> list[WriteLine]:
        """The model called a tool."""
        self._calls[call.call_id] = call
        self.conversation.tool_called(call, reply_id)
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


def _told_at(at_s: float | None, t: float) -> float:
    earliest = ceil((t - STEP_BACK_S) * 1000) / 1000  # rounded to the nearest, it could lie a hair too far back
    return t if at_s is None else max(round(min(at_s, t), 3), earliest)


def _turn_field(turn_id: str) -> Mapping[str, str]:
    return {"turn_id": turn_id} if turn_id else {}


def _arguments(text: str) -> object:
    """An object as the object it is; whatever else a model writes as the text it came as."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return text
    return found if isinstance(found, dict) else text
