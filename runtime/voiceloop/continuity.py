"""Keeps an engine under the conversation: what is done when one is ready, is lost, or is about to end.

It knows what was said and what is owed, and hands it from one engine to the next.
"""

from __future__ import annotations

from typing import Final

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.failover import Failover, GiveUp, Retry
from voiceloop.history import History
from voiceloop.narrator import Narrator
from voiceloop.rollover import ROLL_OVER, ROLL_OVER_NOW, RollOver
from voiceloop.turn.machine import TurnMachine
from voiceloop.vocabulary import Cause, Tier

__all__ = ["Continuity"]

RECONNECT: Final = "reconnect"


class Continuity:
    """Decides for one session. `now` is seconds on the session's monotonic clock."""

    def __init__(
        self,
        machine: TurnMachine,
        narrator: Narrator,
        history: History,
        failover: Failover,
        roll_over: RollOver,
        tier: Tier = Tier.REALTIME,
    ) -> None:
        self.given_up: on.EngineLost | None = None
        """The loss that no further attempt is made after."""
        self._machine = machine
        self._narrator = narrator
        self._history = history
        self._failover = failover
        self._roll_over = roll_over
        self._tier = tier
        self._earlier: set[str] = set()
        """Replies of earlier engines that are still being played: this engine is told when they are over."""

    def ready(self, engine: on.EngineReady, now: float) -> list[do.Command]:
        """An engine is ready, or the standby takes over: give it the record."""
        if engine.tier is Tier.REALTIME:
            self._failover.ready(now)
        else:
            self._failover.opened(now)
        self._narrator.speaks = engine.traits.keeps_audio
        self._history.engine_came()
        conversation = self._narrator.conversation
        self._earlier = set(conversation.replies)
        recall = do.Recall(len(conversation.items), self._machine.floor.speaking_turn)
        return [recall, *self._roll_over.running(engine, now)]

    def answers(self, now: float) -> None:
        """The engine has begun to speak, or has answered."""
        self._failover.ready(now)

    def happened(self, event: on.EngineLost | on.StandbyReady | on.StandbyLost, now: float) -> list[do.Command]:
        """An engine was lost, or the standby has news."""
        match event:
            case on.EngineLost():
                return self._lost(event, now)
            case on.StandbyReady(engine=engine):
                self._roll_over.prepared(engine, now)
                return []
            case on.StandbyLost():
                return self._roll_over.failed(now)

    def deadline(self, name: str) -> list[do.Command]:
        """A deadline passed, maybe one of these."""
        if name == RECONNECT and self._machine.tier is None:  # else a standby came to be ready meanwhile
            return [do.OpenEngine(self._tier)]
        if name == ROLL_OVER:
            return self._roll_over.due()
        if name == ROLL_OVER_NOW and self._roll_over.standby is not None:
            return self._machine.lost(Cause.SESSION_CAP)
        return []

    def successor(self, *, quiet: bool) -> on.EngineReady | None:
        """The standby, when it is to take over: in a quiet moment, or when there is no other engine."""
        quiet = quiet and not self._narrator.captions.waiting
        return self._roll_over.standby if quiet or self._machine.tier is None else None

    def send_said(self) -> list[do.Command]:
        """Tell an engine what was heard of replies that it did not give."""
        over = self._earlier - self._narrator.conversation.replies.keys()
        self._earlier -= over
        if self._machine.tier is None:
            return []  # it stands in the record, which the next engine gets
        said = self._narrator.conversation.said(over)
        return [do.SendSaid(turn.reply_id, turn.text) for turn in said]

    def _lost(self, event: on.EngineLost, now: float) -> list[do.Command]:
        full = event.cause is Cause.CONTEXT_FULL
        hopeless = full and not self._history.overflowed(self._machine.turn_id)
        verdict = GiveUp() if hopeless else self._failover.lost(event.cause, now)
        out = self._roll_over.stopped()
        match verdict:
            case GiveUp():
                self.given_up = event
            case Retry(at_s=at_s, begins=begins):
                if begins:
                    fields = {"code": f"engine_lost_{event.cause}", "detail": f"{event.detail}; connecting again"}
                    out.append(self._narrator.line("warning", now, **fields))
                if self._roll_over.standby is None:
                    out.append(do.OpenEngine(self._tier) if at_s <= now else do.SetDeadline(RECONNECT, at_s))
        return out
