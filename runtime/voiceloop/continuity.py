"""Keeps an engine under the conversation: what is done when one is ready, is lost, or is about to end.

It knows what was said and what is owed, and hands it from one engine to the next, whichever tier that is of.
"""

from __future__ import annotations

from typing import Final

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.failover import HANGS_AFTER_S, SLOW_START_S, Failover, GiveUp, Move
from voiceloop.history import History
from voiceloop.narrator import Narrator
from voiceloop.reserve import Reserve, probe_of
from voiceloop.rollover import ROLL_OVER, ROLL_OVER_NOW, RollOver
from voiceloop.tally import Tally
from voiceloop.turn.machine import TurnMachine
from voiceloop.turn.phase import phase_of
from voiceloop.vocabulary import RECOVERED, Cause, Tier

__all__ = ["Continuity"]

RECONNECT: Final = "reconnect"
REOPEN_AFTER_S: Final = 0.5
"""When nobody else can answer, a tier that was to rest is tried again."""
FALL_BACK: Final = "fall_back"
SLOW_START: Final = "slow_start"
"""Name of the deadline after which the first tier is not waited for alone at the start of a session."""
OTHERS: Final = "others"
"""Name of the deadline after which the next tier is not waited for alone."""


class Continuity:
    """Decides for one session. `now` is seconds on the session's monotonic clock; `order` is the best tier first."""

    def __init__(
        self,
        machine: TurnMachine,
        narrator: Narrator,
        history: History,
        failover: Failover,
        roll_over: RollOver,
        order: tuple[Tier, ...] = (Tier.REALTIME,),
    ) -> None:
        self.given_up: on.EngineLost | None = None
        """The loss that no further attempt is made after."""
        self._machine = machine
        self._narrator = narrator
        self._history = history
        self._failover = failover
        self._roll_over = roll_over
        self._order = order
        self._reserve = Reserve(order, failover)
        self.tally = Tally()
        self._at = order[0]
        """The tier that answers, or whose engine was the last to be lost."""
        self._served: Tier | None = None
        self._loss: on.EngineLost | None = None
        """The first of this outage."""
        self._last_loss: on.EngineLost | None = None
        self._fall_at_s: float | None = None
        """From when on a lower tier may take over; None while one answers."""
        self._reopens = False
        """An engine is being opened in place of the lost one, or will be."""
        self._earlier: set[str] = set()
        """Replies of earlier engines that are still being played: this engine is told when they are over."""

    def begin(self, now: float) -> list[do.Command]:
        """Open the first engine; one that hangs does not keep the session from beginning."""
        out: list[do.Command] = [do.OpenEngine(self._at)]
        return [*out, do.SetDeadline(SLOW_START, now + SLOW_START_S)] if self.has_next else out

    def ready(self, engine: on.EngineReady, now: float) -> list[do.Command]:
        """An engine is ready, or the standby takes over: give it the record."""
        self._failover.serves(engine.tier, now, proven=engine.tier is Tier.REALTIME)
        self._narrator.speaks = engine.traits.keeps_audio
        self._history.engine_came()
        conversation = self._narrator.conversation
        self._earlier = set(conversation.replies)
        out: list[do.Command] = [do.Recall(len(conversation.items), self._machine.floor.speaking_turn)]
        out += self._moved(engine.tier, now)
        return [*out, *self._roll_over.running(engine, now)]

    def _moved(self, tier: Tier, now: float) -> list[do.Command]:
        """Note who answers; tell it when that is another tier than before."""
        self.tally.came(tier, now)
        out: list[do.Command] = []
        if tier is not self._at:
            out.append(do.DismissEngine(self._at))  # what was to roll over to has nothing to take over
        if len(self._order) > 1:
            out += [do.ClearDeadline(name) for name in (SLOW_START, RECONNECT, FALL_BACK, OTHERS)]
            out += self._reserve.rearranged(tier, now)
        began, self._served = self._served is None and tier is self._order[0], tier
        if tier is not self._at and not began:
            better = self._order.index(tier) < self._order.index(self._at)
            # Nothing was lost where the first tier hung at the start.
            cause = RECOVERED if better else str(self._loss.cause if self._loss else Cause.UNREACHABLE)
            out.append(self._narrator.line("tier_changed", now, tier=str(tier), cause=cause))
        self._at, self._loss, self._fall_at_s, self._reopens = tier, None, None, False
        return out

    def shortened(self, now: float) -> list[do.Command]:
        """The record was summed up: tiers that it was too long for are tried again."""
        self._failover.shortened(self._history.tokens)
        if self._machine.tier is None:
            return []
        return [each for tier in self._failover.above(self._at) for each in self._reserve.probe(tier, now)]

    @property
    def has_next(self) -> bool:
        """There is a tier below the one that answers."""
        return self._failover.below(self._at) is not None

    def answers(self, now: float) -> None:
        """The engine has begun to speak, or has answered."""
        self._failover.answers(now)

    def happened(self, event: on.EngineLost | on.StandbyReady | on.StandbyLost, now: float) -> list[do.Command]:
        """An engine was lost, or a standby has news."""
        match event:
            case on.EngineLost():
                return self._lost(event, now)
            case on.StandbyReady(engine=engine):
                if engine.tier is not self._at:
                    self._roll_over.stands_by(engine, now)
                    return self._reserve.came(engine, now)
                self._roll_over.prepared(engine, now)
                return []
            case on.StandbyLost(tier=tier):
                return self._roll_over.failed(now) if tier is self._at else self._reserve_lost(event, now)

    def deadline(self, name: str, now: float) -> list[do.Command]:
        """A deadline passed, maybe one of these. What `FALL_BACK` waited for is looked at in every step."""
        if name == RECONNECT and self._machine.tier is None:  # else a standby came to be ready meanwhile
            return [do.OpenEngine(self._at)]
        if name == ROLL_OVER:
            return self._roll_over.due()
        if name == ROLL_OVER_NOW and self._roll_over.standby is not None:
            return self._machine.lost(Cause.SESSION_CAP)
        if name == SLOW_START and self._served is None and self._loss is None:
            return self._falls(Move(None, self._failover.below(self._at), now, begins=False), now)
        others = self._order if name == OTHERS and self._machine.tier is None else ()
        due = [tier for tier in self._order if tier in others or name == probe_of(tier)]
        wanted = [tier for tier in due if tier is not self._at and self._failover.usable(tier)]
        return [each for tier in wanted for each in self._reserve.prepare(tier)]

    def successor(self, now: float, *, quiet: bool) -> on.EngineReady | None:
        """The standby, when it is to take over: in a quiet moment, or when there is no other engine."""
        nobody = self._machine.tier is None
        free = nobody or (quiet and not self._narrator.captions.waiting)
        if not free:
            return None
        above = self._failover.above(self._at)
        found = (self._reserve.best(above) if nobody else self._reserve.returns(above, now)) or self._fresh
        if found is None and nobody and self._fall_at_s is not None and now >= self._fall_at_s:
            found = self._reserve.best(self._order)
        return found

    @property
    def _fresh(self) -> on.EngineReady | None:
        """What stands by to be rolled over to, where that is still of use."""
        return self._roll_over.standby if self._failover.usable(self._at) else None

    def send_said(self) -> list[do.Command]:
        """Tell an engine what was heard of replies that it did not give."""
        over = self._earlier - self._narrator.conversation.replies.keys()
        self._earlier -= over
        if self._machine.tier is None:
            return []  # it stands in the record, which the next engine gets
        said = self._narrator.conversation.said(over)
        return [do.SendSaid(turn.reply_id, turn.text) for turn in said]

    # Losses ------------------------------------------------------------------------------------------------------

    def _lost(self, event: on.EngineLost, now: float) -> list[do.Command]:
        self.tally.gone(now)
        full = event.cause is Cause.CONTEXT_FULL
        hopeless = full and not self._history.overflowed(self._machine.turn_id)
        cause = Cause.BAD_MODEL if hopeless else event.cause  # this model cannot take what was said
        verdict = self._failover.lost(self._at, cause, phase_of(self._machine), now, event.endpoint)
        if hopeless:
            self._failover.overfilled(self._at, self._history.tokens)
        elif full:
            self._failover.shortened(self._history.tokens)
        self._loss, self._last_loss = self._loss or event, event
        out = self._roll_over.stopped()
        match verdict:
            case GiveUp() if (standby := self._reserve.best(self._failover.above(self._at)) or self._fresh) is not None:
                out += self._reopened(event, Move(None, standby.tier, now, begins=True), now)
            case GiveUp():
                self.given_up = event if self._served else self._loss
            case Move():
                out += self._reopened(event, verdict, now)
                out += self._falls(verdict, now)
        return out

    def _reopened(self, event: on.EngineLost, move: Move, now: float) -> list[do.Command]:
        out: list[do.Command] = []
        if move.begins:
            follows = "connecting again" if move.reopen_at_s is not None else f"going on with {move.next_tier}"
            fields = {"code": f"engine_lost_{event.cause}", "detail": f"{event.detail}; {follows}"}
            out.append(self._narrator.line("warning", now, **fields))
        at_s = move.reopen_at_s
        self._reopens = at_s is not None
        if at_s is not None and self._roll_over.standby is None:
            out.append(do.OpenEngine(self._at) if at_s <= now else do.SetDeadline(RECONNECT, at_s))
        return out

    def _falls(self, move: Move, now: float) -> list[do.Command]:
        if move.next_tier is None:  # those above may be back: nobody can wait for their probes now
            return [each for tier in self._failover.above(self._at) for each in self._reserve.prepare(tier)]
        if self._fall_at_s is None or move.fall_at_s < self._fall_at_s:
            self._fall_at_s = move.fall_at_s
        out = self._reserve.prepare(move.next_tier)
        if out:
            out.append(do.SetDeadline(OTHERS, now + HANGS_AFTER_S))
        return out if self._fall_at_s <= now else [*out, do.SetDeadline(FALL_BACK, self._fall_at_s)]

    def _reserve_lost(self, event: on.StandbyLost, now: float) -> list[do.Command]:
        """A tier that was tried beside cannot answer now: it is tried again later, and others if somebody waits."""
        tier = event.tier
        self._reserve.lost(tier)
        self._failover.refused(tier, event.cause, now, event.endpoint)
        out: list[do.Command] = []
        if self._failover.usable(tier):
            out += self._reserve.probe(tier, now)
        if self._machine.tier is not None or self._loss is None:
            return out
        next_tier = self._failover.below(tier)
        if next_tier is not None and next_tier is not self._at:
            return out + self._reserve.prepare(next_tier)
        if self._failover.hopeless(now) or (self._served is None and not self._reserve.opening):
            self.given_up = self._last_loss if self._served else self._loss
        elif not self._reopens and self._failover.usable(self._at):
            self._reopens = True
            out.append(do.SetDeadline(RECONNECT, now + REOPEN_AFTER_S))
        return out
