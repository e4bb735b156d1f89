"""The turn machine: told what happened, it answers with what should be done about turns, replies and interruptions.

It branches on the engine's traits, never on an engine's name, and on no text. How an interruption works: speech while
the agent is answering *holds* it at once: it goes on quieter. Speech that lasts cancels the reply, flushes playback and
trims the engine's history to what was heard; where words come early it silences the agent first, and they may take that
back. After short speech the agent goes on as before, until its words show that it was meant.
"""

from __future__ import annotations

from typing import assert_never

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.turn.arbiter import REPLY_SLOT, Arbiter, Want
from voiceloop.turn.calls import CallBook
from voiceloop.turn.doubts import Doubt
from voiceloop.turn.floor import BARGE_IN, WORDS_DUE, Floor
from voiceloop.turn.interruption import Verdict
from voiceloop.turn.policy import TurnPolicy
from voiceloop.turn.replies import LiveReply, Replies
from voiceloop.turn.states import Ear, EarTrigger, MouthTrigger, Slot
from voiceloop.vocabulary import Cause, Flow, ReplyStatus, Tier, Traits

__all__ = ["NO_TURN", "TurnMachine"]

REPLY_DUE = "reply_due"
COMMIT_DUE = "commit_due"
NO_TURN = "input_audio_buffer_commit_empty"
"""What an engine complains of that found no speech in a turn that was handed over."""

GRACE_S = 0.3
"""How long an engine that starts replies by itself may take after the reply that stood in its way has ended."""
COMMIT_WITHIN_S = 5.0


class TurnMachine:
    """Whose turn is it. `now` is seconds on any monotonic clock."""

    def __init__(self, policy: TurnPolicy) -> None:
        self.policy = policy
        self.tier: Tier | None = None
        """Who answers; None while nobody can."""
        self.traits = Traits()
        self._last_tier: Tier | None = None
        self.floor = Floor(policy.interruptions, policy.silence_s)
        self.doubts = self.floor.doubts
        self.arbiter = Arbiter(policy.reply_start_s)
        self.calls = CallBook(policy.survivors)
        self.replies = Replies()
        self.unanswered = ""
        """The spoken turn that ended and has no reply yet."""
        self.turn_id = ""
        """The newest turn the user finished."""
        self.unserved: Want | None = None
        """What the engine has failed to give twice; for the caller to take and clear."""
        self.leaving = ""
        """Why the session is to end once everything is said; empty when it is not, or the user has gone on since."""
        self.warnings: list[tuple[str, str]] = []
        """(code, detail) pairs for the caller to take and clear."""
        self._spoken_turn = ""
        self._cough_handed_over = ""
        """The newest turn the engine took, when it was a cough: a reply to it is unwanted."""

    @property
    def answering(self) -> bool:
        """There is an answer to interrupt: asked for, generated, waiting for a tool, or being played."""
        return self.arbiter.slot in {Slot.ASKED, Slot.ACTIVE} or bool(self.replies) or self.calls.running

    @property
    def settled(self) -> bool:
        """Nobody speaks, nothing is owed, nothing runs."""
        owed = self.answering or self.arbiter.busy or self.unanswered or self.doubts.open
        return self.floor.quiet and not owed

    def step(self, event: on.Event, now: float) -> list[do.Command]:
        """Handle one event; the commands are to be carried out in order."""
        out = self._dispatch(event, now)
        self.warnings += [("out_of_order", step) for step in self.floor.out_of_order]
        self.floor.out_of_order.clear()
        if self.floor.free and self.tier is not None:
            out += self.arbiter.next_ask(now)
        return out

    def want(self, want: Want) -> None:
        """Wish for a reply; it is asked for as soon as nobody is in the way."""
        if want.say is None and want.turn_id != self.turn_id and self.arbiter.answer_waits:
            return  # the answer to a newer turn is not begun yet, and will be made from all that was said
        if not self.arbiter.want(want):
            self.warnings.append(("too_much_to_say", "the agent has too many sentences waiting; one was dropped"))

    def _dispatch(self, event: on.Event, now: float) -> list[do.Command]:
        match event:
            case on.SpeechStarted() | on.SpeechStopped():
                # An engine that ends turns by itself is believed; else the local gate is.
                heard = (event.source == "engine") is self.traits.ends_turns
                return self._speech(event, now) if heard else []
            case on.SpeechFlowed(turn_id=turn_id, flow=Flow.LASTED) if self.floor.overlaps(turn_id):
                words_come = self.traits.tells_words and self.policy.interruptions.by_words
                return self.floor.silence(now) if words_come and not self.floor.silenced else self._interrupt(now)
            case on.SpeechFlowed(turn_id=turn_id, flow=flow):
                return self.floor.flows(turn_id, flow)
            case on.UserSaidSoFar(text=text):
                return self._interrupt(now) if self.floor.words(text) is Verdict.STOP else []
            case on.TurnCommitted(turn_id=turn_id):
                return self._committed(turn_id, now)
            case on.SilenceCommitted():
                self._spoken_turn = self._cough_handed_over = ""
            case on.MicrophoneTurned():
                pass
            case on.TextTyped(turn_id=turn_id, text=text):
                return self._typed(turn_id, text, now)
            case on.ImageShown(image=image):
                return [do.SendImage(image)]
            case on.SayAsked(text=text):
                self.want(Want("", say=text))
            case on.InterruptAsked():
                return self._interrupt(now) if self.answering else []
            case on.UpdateAsked(instructions=instructions, tools=tools, survivors=survivors):
                if tools is not None:
                    self.calls.survivors = frozenset(survivors)
                return [do.UpdateEngine(instructions, tools)]
            case on.EndWhenSaid(reason=reason):
                self.leaving = reason
            case on.DeadlinePassed(name=name):
                return self._deadline(name, now)
            case _:
                return self._dispatch_engine(event, now)
        return []

    def _dispatch_engine(self, event: on.EngineEvent, now: float) -> list[do.Command]:
        match event:
            case on.EngineReady():
                return self._ready(event, now)
            case on.EngineLost(cause=cause):
                return self.lost(cause)
            case on.ReplyStarted(reply_id=reply_id, ask_id=ask_id):
                return self._reply_started(reply_id, ask_id, now)
            case on.ReplyFinished():
                return self._reply_finished(event, now)
            case on.ReplyTextArrived() | on.ReplyAudioStarted():
                self.replies.grew(event)
            case on.PlaybackStarted():
                self.floor.speak(MouthTrigger.STARTED)
            case on.PlaybackFinished():
                return self._played(event)
            case on.PlaybackFlushed(spans=spans):
                trims = self.replies.flushed(spans)
                return [do.TrimReply(span) for span in trims] if self.traits.keeps_audio else []
            case on.ToolCalled(reply_id=reply_id, call=call):
                reply = self.replies.get(reply_id)
                turn_id = self.turn_id if reply is None else reply.turn_id
                return self.calls.run(call, reply_id, turn_id, wanted=reply is not None)
            case on.ToolFinished(call_id=call_id, output=output):
                reply_of = self.calls.finished(call_id)
                if reply_of is not None:
                    self._follow_up(reply_of)
                    return [do.SendToolOutput(call_id, output)]
            case on.UserTranscribed() | on.TranscriptionFailed():
                return self._settle(event.turn_id, event.text if isinstance(event, on.UserTranscribed) else None, now)
            case on.EngineComplained(code=code) if code == NO_TURN and not self.traits.ends_turns:
                self.floor.hear(EarTrigger.ABANDONED)
                return [do.ClearDeadline(COMMIT_DUE)]
            case on.EngineComplained(ask_id=ask_id) if ask_id:
                return self.arbiter.refused(ask_id, answering=self.replies.turn_of(self.arbiter.reply_id))
            case (
                on.SessionOpened()
                | on.LineOpened()
                | on.LineEnded()
                | on.LineLost()
                | on.EngineComplained()
                | on.StandbyReady()
                | on.StandbyLost()
                | on.Summarised()
                | on.SummaryFailed()
                | on.EndAsked()
            ):
                pass
            case _:
                assert_never(event)
        return []

    # The user ----------------------------------------------------------------------------------------------------

    def _speech(self, event: on.SpeechStarted | on.SpeechStopped, now: float) -> list[do.Command]:
        if isinstance(event, on.SpeechStopped):
            return self._speech_stopped(event, now)
        self.floor.speech_began(event.turn_id, event.at_s)
        # A turn that has no answer yet goes on: whatever is owed for it is owed for what is being said now.
        out: list[do.Command] = [do.ClearDeadline(COMMIT_DUE), do.ClearDeadline(REPLY_DUE)]
        if self.replies.shielded or not self.answering:
            return out
        return out + (self._interrupt(now) if self.traits.stops_on_speech else self.floor.hold(now))

    def _speech_stopped(self, event: on.SpeechStopped, now: float) -> list[do.Command]:
        self.floor.hear(EarTrigger.STOPPED)
        out: list[do.Command] = [do.SetDeadline(COMMIT_DUE, now + COMMIT_WITHIN_S)] if self.tier else []
        if self.floor.held:
            verdict = self.floor.judge(event.at_s)
            if verdict is Verdict.STOP:
                out += self._interrupt(now)
            else:
                out += self.floor.go_on(event.turn_id, verdict, now, sounding=self.replies.sounding)
        if self.traits.ends_turns:
            return out
        if self.doubts.cough(event.turn_id):
            self.floor.hear(EarTrigger.ABANDONED)
            return out
        return [*out, do.CommitTurn(event.turn_id, event.at_s)] if self.tier else out

    def _committed(self, turn_id: str, now: float) -> list[do.Command]:
        out: list[do.Command] = []
        if self.floor.ear is not Ear.SPEAKING or turn_id == self.floor.speaking_turn:  # else the next turn has begun
            self.floor.hear(EarTrigger.COMMITTED)
            out.append(do.ClearDeadline(COMMIT_DUE))
        if self.floor.paused:
            out += self.floor.go_on(turn_id, Verdict.WAIT, now, sounding=self.replies.sounding)
        cough = self.doubts.cough(turn_id)
        if cough or self.doubts.of(turn_id) is not None:
            self._cough_handed_over = turn_id
            if cough:
                out.append(do.ForgetTurn(turn_id))
            else:
                self.doubts.note(turn_id, Doubt.HANDED_OVER)
            return [*out, do.SetDeadline(REPLY_DUE, now + self.policy.ask_after_s)] if self.unanswered else out
        if self.floor.held:
            out += self._interrupt(now)
        self.doubts.drop_all()
        self._cough_handed_over = self.leaving = ""
        self.turn_id = self.unanswered = self._spoken_turn = turn_id
        if self.traits.starts_replies:
            self.arbiter.drop_answer()
            patience = GRACE_S if self.arbiter.slot is not Slot.FREE else self.policy.ask_after_s
            return [*out, do.SetDeadline(REPLY_DUE, now + patience)]
        self.want(Want(turn_id))
        return out

    def _typed(self, turn_id: str, text: str, now: float) -> list[do.Command]:
        out = self._interrupt(now) if self.answering else []
        self.doubts.drop_all()
        self.leaving = ""
        self.turn_id = turn_id
        self.want(Want(turn_id))
        return [*out, do.SendText(turn_id, text)]

    # Interruption ------------------------------------------------------------------------------------------------

    def _settle(self, turn_id: str, text: str | None, now: float) -> list[do.Command]:
        """The words of a turn came, or (None) will never: that settles whether it was meant to interrupt."""
        if self.doubts.of(turn_id) is None:
            return []
        if not self.floor.meant(text):
            out = self.doubts.dismiss(turn_id)
            return out + self.floor.resume(sounding=self.replies.sounding) if self.floor.silenced else out
        out = self._interrupt(now) if self.answering else []
        if self.doubts.drop(turn_id) is Doubt.HANDED_OVER:
            self._cough_handed_over = self.leaving = ""
            self.turn_id = self._spoken_turn = turn_id
            self.want(Want(turn_id))  # what an engine began by itself was cancelled
        return out

    def _interrupt(self, now: float) -> list[do.Command]:
        self.floor.give_up()
        self.arbiter.drop_answer()
        cancels = self.arbiter.cancel(now) + self.replies.cancel_all_but(self.arbiter.reply_id)
        if self.traits.stops_on_speech and self.floor.ear is not Ear.QUIET:
            cancels = [command for command in cancels if not isinstance(command, do.CancelReply)]
        tools = [do.CancelTool(call_id) for call_id in self.calls.supersede()]
        self.unanswered = ""
        return [do.ClearDeadline(BARGE_IN), *cancels, do.FlushPlayback(), *tools]

    # The reply ---------------------------------------------------------------------------------------------------

    def _reply_started(self, reply_id: str, ask_id: str, now: float) -> list[do.Command]:
        if not self.replies.begins(reply_id):
            return []
        out, want = self.arbiter.started(reply_id, ask_id)
        if any(isinstance(command, do.CancelReply) for command in out):
            return out
        if want is None and not self.unanswered and (self._cough_handed_over or self._spoken_turn):
            # It answers a cough, or a turn for the second time: relays ask for replies of their own.
            self._cough_handed_over = ""
            return out + self.arbiter.cancel(now)
        # What an engine starts by itself answers speech; typed turns are always asked for.
        turn_id = (self.unanswered or self._spoken_turn) if want is None else want.turn_id
        self.replies.live[reply_id] = LiveReply(turn_id) if want is None else LiveReply.of(want)
        asked = want is not None and want.say is None and not self.traits.starts_replies
        if self.unanswered == turn_id or asked:  # what we ask for answers all that was said; only engines split it
            self.unanswered = ""
            self.arbiter.answered(turn_id)
            out.append(do.ClearDeadline(REPLY_DUE))
        if self.floor.ear is Ear.SPEAKING and not self.replies.shielded:
            out += self.floor.hold(now)
        return out

    def _reply_finished(self, event: on.ReplyFinished, now: float) -> list[do.Command]:
        self.replies.begins(event.reply_id)  # one that ends before it began will not be waited for
        reply = self.replies.get(event.reply_id)
        held_slot = self.arbiter.finished(event.reply_id)
        self.calls.reply_over(event.reply_id)
        out: list[do.Command] = [do.SealPlayback(event.reply_id)]
        if held_slot:
            out.append(do.ClearDeadline(REPLY_SLOT))
        if reply is not None:
            reply.generating = False
            if (again := reply.retry(event)) is not None:
                self.want(again)
            elif event.status in {ReplyStatus.FAILED, ReplyStatus.INCOMPLETE}:
                if event.status is ReplyStatus.FAILED and not reply.sounding:
                    self.unserved = reply.wanted(tries=0)
                self.warnings.append((f"reply_{event.status}", event.detail or "the engine gave no reason"))
        self._follow_up(event.reply_id)
        if self.unanswered and self.traits.starts_replies and not self.arbiter.waiting:
            out.append(do.SetDeadline(REPLY_DUE, now + GRACE_S))
        return out

    def _played(self, event: on.PlaybackFinished) -> list[do.Command]:
        reply = self.replies.get(event.reply_id)
        if reply is not None and reply.again is not None:
            self.want(reply.again)
        self.replies.live.pop(event.reply_id, None)
        return [] if self.replies.sounding else self.floor.said_all(more=self.answering)

    # Tools -------------------------------------------------------------------------------------------------------

    def _follow_up(self, reply_id: str) -> None:
        reply = self.replies.get(reply_id)
        # A goodbye that came with the call that ends the session is not said twice.
        said = bool(self.leaving) and reply is not None and reply.worded and self.calls.single(reply_id)
        turn_id = self.calls.follow_up(reply_id)
        if turn_id is not None and not said:
            self.want(Want(turn_id, tools_allowed=self.calls.rounds(turn_id) <= self.policy.tool_rounds))

    # The engine comes and goes -----------------------------------------------------------------------------------

    def _ready(self, engine: on.EngineReady, now: float) -> list[do.Command]:
        gated = not self.traits.ends_turns
        # One that was given up may have taken a turn or begun a reply meanwhile; nobody will tell of its end.
        owes = self.unanswered or self.arbiter.reply_id or self.replies.generating
        out = self.lost(Cause.DROP) if owes else []
        if engine.tier is not self._last_tier:
            self.arbiter.forgive()
            self.replies.forgive()
        elif self.arbiter.spend() | self.replies.spend():
            self.warnings.append(("no_reply", "the engine did not answer in time, twice"))
        self.tier, self.traits = engine.tier, engine.traits
        self._last_tier = engine.tier
        if self.floor.ear is Ear.QUIET:
            return out
        # The turn that is being spoken was handed over once more: engine or gate must find it, or it was nothing.
        if self.traits.ends_turns or not gated or self.floor.ear is Ear.SETTLING:
            out.append(do.SetDeadline(COMMIT_DUE, now + COMMIT_WITHIN_S))
        if gated and not self.traits.ends_turns and self.floor.ear is Ear.SETTLING:
            out.append(do.CommitTurn(self.floor.speaking_turn))
        return out

    def lost(self, cause: Cause) -> list[do.Command]:
        """The engine is gone, or is given up: what it owed is wanted again, what it has said is played to its end."""
        stalled = cause is Cause.SLOW_MODEL
        self.tier = None
        self._cough_handed_over = ""
        self.arbiter.lost(stalled=stalled)
        if self.unanswered:
            self.want(Want(self.unanswered, tries=int(stalled)))
            self.unanswered = ""
        out: list[do.Command] = [do.ClearDeadline(name) for name in (REPLY_SLOT, REPLY_DUE, COMMIT_DUE)]
        for reply_id, reply in self.replies.live.items():
            if reply.generating:
                out.append(do.SealPlayback(reply_id))
                reply.generating = False
                self.calls.reply_over(reply_id)
                if not self.calls.called(reply_id):
                    reply.again = reply.wanted(reply.tries + stalled)
                self._follow_up(reply_id)
        return out

    # Trouble -----------------------------------------------------------------------------------------------------

    def _deadline(self, name: str, now: float) -> list[do.Command]:
        if name == BARGE_IN and self.floor.held and not self.floor.paused:
            return self._interrupt(now)
        if name == WORDS_DUE:
            return [command for turn_id in self.doubts.open for command in self._settle(turn_id, None, now)]
        if name == COMMIT_DUE:
            self.floor.hear(EarTrigger.ABANDONED)
            return [do.SetDeadline(REPLY_DUE, now + GRACE_S)] if self.unanswered else []
        if name == REPLY_DUE and self.unanswered and not self.arbiter.busy and self.floor.ear is Ear.QUIET:
            self.want(Want(self.unanswered))
        if name == REPLY_SLOT:
            out, lost = self.arbiter.overdue(now)
            if lost is not None:
                self.unanswered, self.unserved = "", lost
                self.warnings.append(("no_reply", "the engine did not start a reply in time, twice"))
            return out
        return []
