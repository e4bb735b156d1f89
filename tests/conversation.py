"""The playbook: a conversation with the pure core, written as a script.

    talk = Talk()
    talk.heard(SpeechStarted("u1", 1.0))          # an event; the commands it brings wait to be expected
    talk.expect(PausePlayback())                  # these commands came, in this order, among others
    talk.after(0.5)                               # time passes; deadlines that come due fire by themselves

`Talk` answers `FlushPlayback` the way a session does, with `talk.flushes`, and remembers every transcript line.
"""

from __future__ import annotations

from typing import Any

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Core, Profile
from voiceloop.vocabulary import HeardSpan, ReplyStatus, Tier, ToolCall, Traits

MANUAL = Traits(ends_turns=False, starts_replies=False)
CLIENT = Traits(starts_replies=False)


class Talk:
    """One conversation with the core in scripted time."""

    def __init__(self, profile: Profile | None = None, traits: Traits | None = None, *, captions: bool = False):
        self.core = Core(profile or Profile())
        self.now = 100.0
        self.new: list[do.Command] = []
        self.lines: list[do.WriteLine] = []
        self.deadlines: dict[str, float] = {}
        self.flushes: tuple[HeardSpan, ...] = ()
        self.ended: do.EndSession | None = None
        self.heard(on.SessionOpened())
        self.heard(on.EngineReady(Tier.REALTIME, "model", traits or Traits(), "ga"))
        self.heard(on.LineOpened(captions_only=captions))

    def heard(self, *events: on.Event) -> Talk:
        """These things happen, now; what came of them before is forgotten."""
        self.new = []
        for event in events:
            self._step(event)
        return self

    def _step(self, event: on.Event) -> None:
        for command in self.core.step(event, self.now):
            self.new.append(command)
            match command:
                case do.WriteLine():
                    self.lines.append(command)
                case do.SetDeadline(name=name, at_s=at_s):
                    self.deadlines[name] = at_s
                case do.ClearDeadline(name=name):
                    self.deadlines.pop(name, None)
                case do.FlushPlayback():
                    self._step(on.PlaybackFlushed(self.flushes))
                case do.EndSession():
                    self.ended = command

    def after(self, seconds: float) -> Talk:
        """Let time pass; deadlines due by then pass in order."""
        self.new = []
        until = self.now + seconds
        while due := sorted((at_s, name) for name, at_s in self.deadlines.items() if at_s <= until):
            self.now, name = max(due[0][0], self.now), due[0][1]
            del self.deadlines[name]
            self._step(on.DeadlinePassed(name))
        self.now = until
        return self

    def expect(self, *commands: do.Command) -> Talk:
        """These commands came, in this order, maybe with others between them."""
        found = iter(self.new)
        for command in commands:
            assert any(command == each for each in found), f"no {command}\namong {self._shown()}"
        return self

    def never(self, *kinds: type) -> Talk:
        """No command of these kinds came."""
        unwanted = [command for command in self.new if isinstance(command, kinds)]
        assert not unwanted, f"unexpected {unwanted}"
        return self

    def only(self, kind: type) -> Any:
        """The one command of this kind."""
        found = [command for command in self.new if isinstance(command, kind)]
        assert len(found) == 1, f"{len(found)} {kind.__name__} among {self._shown()}"
        return found[0]

    def said(self, event: str) -> list[dict[str, Any]]:
        """All transcript lines of one event so far."""
        return [{"t": line.t, **line.fields} for line in self.lines if line.event == event]

    def _shown(self) -> str:
        return "\n".join(str(command) for command in self.new if not isinstance(command, do.WriteLine))

    # Whole steps that many conversations begin with ----------------------------------------------------------------

    def user_turn(self, turn_id: str = "u1", text: str = "what time is it") -> Talk:
        """The user speaks for a second and the engine takes the turn."""
        at = self.now - 100.0
        self.heard(on.SpeechStarted(turn_id, at))
        self.after(1.5)
        self.heard(on.SpeechStopped(turn_id, at + 1.0), on.TurnCommitted(turn_id), on.UserTranscribed(turn_id, text))
        return self

    def reply(self, reply_id: str = "r1", text: str = "It is noon.", ask_id: str = "") -> Talk:
        """The engine starts a reply with words and sound."""
        return self.heard(
            on.ReplyStarted(reply_id, ask_id),
            on.ReplyTextArrived(reply_id, f"{reply_id}-a", 0, text),
            on.ReplyAudioStarted(reply_id, f"{reply_id}-a"),
        )

    def playing(self, reply_id: str = "r1", text: str = "It is noon.", ask_id: str = "") -> Talk:
        """... and the listener hears its beginning."""
        return self.reply(reply_id, text, ask_id).heard(on.PlaybackStarted(reply_id))

    def finished(self, reply_id: str = "r1", status: ReplyStatus = ReplyStatus.COMPLETED) -> Talk:
        """The engine is done with the reply."""
        return self.heard(on.ReplyFinished(reply_id, status))

    def played(self, reply_id: str = "r1", ms: int = 1000) -> Talk:
        """The listener has heard all of the reply."""
        return self.heard(on.PlaybackFinished(reply_id, (HeardSpan(reply_id, f"{reply_id}-a", 0, ms, ms),)))

    def tool_call(self, call_id: str = "c1", reply_id: str = "r1", name: str = "clock") -> ToolCall:
        """The reply calls a tool."""
        call = ToolCall(call_id, name, "{}")
        self.heard(on.ToolCalled(reply_id, call))
        return call
