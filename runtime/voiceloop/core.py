"""The one pure object a session drives: turn machine, conversation record and the session's own life.

`core.step(event, now)` is told what happened and answers with what should be done. Same calls, same answers: a tape of
the calls replays to the same commands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.captions import TRANSCRIPT_WITHIN_S
from voiceloop.continuity import Continuity
from voiceloop.failover import Failover
from voiceloop.history import History
from voiceloop.limits import Limits, Watch
from voiceloop.narrator import Narrator
from voiceloop.notices.announcer import Announcer
from voiceloop.profile import Profile
from voiceloop.rollover import RollOver
from voiceloop.turn.arbiter import Want
from voiceloop.turn.machine import NO_TURN, TurnMachine
from voiceloop.unclear import Unclear
from voiceloop.vocabulary import Cause, ReplyStatus

__all__ = ["Core", "Profile"]

INPUT_ENDED = "input_ended"
INPUT_CAP = "input_cap"
IDLE = "idle"
LIMIT = "limit"
PARTING = "parting"
TRANSCRIPTS = "transcripts"

QUIET_S = 1.5
"""A conversation from a file ends after this much quiet past the end-of-turn silence."""
INPUT_CAP_S = 60.0
MAX_TYPED = 32
PART_WITHIN_S = 30.0
"""How long a session that is to end goes on while somebody speaks or something is owed."""

STATUSES = dict.fromkeys((Cause.BAD_KEY, Cause.QUOTA, Cause.BAD_MODEL, Cause.REFUSED, Cause.BUSY), 4) | {
    Cause.SETTINGS: 3
}
"""Exit statuses of a session that ends for want of its engine, or of its first one; `NOBODY` for all other causes."""
NOBODY = 5


class Life(StrEnum):
    """Where the session stands."""

    NEW = "new"
    OPENING = "opening"
    READY = "ready"
    """An engine was ready; the line is being opened."""
    LIVE = "live"
    FAREWELL = "farewell"
    """No engine will answer any more; the listener is told so."""
    ENDING = "ending"
    """Playback is being flushed, so that what was heard can be written down."""
    OVER = "over"


class Nudge(StrEnum):
    """What the next passing of the idle deadline brings."""

    PROMPT = "prompt"
    GOODBYE = "goodbye"
    END = "end"


@dataclass(frozen=True, slots=True)
class _Ending:
    reason: str
    exit_status: int = 0
    detail: str = ""


class Core:
    """Steps one conversation."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.machine = TurnMachine(profile.turns)
        self.narrator = Narrator(transcribes=profile.transcribes, prices=profile.prices)
        self.spending = self.narrator.spending
        self._watch = Watch(Limits(profile.limit_s, profile.token_limit, profile.money_limit), self.spending)
        self.life = Life.NEW
        roll_over = RollOver(profile.roll_over_after_s)
        self.history = History(self.narrator.conversation, roll_over, profile.history)
        failover = Failover(profile.tiers, profile.reconnect_within_s, profile.seed)
        self._continuity = Continuity(self.machine, self.narrator, self.history, failover, roll_over, profile.tiers)
        self._notices = Announcer(profile.notices, self.machine, self.narrator)
        self._unclear = Unclear(profile.unclear, self.machine)
        self._captions_only = False
        self._input_over = False
        self._armed: set[str] = set()
        self._nudge = Nudge.PROMPT if profile.idle_prompt else Nudge.GOODBYE
        self._typed: list[on.TextTyped] = []
        self._ending: _Ending | None = None

    @property
    def _quiet(self) -> bool:
        return self.life is Life.LIVE and self.machine.settled and not self._typed

    @property
    def _parting(self) -> str:
        """Why the session ends as soon as everything is said; empty while it goes on."""
        return self._watch.over or self.machine.leaving

    def step(self, event: on.Event, now: float) -> list[do.Command]:
        """Handle one event; carry the commands out in order. After `EndSession` nothing is answered any more."""
        if self.life is Life.OVER:
            return []
        if self.life is Life.ENDING:
            return self._end(event, now) if isinstance(event, on.PlaybackFlushed) else []
        if self.life is Life.FAREWELL:
            ends = self._notices.parted(event)
            out = [*self._tell(event, [], now), *self._notices.happened(event, now)]
            self.life = Life.ENDING if ends else Life.FAREWELL
            return [*out, do.FlushPlayback()] if ends else out
        if self._notices.owns(event):
            return self._notices.happened(event, now)
        if isinstance(event, on.TextTyped) and self._captions_only and not self.machine.settled:
            return self._keep_for_later(event, now)
        self.spending.happened(event, now)
        out = self._live(event, now)
        if self._ending is not None:
            self.life = Life.FAREWELL if self._notices.parting else Life.ENDING
            return out if self._notices.parting else [*out, do.FlushPlayback()]
        if unclear := self._unclear.happened(event):
            self.machine.want(Want("", say=unclear))
        stepped = [*self.machine.step(self._notices.without(event), now), *self._next_best(now)]
        told = self._tell(event, stepped, now)
        out += [*self._continuity.send_said(), *stepped, *told, *self.history.happened(event)]
        if isinstance(event, on.Summarised | on.SummaryFailed):
            out += self._continuity.shortened(now)
        out += self._take_over(now)
        out += [self.narrator.line("warning", now, code=code, detail=text) for code, text in self.machine.warnings]
        self.machine.warnings.clear()
        out += self.narrator.turns_over("" if self.machine.settled else self.machine.turn_id, now)
        out += self._next_typed(now)
        if self._parting and self._quiet and not self.narrator.captions.waiting:
            self.life, self._ending = Life.ENDING, _Ending(self._parting)
            return [*out, do.FlushPlayback()]
        return [*out, *self._watch_quiet(now), *self._notices.happened(event, now)]

    # The session's life ------------------------------------------------------------------------------------------

    def _live(self, event: on.Event, now: float) -> list[do.Command]:
        match event:
            case on.SessionOpened():
                self.life = Life.OPENING
                return self._continuity.begin(now)
            case on.EngineReady():
                return self._engine_ready(event, now)
            case on.EngineLost() | on.StandbyReady() | on.StandbyLost():
                out = self._continuity.happened(event, now)
                if (lost := self._continuity.given_up) is not None:
                    alone = len(self.profile.tiers) == 1 or self.life is Life.OPENING or lost.cause is Cause.SETTINGS
                    status = STATUSES.get(lost.cause, NOBODY) if alone else NOBODY
                    self._ending = _Ending(f"engine_lost_{lost.cause}", status, lost.detail)
                    out += self._notices.farewell(now)
                return out
            case on.LineOpened(captions_only=captions_only):
                return self._line_opened(now, captions_only=captions_only)
            case on.LineEnded():
                self._input_over = True
                return [do.SetDeadline(INPUT_CAP, now + INPUT_CAP_S)]
            case on.LineLost(detail=detail, exit_status=exit_status):
                self._ending = _Ending("line_lost", exit_status, detail)
            case on.EndAsked(reason=reason):
                self._ending = _Ending(reason)
            case on.ReplyAudioStarted():
                self._continuity.answers(now)
            case on.ReplyFinished(status=status):
                if status is ReplyStatus.COMPLETED:
                    self._continuity.answers(now)
                return self._watch_limits(now)
            case on.UserTranscribed():
                return self._watch_limits(now)
            case on.DeadlinePassed(name=name):
                return self._deadline(name, now)
            case _:
                pass
        return []

    # Engines come and go -----------------------------------------------------------------------------------------

    def _engine_ready(self, engine: on.EngineReady, now: float) -> list[do.Command]:
        self.spending.engine(engine.model, engine.transcription_model, now)
        out = self._continuity.ready(engine, now)
        if self.life is Life.OPENING:
            self.life = Life.READY
            fields = {"tier": str(engine.tier), "model": engine.model, "dialect": engine.dialect}
            out += [self.narrator.line("session_started", now, **fields), do.OpenLine()]
        return out + self._watch_limits(now)

    def _take_over(self, now: float) -> list[do.Command]:
        """Let the standby take over, if this is the moment."""
        standby = self._continuity.successor(now, quiet=self._quiet)
        if standby is None:
            return []
        return [do.SwitchEngine(standby.tier), *self._engine_ready(standby, now), *self.machine.step(standby, now)]

    def _next_best(self, now: float) -> list[do.Command]:
        """Let the next tier give the reply that this one failed to give twice."""
        unserved, self.machine.unserved = self.machine.unserved, None
        if unserved is None or not self._continuity.has_next:
            return []
        lost = on.EngineLost(Cause.NO_REPLY, "no reply in two tries")
        out = [*self._continuity.happened(lost, now), *self.machine.step(lost, now)]
        self.machine.want(replace(unserved, tries=0))
        return out

    def _line_opened(self, now: float, *, captions_only: bool) -> list[do.Command]:
        self.life = Life.LIVE
        self.narrator.zero_s = now
        self._captions_only = captions_only
        if self.profile.greeting:
            shielded = not self.profile.greeting_interruptible
            self.machine.want(Want("", say=self.profile.greeting, shielded=shielded))
        return self._watch_limits(now)

    def _watch_limits(self, now: float) -> list[do.Command]:
        news = self._watch.news(now)
        out: list[do.Command] = [self.narrator.line("warning", now, code=code, detail=text) for code, text in news]
        look_at_s = self._watch.next_look_s(now)
        return out if look_at_s is None else [*out, do.SetDeadline(LIMIT, look_at_s)]

    def _deadline(self, name: str, now: float) -> list[do.Command]:
        armed = name in self._armed
        self._armed.discard(name)
        if name in {INPUT_ENDED, INPUT_CAP}:
            self._ending = _Ending("input_ended")
        elif name == PARTING and armed:
            self._ending = _Ending(self._parting)
        elif name == LIMIT:
            return self._watch_limits(now)
        elif name == TRANSCRIPTS:
            return list(self.narrator.give_up_words(now))
        elif name == IDLE:
            self._idle()
        else:
            return self._continuity.deadline(name, now)
        return []

    def _idle(self) -> None:
        if self._nudge is Nudge.END:
            self._ending = _Ending("idle")
        elif self._nudge is Nudge.PROMPT:
            self.machine.want(Want("", say=self.profile.idle_prompt))
            self._nudge = Nudge.GOODBYE
        else:
            self.machine.want(Want("", say=self.profile.idle_goodbye))
            self._nudge = Nudge.END

    def _end(self, event: on.PlaybackFlushed, now: float) -> list[do.Command]:
        ending = self._ending or _Ending("ended")
        self.life = Life.OVER
        self.spending.happened(event, now)
        out: list[do.Command] = [*self._notices.told(event, now), *self.narrator.flushed(event, now)]
        out += [*self.narrator.tools_abandoned(now)]
        out += self.narrator.turns_over(None, now)
        if ending.exit_status:
            out.append(self.narrator.line("warning", now, code=ending.reason, detail=ending.detail))
        counted: dict[str, object] = {"usage": self.spending.session(now)}
        if len(self.profile.tiers) > 1:
            counted["tiers"] = self._continuity.tally.told(now)
        out.append(self.narrator.line("session_ended", now, reason=ending.reason, **counted))
        return [*out, do.EndSession(ending.reason, ending.exit_status, ending.detail)]

    # Quiet -------------------------------------------------------------------------------------------------------

    def _watch_quiet(self, now: float) -> list[do.Command]:
        """Arm what happens when nothing happens, and disarm it as soon as something does."""
        quiet = self._quiet
        out: list[do.Command] = []
        if self._input_over:
            # While nobody listens, what was said last may be on its way to the next engine.
            over = quiet and not self.narrator.captions.waiting and self.machine.tier is not None
            out += self._arm(INPUT_ENDED, now + self.profile.silence_s + QUIET_S, wanted=over)
        out += self._arm(PARTING, now + PART_WITHIN_S, wanted=bool(self._parting))
        if self._nudge is Nudge.END:
            out += self._arm(IDLE, now, wanted=quiet)
        elif self.profile.idle_prompt or self.profile.idle_goodbye:
            nothing_left = self._nudge is Nudge.GOODBYE and not self.profile.idle_goodbye
            out += self._arm(IDLE, now + self.profile.idle_after_s, wanted=quiet and not nothing_left)
        out += self._arm(TRANSCRIPTS, now + TRANSCRIPT_WITHIN_S, wanted=self.narrator.captions.waiting)
        return out

    def _arm(self, name: str, at_s: float, *, wanted: bool) -> list[do.Command]:
        if wanted and name not in self._armed:
            self._armed.add(name)
            return [do.SetDeadline(name, at_s)]
        if not wanted and name in self._armed:
            self._armed.discard(name)
            return [do.ClearDeadline(name)]
        return []

    # Typed turns -------------------------------------------------------------------------------------------------

    def _keep_for_later(self, event: on.TextTyped, now: float) -> list[do.Command]:
        """Without audio nobody is interrupted: a line typed during an answer waits for its end."""
        if len(self._typed) >= MAX_TYPED:
            return [self.narrator.line("warning", now, code="too_much_typed", detail="a typed line was dropped")]
        self._typed.append(event)
        return []

    def _next_typed(self, now: float) -> list[do.Command]:
        if not self._typed or not self.machine.settled:
            return []
        event = self._typed.pop(0)
        out = self.machine.step(event, now)
        return out + self._tell(event, out, now)

    # Telling -----------------------------------------------------------------------------------------------------

    def _tell(self, event: on.Event, done: list[do.Command], now: float) -> list[do.WriteLine]:
        tell = self.narrator
        if forgotten := [command.turn_id for command in done if isinstance(command, do.ForgetTurn)]:
            return [line for turn_id in forgotten for line in tell.forget(turn_id, now)]
        match event:
            case on.SpeechStarted() | on.SpeechStopped():
                self._user_is_here()
                return tell.speech(event, now)
            case on.TurnCommitted(turn_id=turn_id):
                return tell.committed(turn_id, now)
            case on.UserTranscribed(turn_id=turn_id, text=text):
                return tell.words(turn_id, text, now)
            case on.TranscriptionFailed(turn_id=turn_id, detail=detail):
                failed = tell.line("warning", now, code="transcription_failed", detail=detail, turn_id=turn_id)
                return [failed, *tell.words(turn_id, "", now)]
            case on.TextTyped() | on.ImageShown():
                self._user_is_here()
                return [tell.typed(event, now)]
            case on.MicrophoneTurned(state=state):
                self._user_is_here()
                return [tell.line("microphone", now, state=state)]
            case on.ToolCalled(reply_id=reply_id, call=call) if any(isinstance(each, do.RunTool) for each in done):
                return tell.tool_called(call, reply_id, self._turn_of(reply_id), now)
            case on.ToolFinished(call_id=call_id, outcome=outcome, output=output):
                return tell.tool_finished(call_id, outcome, output, now)
            case on.PlaybackStarted():
                return tell.playback_started(event, now)
            case on.PlaybackFinished():
                return tell.playback_finished(event, now)
            case on.PlaybackFlushed():
                return tell.flushed(event, now)
            case on.SummaryFailed(detail=detail):
                return [tell.line("warning", now, code="summary_failed", detail=detail)]
            case on.EngineComplained(code=code, detail=detail, ask_id=ask_id):
                return [] if ask_id or code == NO_TURN else [tell.line("warning", now, code=code, detail=detail)]
            case on.ReplyTextArrived() | on.ReplyAudioStarted() | on.ReplyFinished():
                tell.reply_grew(event, now)
            case on.ReplyStarted(reply_id=reply_id) if reply_id not in tell.conversation.replies:
                live = self.machine.replies.get(reply_id)
                self.spending.reply_started(reply_id, live.turn_id if live else "")
                if live:
                    tell.conversation.reply_started(reply_id, live.turn_id)
            case _:
                pass
        return []

    def _turn_of(self, reply_id: str) -> str:
        reply = self.narrator.conversation.replies.get(reply_id)
        return reply.turn_id if reply is not None else self.machine.turn_id

    def _user_is_here(self) -> None:
        self._nudge = Nudge.PROMPT if self.profile.idle_prompt else Nudge.GOODBYE
