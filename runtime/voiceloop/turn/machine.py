"""The turn machine: told what happened, it answers with what should be done about turns, replies and interruptions.

It branches on the engine's traits, never on an engine's name, and on no text. How an interruption works: speech while
the agent is answering *holds* playback at once; speech too short to be meant resumes it exactly where it stopped; else
the reply is cancelled, playback flushed, and the engine's history trimmed to what was heard.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import assert_never

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.turn.arbiter import REPLY_SLOT, Arbiter, Want
from voiceloop.turn.calls import CallBook
from voiceloop.turn.states import EAR, MOUTH, Ear, EarTrigger, Mouth, MouthTrigger, Slot, advance
from voiceloop.vocabulary import HeardSpan, Phase, ReplyStatus, ToolCall, Traits

__all__ = ["TurnMachine", "TurnPolicy"]

BARGE_IN = "barge_in"
REPLY_DUE = "reply_due"
COMMIT_DUE = "commit_due"

GRACE_S = 0.3
"""How long an engine that starts replies by itself may take after the reply that stood in its way has ended."""
COMMIT_WITHIN_S = 5.0
MAX_COUGHS = 16


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """What the machine may decide."""

    interrupt_after_s: float = 0.25
    """Shorter speech over the agent is a cough."""
    silence_s: float = 0.5
    """Silence the engine waits for before it says that speech stopped."""
    reply_start_s: float = 10.0
    tool_rounds: int = 6
    survivors: tuple[str, ...] = ()
    """Tools that go on when the user interrupts."""
    shield_first: bool = False
    """The first reply cannot be interrupted."""


@dataclass(slots=True)
class _Reply:
    """A reply that is being generated or played."""

    turn_id: str
    shielded: bool = False
    say: str | None = None
    generating: bool = True
    sounding: bool = False
    retried: int = 0


class TurnMachine:
    """Whose turn is it. `now` is seconds on any monotonic clock."""

    def __init__(self, policy: TurnPolicy) -> None:
        self.policy = policy
        self.traits = Traits()
        self.ear = Ear.QUIET
        self.mouth = Mouth.QUIET
        self.arbiter = Arbiter(policy.reply_start_s)
        self.calls = CallBook(policy.survivors)
        self.replies: dict[str, _Reply] = {}
        self.unanswered = ""
        """The turn that ended and has no reply yet."""
        self.turn_id = ""
        """The newest turn the user finished."""
        self.warnings: list[tuple[str, str]] = []
        """(code, detail) pairs for the caller to take and clear."""
        self._onset_s = 0.0
        """When the present or latest speech began, on the capture clock."""
        self._held_from_s: float | None = None
        """Onset of the speech that may be an interruption; None when nothing is held."""
        self._coughs: deque[str] = deque(maxlen=MAX_COUGHS)
        self._cough_handed_over = ""
        """The newest turn the engine took, when it was a cough: a reply to it is unwanted."""
        self._first = policy.shield_first

    @property
    def answering(self) -> bool:
        """There is an answer to interrupt: asked for, generated, waiting for a tool, or being played."""
        return self.arbiter.slot in {Slot.ASKED, Slot.ACTIVE} or bool(self.replies) or self.calls.running

    @property
    def settled(self) -> bool:
        """Nobody speaks, nothing is owed, nothing runs."""
        quiet = self.ear is Ear.QUIET and self.mouth is Mouth.QUIET
        return quiet and not (self.answering or self.arbiter.busy or self.unanswered)

    @property
    def phase(self) -> Phase:
        """What the conversation is doing."""
        if self.ear is not Ear.QUIET:
            return Phase.USER_SPEAKING
        if self.calls.running:
            return Phase.TOOL_RUNNING
        if self.mouth is not Mouth.QUIET:
            generating = any(reply.generating for reply in self.replies.values())
            return Phase.AGENT_SPEAKING if generating else Phase.AUDIO_QUEUED
        return Phase.IDLE if self.settled else Phase.THINKING

    def step(self, event: on.Event, now: float) -> list[do.Command]:
        """Handle one event; the commands are to be carried out in order."""
        out = self._dispatch(event, now)
        if self.ear is Ear.QUIET and self.mouth is not Mouth.HELD:
            out += self.arbiter.next_ask(now)
        return out

    def want(self, want: Want) -> None:
        """Wish for a reply; it is asked for as soon as nobody is in the way."""
        if not self.arbiter.want(want):
            self.warnings.append(("too_much_to_say", "the agent has too many sentences waiting; one was dropped"))

    def _dispatch(self, event: on.Event, now: float) -> list[do.Command]:  # noqa: C901, PLR0911, PLR0912 - one case per event
        match event:
            case on.EngineReady(traits=traits):
                self.traits = traits
                return []
            case on.SpeechStarted():
                return self._speech_started(event, now)
            case on.SpeechStopped():
                return self._speech_stopped(event, now)
            case on.TurnCommitted(turn_id=turn_id):
                return self._committed(turn_id, now)
            case on.TextTyped(turn_id=turn_id, text=text):
                return self._typed(turn_id, text, now)
            case on.ReplyStarted(reply_id=reply_id, ask_id=ask_id):
                return self._reply_started(reply_id, ask_id, now)
            case on.ReplyFinished():
                return self._reply_finished(event, now)
            case on.ReplyAudioStarted(reply_id=reply_id):
                if reply_id in self.replies:
                    self.replies[reply_id].sounding = True
                return []
            case on.PlaybackStarted():
                self._mouth(MouthTrigger.STARTED)
                return []
            case on.PlaybackFinished(reply_id=reply_id):
                return self._played(reply_id)
            case on.PlaybackFlushed(spans=spans):
                return self._flushed(spans)
            case on.ToolCalled(reply_id=reply_id, call=call):
                return self._tool_called(reply_id, call)
            case on.ToolFinished(call_id=call_id, output=output):
                return self._tool_finished(call_id, output)
            case on.EngineComplained():
                return self._complained(event)
            case on.DeadlinePassed(name=name):
                return self._deadline(name, now)
            case on.SayAsked(text=text):
                self.want(Want("", say=text))
                return []
            case on.InterruptAsked():
                return self._interrupt(now) if self.answering else []
            case (
                on.SessionOpened()
                | on.LineOpened()
                | on.LineEnded()
                | on.LineLost()
                | on.EngineLost()
                | on.UserTranscribed()
                | on.TranscriptionFailed()
                | on.ReplyTextArrived()
                | on.EndAsked()
            ):
                return []
            case _:
                assert_never(event)

    # The user ----------------------------------------------------------------------------------------------------

    def _speech_started(self, event: on.SpeechStarted, now: float) -> list[do.Command]:
        if (event.source == "engine") is not self.traits.ends_turns:
            return []
        self._hear(EarTrigger.STARTED)
        self._onset_s = event.at_s
        out: list[do.Command] = [do.ClearDeadline(COMMIT_DUE)]
        if self._shielded or not self.answering:
            return out
        if self.traits.stops_on_speech:
            return out + self._interrupt(now)
        return out + self._hold(now)

    def _hold(self, now: float) -> list[do.Command]:
        if self._held_from_s is None:
            self._held_from_s = self._onset_s
        self._mouth(MouthTrigger.HOLD)
        longest = self.policy.interrupt_after_s + self.policy.silence_s
        return [do.PausePlayback(), do.SetDeadline(BARGE_IN, now + longest)]

    def _speech_stopped(self, event: on.SpeechStopped, now: float) -> list[do.Command]:
        if (event.source == "engine") is not self.traits.ends_turns:
            return []
        self._hear(EarTrigger.STOPPED)
        out: list[do.Command] = [do.SetDeadline(COMMIT_DUE, now + COMMIT_WITHIN_S)]
        if self._held_from_s is not None:
            if event.at_s - self._held_from_s < self.policy.interrupt_after_s:
                self._coughs.append(event.turn_id)
                out += self._resume()
            else:
                out += self._interrupt(now)
        if not self.traits.ends_turns:
            if event.turn_id in self._coughs:
                self._hear(EarTrigger.ABANDONED)
            else:
                out.append(do.CommitTurn(event.turn_id))
        return out

    def _committed(self, turn_id: str, now: float) -> list[do.Command]:
        self._hear(EarTrigger.COMMITTED)
        out: list[do.Command] = [do.ClearDeadline(COMMIT_DUE)]
        if turn_id in self._coughs:
            self._cough_handed_over = turn_id
            return [*out, do.ForgetTurn(turn_id)]
        if self._held_from_s is not None:
            out += self._interrupt(now)
        self._cough_handed_over = ""
        self.turn_id = self.unanswered = turn_id
        if self.traits.starts_replies:
            patience = GRACE_S if self.arbiter.slot is not Slot.FREE else self.policy.reply_start_s
            return [*out, do.SetDeadline(REPLY_DUE, now + patience)]
        self.want(Want(turn_id))
        return out

    def _typed(self, turn_id: str, text: str, now: float) -> list[do.Command]:
        out = self._interrupt(now) if self.answering else []
        self.turn_id = self.unanswered = turn_id
        self.want(Want(turn_id))
        return [*out, do.SendText(turn_id, text)]

    # Interruption ------------------------------------------------------------------------------------------------

    @property
    def _shielded(self) -> bool:
        return any(reply.shielded for reply in self.replies.values())

    def _resume(self) -> list[do.Command]:
        self._held_from_s = None
        sounding = any(reply.sounding for reply in self.replies.values())
        self._mouth(MouthTrigger.RESUME_SPEAKING if sounding else MouthTrigger.RESUME_QUIET)
        return [do.ClearDeadline(BARGE_IN), do.ResumePlayback()]

    def _interrupt(self, now: float) -> list[do.Command]:
        self._held_from_s = None
        self._mouth(MouthTrigger.FLUSH)
        self.arbiter.drop_answer()
        cancels = self.arbiter.cancel(now)
        if self.traits.stops_on_speech and self.ear is not Ear.QUIET:
            cancels = [command for command in cancels if not isinstance(command, do.CancelReply)]
        tools = [do.CancelTool(call_id) for call_id in self.calls.supersede()]
        self.unanswered = ""
        return [do.ClearDeadline(BARGE_IN), *cancels, do.FlushPlayback(), *tools]

    def _flushed(self, spans: tuple[HeardSpan, ...]) -> list[do.Command]:
        last = {span.reply_id: span for span in spans}
        trims: list[do.Command] = []
        for span in spans:
            reply = self.replies.get(span.reply_id)
            still_growing = reply is not None and reply.generating and last[span.reply_id] is span
            if self.traits.keeps_audio and (still_growing or not span.finished):
                trims.append(do.TrimReply(span))
        self.replies.clear()
        return trims

    # The reply ---------------------------------------------------------------------------------------------------

    def _reply_started(self, reply_id: str, ask_id: str, now: float) -> list[do.Command]:
        out, want = self.arbiter.started(reply_id, ask_id)
        if any(isinstance(command, do.CancelReply) for command in out):
            return out
        if want is None and self._cough_handed_over and not self.unanswered:
            self._cough_handed_over = ""
            return out + self.arbiter.cancel(now)
        turn_id = self.unanswered or self.turn_id if want is None else want.turn_id
        say = None if want is None else want.say
        self.replies[reply_id] = _Reply(turn_id, self._first, say, retried=0 if want is None else want.tries)
        self._first = False
        if self.unanswered == turn_id:
            self.unanswered = ""
            out.append(do.ClearDeadline(REPLY_DUE))
        if self.ear is Ear.SPEAKING and not self._shielded:
            out += self._hold(now)
        return out

    def _reply_finished(self, event: on.ReplyFinished, now: float) -> list[do.Command]:
        reply = self.replies.get(event.reply_id)
        held_slot = self.arbiter.finished(event.reply_id)
        self.calls.reply_over(event.reply_id)
        out: list[do.Command] = [do.SealPlayback(event.reply_id)]
        if held_slot:
            out.append(do.ClearDeadline(REPLY_SLOT))
        if reply is not None:
            reply.generating = False
            self._judge(event, reply)
        self._follow_up(event.reply_id)
        if self.unanswered and self.traits.starts_replies and not self.arbiter.waiting:
            out.append(do.SetDeadline(REPLY_DUE, now + GRACE_S))
        return out

    def _judge(self, event: on.ReplyFinished, reply: _Reply) -> None:
        if event.status is ReplyStatus.FAILED and not reply.sounding and reply.retried == 0:
            self.want(Want(reply.turn_id, reply.say, tries=1))
        elif event.status in {ReplyStatus.FAILED, ReplyStatus.INCOMPLETE}:
            self.warnings.append((f"reply_{event.status}", event.detail or "the engine gave no reason"))

    def _played(self, reply_id: str) -> list[do.Command]:
        self.replies.pop(reply_id, None)
        if not any(reply.sounding for reply in self.replies.values()):
            self._mouth(MouthTrigger.FINISHED)
        return []

    # Tools -------------------------------------------------------------------------------------------------------

    def _tool_called(self, reply_id: str, call: ToolCall) -> list[do.Command]:
        reply = self.replies.get(reply_id)
        turn_id = reply.turn_id if reply is not None else self.turn_id
        if not self.calls.opened(reply_id, turn_id, call.call_id, call.name):
            return []
        run: list[do.Command] = [do.RunTool(call)]
        if reply is None:
            self.calls.supersede()
            run.append(do.CancelTool(call.call_id))
        return run

    def _tool_finished(self, call_id: str, output: str) -> list[do.Command]:
        reply_id = self.calls.finished(call_id)
        if reply_id is None:
            return []
        self._follow_up(reply_id)
        return [do.SendToolOutput(call_id, output)]

    def _follow_up(self, reply_id: str) -> None:
        turn_id = self.calls.follow_up(reply_id)
        if turn_id is not None:
            self.want(Want(turn_id, tools_allowed=self.calls.rounds(turn_id) <= self.policy.tool_rounds))

    # Trouble -----------------------------------------------------------------------------------------------------

    def _complained(self, event: on.EngineComplained) -> list[do.Command]:
        if event.code == "input_audio_buffer_commit_empty" and not self.traits.ends_turns:
            self._hear(EarTrigger.ABANDONED)
            return [do.ClearDeadline(COMMIT_DUE)]
        if not event.ask_id:
            return []
        running = self.replies.get(self.arbiter.reply_id)
        return self.arbiter.refused(event.ask_id, answering=running.turn_id if running else "")

    def _deadline(self, name: str, now: float) -> list[do.Command]:
        if name == BARGE_IN and self._held_from_s is not None:
            return self._interrupt(now)
        if name == COMMIT_DUE:
            self._hear(EarTrigger.ABANDONED)
        if name == REPLY_DUE and self.unanswered and not self.arbiter.busy:
            self.want(Want(self.unanswered))
        if name == REPLY_SLOT:
            out, lost = self.arbiter.overdue(now)
            if lost is not None:
                self.unanswered = ""
                self.warnings.append(("no_reply", "the engine did not start a reply in time, twice"))
            return out
        return []

    def _hear(self, trigger: EarTrigger) -> None:
        step = advance(EAR, self.ear, trigger)
        if step is None:
            self.warnings.append(("out_of_order", f"ear: {trigger} while {self.ear}"))
        else:
            self.ear = step

    def _mouth(self, trigger: MouthTrigger) -> None:
        step = advance(MOUTH, self.mouth, trigger)
        if step is None:
            self.warnings.append(("out_of_order", f"mouth: {trigger} while {self.mouth}"))
        else:
            self.mouth = step
