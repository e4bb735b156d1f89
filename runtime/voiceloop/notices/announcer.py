"""Tells the notices' policy how the conversation stands, and the transcript which sentences were heard."""

from __future__ import annotations

from collections.abc import Sequence

from voiceloop import events as on
from voiceloop.commands import Command, PlayNotice, WriteLine
from voiceloop.heard import Piece, heard_text
from voiceloop.narrator import Narrator
from voiceloop.notices.policy import NoticePolicy, Notices, Scene
from voiceloop.notices.sounds import words
from voiceloop.turn.machine import TurnMachine
from voiceloop.turn.states import Ear, Mouth
from voiceloop.vocabulary import HeardSpan, Notice

__all__ = ["Announcer"]


class Announcer:
    """Stands beside the turn machine, which knows nothing of notices: they are no replies and enter no history."""

    def __init__(self, policy: NoticePolicy, machine: TurnMachine, narrator: Narrator) -> None:
        self._notices = Notices(policy)
        self._language = policy.language
        self._machine = machine
        self._narrator = narrator
        self._captions_only: bool | None = None
        """None while there is no line."""

    def owns(self, event: on.Event) -> bool:
        """Whether an event is about the playback of a notice, and nobody else's business."""
        return isinstance(event, on.PlaybackStarted | on.PlaybackFinished) and event.reply_id in self._notices.live

    def happened(self, event: on.Event, now: float) -> list[Command]:
        """Take an event after the machine has."""
        match event:
            case on.ReplyTextArrived():
                return []  # comes in hundreds and changes nothing here
            case on.LineOpened(captions_only=captions_only):
                self._captions_only = captions_only
            case _:
                pass
        told = self.told(event, now)
        return [*told, *self._shown(self._notices.happened(event, self._scene(), now), now)]

    def without(self, event: on.Event) -> on.Event:
        """Return the event as if there were no notices."""
        if not isinstance(event, on.PlaybackFlushed):
            return event
        spans = tuple(span for span in event.spans if span.reply_id not in self._notices.live)
        return on.PlaybackFlushed(spans, event.at_s, event.heard_s)

    def told(self, event: on.Event, now: float) -> list[WriteLine]:
        """Return a line for each sentence that ends with this event."""
        match event:
            case on.PlaybackFinished(reply_id=reply_id, spans=spans) if reply_id in self._notices.live:
                return self._line(reply_id, spans, now)
            case on.PlaybackFlushed(spans=spans):
                return [line for notice_id in self._notices.live for line in self._line(notice_id, spans, now)]
            case _:
                return []

    # The end ---------------------------------------------------------------------------------------------------------

    def farewell(self, now: float) -> list[Command]:
        """Say that nobody will answer any more, if there is anybody to hear it."""
        return [] if self._captions_only is None else self._shown(self._notices.farewell(now), now)

    @property
    def parting(self) -> bool:
        """The farewell is being played."""
        return Notice.UNAVAILABLE in self._notices.live.values()

    def parted(self, event: on.Event) -> bool:
        """While parting: whether the session can end with this event."""
        return self._notices.parted(event)

    # Inside ----------------------------------------------------------------------------------------------------------

    def _scene(self) -> Scene:
        machine = self._machine
        return Scene(
            machine.tier,
            user_speaks=machine.floor.ear is not Ear.QUIET,
            agent_speaks=machine.floor.mouth is not Mouth.QUIET or machine.replies.sounding,
            owed=machine.answering or machine.arbiter.busy or bool(machine.unanswered),
        )

    def _shown(self, asked: list[Command], now: float) -> list[Command]:
        """Without sound a sentence is a line, and over at once."""
        if not self._captions_only:
            return asked
        out: list[Command] = []
        for command in asked:
            if isinstance(command, PlayNotice):
                out += self._line(command.notice_id, None, now)
                self._notices.live.pop(command.notice_id)
            else:
                out.append(command)
        return out

    def _line(self, notice_id: str, spans: Sequence[HeardSpan] | None, now: float) -> list[WriteLine]:
        text = words(self._notices.live[notice_id], self._language)
        if not text:
            return []
        heard, heard_ms, whole = text, None, True
        if spans is not None:
            mine = [span for span in spans if span.reply_id == notice_id]
            heard_ms, received_ms = (sum(getattr(span, name) for span in mine) for name in ("heard_ms", "received_ms"))
            whole = bool(mine) and heard_ms >= received_ms
            heard = heard_text([Piece(text, 0)], heard_ms, received_ms, complete=bool(mine))
        return [
            self._narrator.line(
                "agent_said",
                now,
                reply_id=notice_id,
                kind="filler",
                text=text,
                heard_text=heard,
                heard_ms=heard_ms,
                interrupted=not whole,
                items=[],
            )
        ]
