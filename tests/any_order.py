"""The pure core among people, engines, tools and a line that do anything in any order.

A `World` carries commands out as a driver does, with a real ledger of numbered samples, and checks each of them as it
comes. What may happen in it is in `any_deeds`.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace

from audio.listening import numbers
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.audio.ledger import Ledger
from voiceloop.core import Core, Profile
from voiceloop.transcript import TranscriptLine
from voiceloop.vocabulary import Cause, HeardSpan, Tier, ToolOutput, Traits, UserTurn

RATE_HZ = 100
MS_PER_SAMPLE = 10
LATENCY = 3
"""Samples between pulling one and hearing it."""
SERVICES = Traits(ends_turns=False, starts_replies=False, keeps_audio=False, tells_words=True)
"""Of every tier but realtime."""
Part = tuple[str, str, int]


@dataclass
class Connection:
    """One engine: what it was told, and what it has said."""

    number: int
    tier: Tier
    traits: Traits
    ready: bool = False
    live: bool = False
    replies: list[str] = field(default_factory=list)
    """Those it has begun."""
    running: list[str] = field(default_factory=list)
    cancelled: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    """Asks that it has neither taken up nor refused."""
    resumed: str = ""
    commits: list[str] = field(default_factory=list)
    """Turns that the user has finished and it has not taken yet."""
    outputs: Counter[str] = field(default_factory=Counter)
    turns: Counter[str] = field(default_factory=Counter)
    """How often it was told what the user said."""


class World:
    """A conversation; `traits` are those of realtime. `happens` is how every event comes to the core."""

    def __init__(self, profile: Profile, traits: Traits, *, captions_only: bool = False) -> None:
        self.profile, self.traits = profile, traits
        self.core = Core(profile)
        self.now = 100.0
        self.steps: list[tuple[on.Event, float, list[do.Command]]] = []
        self.lines: list[do.WriteLine] = []
        self.deadlines: dict[str, float] = {}
        self.ended: do.EndSession | None = None
        self.connections = 0
        self.engine = self.nobody(profile.tiers[0])
        self.standbys: dict[Tier, Connection] = {}
        self.gated = not self.engine.traits.ends_turns
        """The local gate listens for turns."""
        self.opened: list[tuple[float, Tier]] = []
        """When engines were opened, in place of one that was lost or beside it."""
        self.causes: dict[Tier, set[Cause]] = {tier: set() for tier in Tier}
        """Why engines of each tier were lost."""
        self.inbox: deque[on.Event] = deque()
        self.stepping = False
        self.line_opens = False
        self.ledger = Ledger(RATE_HZ, self.inbox.append)
        self.pulled: list[int] = []
        self.heard: list[int] = []
        """Numbers of the samples that the listener heard."""
        self.owners: list[Part] = [("", "", 0)]
        """Whose each numbered sample is."""
        self.captions_only = captions_only
        self.words = 0
        self.speaking = ""
        """The turn that whoever ends turns has heard begin."""
        self.volume = 1.0
        """Not done to the samples, whose values are their numbers."""
        self.turns: list[str] = []
        """Those the user has begun."""
        self.handed_over: list[str] = []
        self.written: Counter[str] = Counter()
        """How often the words of a turn came."""
        self.open_ask_s: float | None = None
        """Since when an ask has been open, for all that the core knows."""
        self.called: list[str] = []
        self.running: list[str] = []
        """Calls that the tool bus works on."""
        self.happens(on.SessionOpened())

    # How commands are carried out --------------------------------------------------------------------------------

    def happens(self, event: on.Event) -> None:
        """Handle an event as a driver does: what was heard until now comes first."""
        self.listen()
        self.inbox.append(event)
        self.work_off()

    def work_off(self) -> None:
        while self.inbox:
            event = self.inbox.popleft()
            commands = self.core.step(event, self.now)
            self.steps.append((event, self.now, commands))
            assert self.ended is None or not commands, f"after the end: {commands}"
            for command in commands:
                self.carry_out(command)

    def carry_out(self, command: do.Command) -> None:  # noqa: C901, PLR0912 - one case per command
        match command:
            case do.WriteLine():
                self.lines.append(command)
            case do.SetDeadline(name=name, at_s=at_s):
                self.deadlines[name] = at_s
            case do.ClearDeadline(name=name):
                self.deadlines.pop(name, None)
            case do.SealPlayback(reply_id=reply_id):
                self.ledger.seal(reply_id)
            case do.MuteReply(reply_id=reply_id):
                self.ledger.mute(reply_id)
            case do.PausePlayback():
                self.ledger.pause()
            case do.ResumePlayback():
                self.ledger.resume()
            case do.DuckPlayback(gain=gain):
                self.volume = gain
            case do.FlushPlayback():
                spans = self.ledger.flush()
                self.volume = 1.0
                self.pulled = self.pulled[: self.acked] + [0] * (len(self.pulled) - self.acked)
                for span in spans:
                    self.check_span(span)
                self.inbox.appendleft(on.PlaybackFlushed(spans, self.ledger.heard_until_s))
            case do.RunTool(call=call):
                assert call.call_id not in self.called, "a call runs twice"
                self.called.append(call.call_id)
                self.running.append(call.call_id)
            case do.OpenLine():
                assert not self.line_opens, "the line is opened twice"
                self.line_opens = True
            case do.EndSession():
                assert self.ended is None, "the session ends twice"
                self.ended = command
            case _:
                self.tell_engine(command)

    def tell_engine(self, command: do.Command) -> None:  # noqa: C901, PLR0912 - one case per command
        engine = self.engine
        match command:
            case do.OpenEngine(tier=tier):
                assert not engine.live or self.core.machine.tier is None, "an engine is closed that serves"
                self.standbys.pop(tier, None)
                self.engine = self.connection(tier)
            case do.PrepareEngine(tier=tier):
                self.standbys[tier] = self.connection(tier)
            case do.DismissEngine(tier=tier):
                self.standbys.pop(tier, None)
            case do.SwitchEngine(tier=tier):
                assert tier in self.standbys, "nobody stands by"
                assert self.standbys[tier].ready, "an engine takes over that is not ready"
                self.engine, self.open_ask_s = self.standbys.pop(tier), None
                self.forget_speech()
            case do.Recall(items=items, open_turn=open_turn):
                record = self.core.narrator.conversation.items[:items]
                assert engine.ready
                assert not engine.live, "an engine gets the record twice"
                engine.live = True
                self.listens_on(engine, open_turn)
                engine.outputs.update(item.call_id for item in record if isinstance(item, ToolOutput))
                engine.turns.update(item.turn_id for item in record if isinstance(item, UserTurn))
            case do.AskReply(ask_id=ask_id):
                assert engine.live, "nobody is there to be asked"
                since = self.open_ask_s
                assert since is None or self.now - since >= self.profile.reply_start_s - 1e-6, "two asks are open"
                self.open_ask_s = self.now
                engine.asked.append(ask_id)
            case do.CancelReply(reply_id=reply_id):
                engine.cancelled.add(reply_id)
            case do.TrimReply(heard=span):
                self.check_span(span)
            case do.CommitTurn(turn_id=turn_id) if engine.live:
                engine.commits.append(turn_id)
            case do.SendText(turn_id=turn_id) if engine.live:
                engine.turns[turn_id] += 1
            case do.SendToolOutput(call_id=call_id) if engine.live:
                engine.outputs[call_id] += 1
            case _:
                pass  # CancelTool, ForgetTurn, SendSaid, UpdateEngine, Summarise: answered by chance or never

    def nobody(self, tier: Tier) -> Connection:
        """No engine, in place of one of this tier."""
        return Connection(0, tier, self.traits if tier is Tier.REALTIME else SERVICES)

    def connection(self, tier: Tier) -> Connection:
        self.connections += 1
        self.opened.append((self.now, tier))
        return replace(self.nobody(tier), number=self.connections)

    def forget_speech(self) -> None:
        """An engine that is gone hears nothing; the local gate hears on."""
        self.speaking = self.speaking if self.gated else ""

    def listens_on(self, engine: Connection, open_turn: str) -> None:
        """Who ends turns may change with the engine: the turn that is being spoken is heard again, and keeps its id."""
        gated, self.gated = self.gated, not engine.traits.ends_turns
        if gated and self.gated:
            return
        self.speaking, engine.resumed = "", open_turn
        if open_turn and self.gated:  # the sound of before is listened to at once
            engine.resumed = ""
            at_s = self.now - (self.core.narrator.zero_s or self.now)
            if engine.number % 2:
                self.speaking = open_turn
                self.inbox.append(on.SpeechStarted(open_turn, at_s, "local"))
            else:
                self.inbox.append(on.SpeechStopped(open_turn, at_s, "local"))

    def check_span(self, span: HeardSpan) -> None:
        """Truncate <= played <= received, and what is told is what was played."""
        part = (span.reply_id, span.item_id, span.content_index)
        received_ms = MS_PER_SAMPLE * sum(owner == part for owner in self.owners)
        heard_ms = MS_PER_SAMPLE * sum(self.owners[number] == part for number in self.heard)
        assert span.heard_ms == heard_ms <= span.received_ms == received_ms

    # The line --------------------------------------------------------------------------------------------------------

    @property
    def acked(self) -> int:
        return max(0, len(self.pulled) - LATENCY)

    def listen(self) -> None:
        self.ledger.ack(self.acked)

    def passes(self, seconds: float) -> None:
        """Time passes: the line plays, and deadlines that come due pass."""
        until = self.now + seconds
        while self.ended is None and (due := self.next_due(until)) is not None:
            self.play(max(0.0, self.deadlines[due] - self.now))
            self.deadlines.pop(due, None)
            self.comes_due(due)
        self.play(until - self.now)

    def comes_due(self, name: str) -> None:
        self.happens(on.DeadlinePassed(name))

    def next_due(self, until: float) -> str | None:
        due = [(at_s, name) for name, at_s in self.deadlines.items() if at_s <= until]
        return min(due)[1] if due else None

    def play(self, seconds: float) -> None:
        before = int(self.now * RATE_HZ + 1e-6)
        self.now += seconds
        count = int(self.now * RATE_HZ + 1e-6) - before
        if count <= 0 or self.captions_only:
            return
        start = self.acked
        self.pulled += numbers(self.ledger.pull(count))
        self.heard += [number for number in self.pulled[start : self.acked] if number]
        self.listen()
        self.work_off()

    def usable(self, tier: Tier) -> bool:
        """Whether the core still counts on this tier."""
        return self.core._continuity._failover.usable(tier)

    def told(self, event: str) -> list[TranscriptLine]:
        return [TranscriptLine.of(line) for line in self.lines if line.event == event]
