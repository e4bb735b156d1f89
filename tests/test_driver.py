"""The driver between the pure core and the hands that carry its commands out."""

import asyncio
import io

import pytest

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.audio.ledger import Ledger
from voiceloop.core import Profile
from voiceloop.devices.base import Played
from voiceloop.driver import MAX_WAITING_EVENTS, Driver, Hands
from voiceloop.errors import MisuseError
from voiceloop.tape import TapeWriter
from voiceloop.testing.clock import virtual_time
from voiceloop.vocabulary import HeardSpan, Notice, ToolCall, Traits

HEARD = HeardSpan("r1", "a", 0, 100, 200)


class Script:
    """A core that answers each event as the test says, and remembers what it was told and when."""

    def __init__(self, **answers):
        self.answers = answers
        self.told = []
        self.narrator = self.conversation = self.history = self
        self.zero_s = None
        self.items = self.older = ["what was said"]

    def step(self, event, now):
        self.told.append((event, now))
        answer = self.answers.get(type(event).__name__, [])
        return answer(event) if callable(answer) else answer

    @property
    def events(self):
        return [event for event, _ in self.told]


class Bench:
    """All hands in one: writes down what it is asked to do."""

    def __init__(self, core, tape=None, line=None):
        self.done = []
        self.failures = []
        self.driver = Driver(core, tape)
        self.ledger = Ledger(24_000, self.driver.happened)
        self.driver.hands = Hands(
            self,
            self.ledger,
            line,
            self,
            open_line=lambda: self.done.append("open line"),
            summarise=lambda older: self.done.append(f"sum up {len(older)}"),
            write=lambda line: self.done.append(line.event),
            ended=self.done.append,
            failed=self.failures.append,
        )

    heard_s = 1.25

    def open(self, tier):
        self.done.append(f"open {tier}")

    def prepare(self, tier, rehearse):
        self.done.append(f"prepare {tier} {rehearse}".rstrip())

    def dismiss(self, tier):
        self.done.append(f"dismiss {tier}")

    def switch(self, tier):
        self.done.append(f"switch to {tier}")

    def recall(self, items, open_turn):
        self.done.append(("recall", list(items), open_turn))

    def obey(self, command):
        self.done.append(command)

    def run(self, call):
        self.done.append(call)

    def cancel(self, call_id):
        self.done.append(f"cancel {call_id}")


class Speaker:
    """A line that has played what it is told."""

    def __init__(self, sample=0):
        self.sample = sample
        self.flushed = []

    def played(self):
        return Played(0, self.sample, exact=True)

    def flush(self, generation):
        self.flushed.append(generation)


ENGINE_COMMANDS = [
    do.AskReply("ask-1"),
    do.CancelReply("r1"),
    do.TrimReply(HEARD),
    do.CommitTurn("t1"),
    do.ForgetTurn("t1"),
    do.SendText("t1", "hello"),
    do.SendToolOutput("c1", "noon"),
    do.SendSaid("r1", "It is"),
    do.UpdateEngine("Be brief."),
]


@virtual_time
async def test_an_engine_gets_the_record_as_it_was_when_that_was_decided():
    bench = Bench(Script(EngineReady=[do.Recall(1, ""), do.SendText("t2", "and then")]))
    bench.driver.core.items = ["what was said", "and then"]
    bench.driver.happened(on.EngineReady("realtime", "m", Traits()))
    assert bench.done == [("recall", ["what was said"], ""), do.SendText("t2", "and then")]


@virtual_time
async def test_every_command_goes_to_the_hand_it_is_for_in_order():
    call = ToolCall("c1", "clock", "{}")
    commands = [
        do.OpenEngine("realtime"),
        do.OpenLine(),
        do.PrepareEngine("rest", "speak"),
        do.DismissEngine("device"),
        do.SwitchEngine("rest"),
        do.Recall(1, "u1"),
        do.Summarise(1, 900),
        *ENGINE_COMMANDS,
        do.RunTool(call),
        do.CancelTool("c1"),
        do.WriteLine("warning", 0.0, {}),
        do.EndSession("bye"),
    ]
    bench = Bench(Script(SessionOpened=commands))
    bench.driver.happened(on.SessionOpened())
    assert bench.done == [
        "open realtime",
        "open line",
        "prepare rest speak",
        "dismiss device",
        "switch to rest",
        ("recall", ["what was said"], "u1"),
        "sum up 1",
        *ENGINE_COMMANDS,
        call,
        "cancel c1",
        "warning",
        do.EndSession("bye"),
    ]


@virtual_time
async def test_playback_commands_act_on_the_ledger():
    bench = Bench(Script(SayAsked=[do.PausePlayback()], InterruptAsked=[do.ResumePlayback(), do.MuteReply("r1")]))
    bench.ledger.put("r1", "a", 0, b"\1\0" * 100)
    bench.driver.happened(on.SayAsked(""))
    assert bench.ledger.pull(10) == bytes(20)
    bench.driver.happened(on.InterruptAsked())
    assert bench.ledger.pull(10) == b"\1\0" * 10
    bench.ledger.put("r1", "a", 0, b"\1\0" * 100)
    assert bench.ledger.late_samples == 100


@virtual_time
async def test_sealing_a_reply_without_sound_finishes_it_at_once():
    core = Script(ReplyFinished=[do.SealPlayback("r1")])
    bench = Bench(core)
    bench.driver.happened(on.ReplyFinished("r1", "completed"))
    assert core.events[-1] == on.PlaybackFinished("r1", ())


@virtual_time
async def test_an_event_that_comes_while_another_is_handled_waits_until_all_its_commands_are_done():
    bench = None

    def twice(event):
        bench.driver.happened(on.SayAsked("second"))
        return [do.SendText("t", "first")]

    core = Script(InterruptAsked=twice, SayAsked=[do.SendText("t", "second")])
    bench = Bench(core)
    bench.driver.happened(on.InterruptAsked())
    assert [command.text for command in bench.done] == ["first", "second"]


@virtual_time
async def test_a_flush_is_answered_before_whatever_else_waits():
    bench = None

    def flush(event):
        bench.driver.happened(on.SayAsked("later"))
        return [do.FlushPlayback()]

    core = Script(InterruptAsked=flush)
    bench = Bench(core, line=Speaker())
    bench.driver.happened(on.InterruptAsked())
    assert core.events == [on.InterruptAsked(), on.PlaybackFlushed((), heard_s=1.25), on.SayAsked("later")]


@virtual_time
async def test_what_the_line_has_played_is_known_before_the_event_that_asks():
    core = Script(InterruptAsked=[do.FlushPlayback()])
    line = Speaker()
    bench = Bench(core, line=line)
    core.zero_s = 1000.0
    bench.ledger.put("r1", "a", 0, bytes(2 * 24_000))
    bench.ledger.pull(12_000)
    line.sample = 2_400
    bench.driver.happened(on.InterruptAsked())
    span = HeardSpan("r1", "a", 0, 100, 1000)
    assert core.events == [on.PlaybackStarted("r1", 0.0), on.InterruptAsked(), on.PlaybackFlushed((span,), 0.1, 1.25)]
    assert line.flushed == [bench.ledger.generation] == [1]


@virtual_time
async def test_a_line_that_is_not_open_yet_is_not_asked():
    core = Script(InterruptAsked=[do.FlushPlayback()])
    line = Speaker(100)
    bench = Bench(core, line=line)
    bench.driver.happened(on.InterruptAsked())
    assert line.flushed == []


@virtual_time
async def test_a_deadline_comes_back_as_an_event_and_never_early():
    core = Script(SayAsked=[do.SetDeadline("a", 1002.5)])
    bench = Bench(core)
    bench.driver.happened(on.SayAsked(""))
    await asyncio.sleep(2.4)
    assert len(core.told) == 1
    await asyncio.sleep(0.2)
    event, now = core.told[1]
    assert event == on.DeadlinePassed("a")
    assert now >= 1002.5


@virtual_time
async def test_a_loop_that_calls_early_does_not_make_the_core_miscount():
    core = Script()
    bench = Bench(core)
    bench.driver._passed("a", asyncio.get_running_loop().time() + 0.001)
    assert core.told[0][1] == asyncio.get_running_loop().time() + 0.001


@virtual_time
async def test_a_deadline_of_the_same_name_replaces_the_first_and_can_be_cleared():
    core = Script(
        SayAsked=[do.SetDeadline("a", 1001.0), do.SetDeadline("a", 1002.0), do.SetDeadline("b", 1001.0)],
        InterruptAsked=[do.ClearDeadline("b"), do.ClearDeadline("nobody")],
    )
    bench = Bench(core)
    bench.driver.happened(on.SayAsked(""))
    bench.driver.happened(on.InterruptAsked())
    await asyncio.sleep(5)
    assert [(event, now) for event, now in core.told[2:]] == [(on.DeadlinePassed("a"), pytest.approx(1002.0))]


@virtual_time
async def test_a_stopped_driver_forgets_its_deadlines_and_handles_nothing():
    core = Script(SayAsked=[do.SetDeadline("a", 1001.0)])
    bench = Bench(core)
    bench.driver.happened(on.SayAsked(""))
    bench.driver.stop()
    bench.driver.happened(on.SayAsked(""))
    await asyncio.sleep(5)
    assert len(core.told) == 1


@virtual_time
async def test_each_step_stands_on_the_tape_before_it_is_carried_out():
    stream = io.StringIO()
    tape_when_obeyed = []

    class Slow(Bench):
        def obey(self, command):
            tape_when_obeyed.append(stream.getvalue())

    Slow(Script(SayAsked=[do.SendText("t", "x")]), TapeWriter(stream)).driver.happened(on.SayAsked("x"))
    assert len(stream.getvalue().splitlines()) == 2
    assert tape_when_obeyed == [stream.getvalue()]


@virtual_time
async def test_a_mistake_while_carrying_out_is_reported_and_the_driver_can_go_on():
    error = ZeroDivisionError("oops")

    def broken(event):
        raise error

    core = Script(SayAsked=broken, InterruptAsked=[do.SendText("t", "still here")])
    bench = Bench(core)
    bench.driver.happened(on.SayAsked(""))
    assert bench.failures == [error]
    bench.driver.happened(on.InterruptAsked())
    assert bench.done == [do.SendText("t", "still here")]


@virtual_time
async def test_events_that_cause_each_other_without_end_are_stopped():
    bench = None

    def echo(event):
        bench.driver.happened(on.SayAsked("again"))
        bench.driver.happened(on.SayAsked("and again"))
        return []

    core = Script(SayAsked=echo)
    bench = Bench(core)
    bench.driver.happened(on.SayAsked("first"))
    (failure,) = bench.failures
    assert isinstance(failure, MisuseError)
    assert len(core.told) <= MAX_WAITING_EVENTS + 1


# Notices -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ticking():
    """A bench whose core has a tick played when "play" is asked for, and stopped when "stop" is."""
    asked = {"play": [do.PlayNotice("notice-1", Notice.TICK)], "stop": [do.StopNotice("notice-1")]}
    core = Script(SayAsked=lambda event: asked[event.text])
    core.profile = Profile()
    return Bench(core)


async def test_a_notice_is_put_into_the_ledger_whole(ticking):
    ticking.driver.happened(on.SayAsked("play"))
    assert ticking.ledger.queued_ms == 60
    ticking.ledger.pull(24_000)
    ticking.ledger.ack(24_000)
    heard = HeardSpan("notice-1", "notice-1", 0, 60, 60)
    assert ticking.driver.core.events[-1] == on.PlaybackFinished("notice-1", (heard,), 0.06)


async def test_a_notice_that_is_stopped_is_over_with_what_was_pulled(ticking):
    ticking.driver.happened(on.SayAsked("play"))
    ticking.ledger.pull(480)
    ticking.driver.happened(on.SayAsked("stop"))
    assert ticking.ledger.queued_ms == 0
    ticking.ledger.ack(480)
    heard = HeardSpan("notice-1", "notice-1", 0, 20, 60)
    assert ticking.driver.core.events[-1] == on.PlaybackFinished("notice-1", (heard,), 0.02)
