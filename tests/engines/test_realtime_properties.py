"""The engine with a server that says anything in any order, over a network that does anything, on virtual time."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.desk import Desk
from thorough import thorough
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.testing.clock import run_virtual
from voiceloop.testing.faults import Close as Closed
from voiceloop.testing.faults import Cut, Freeze, Lag, Refuse, Reset
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.numbers import numbered
from voiceloop.testing.script import Call, Close, Quirks, Reply, Send, Spoken, Stall, Vanish
from voiceloop.vocabulary import HeardSpan, UserTurn
from wire import shapes
from wire.hybrids import HYBRID

pytestmark = pytest.mark.timeout(7200)  # with HYPOTHESIS_PROFILE=long

FRAMES = [frame for frame, *_ in (*shapes.BOTH, *shapes.BETA, *shapes.GA, *HYBRID)]
FRAMES += 3 * [frame for frame in FRAMES if "response." in frame or "input_audio_buffer." in frame]
IDS = ("r1", "a1", "f1", "u1", "call_1")
"""Ids that those frames have; others take their places."""
ODD_VALUES = (None, "", 0, -1, [], {}, True, "x" * 300, {"id": None})
COMMANDS = (
    do.AskReply("ask-1"),
    do.AskReply("ask-2", say="It is noon."),
    do.CancelReply("r1"),
    do.CancelReply("resp_1"),
    do.TrimReply(HeardSpan("r1", "a1", 2, 40, 100)),
    do.TrimReply(HeardSpan("r2", "a2", 0, 0, 0)),
    do.CommitTurn("t1"),
    do.ForgetTurn("u1"),
    do.SendText("t1", "hello"),
    do.SendToolOutput("call_1", "noon"),
    do.UpdateEngine("Be brief.", ()),
    do.SendSaid("r9", "It is"),
)
FAULTS = (
    Reset(),
    Closed(1001, "going away"),
    Closed(4000, "private"),
    Freeze(for_s=1.0),
    Freeze("down"),
    Cut("down", messages=2, inside=True),
    Cut("up", size=500),
    Refuse(for_s=2.0),
    Lag(0.05, 0.05, 20_000),
)
STEPS = (Close(1000), Close(1011, "oops"), Close(4000, "use GA"), Vanish(), Stall(), Stall(answers_pings=True))
SERVERS = st.builds(
    Quirks,
    accepts=st.sampled_from([("beta", "ga"), ("beta", "ga"), ("ga",), ("beta",)]),
    refuses_by=st.sampled_from(["close", "form"]),
    hybrid_names=st.booleans(),
    greets=st.sampled_from([True, True, True, False]),
    confirms_updates=st.sampled_from([True, True, True, False]),
    odd_deltas=st.booleans(),
    omits=st.sampled_from([frozenset(), frozenset({"event_id", "output_index", "content_index", "part"})]),
    string_errors=st.booleans(),
)
REPLIES = st.lists(
    st.builds(
        Reply,
        st.sampled_from([(), (Spoken("It is noon.", 300),), (Spoken("One.", 200), Spoken("Two.", 200))]),
        st.sampled_from([(), (Call("clock"),), (Call("clock", "{", "call_1"), Call("lamp"))]),
        created_after_s=st.sampled_from([0.0, 0.3, None]),
        status=st.sampled_from(["completed", "failed", "incomplete"]),
        ends=st.booleans(),
    ),
    max_size=3,
)
RARE = ("recalls", "breaks", "ends", "closes")
WEIGHTS = {
    "says": 16,
    "repeats": 8,
    "obeys": 6,
    "hears": 2,
    "waits": 4,
    "recalls": 1,
    "breaks": 1,
    "ends": 1,
    "closes": 1,
}
VERBS = [verb for verb, weight in WEIGHTS.items() for _ in range(weight)]
DEEDS = st.tuples(st.sampled_from(VERBS), st.integers(0, 400), st.integers(0, 60))
FEW_OR_MANY = st.lists(DEEDS, max_size=15) | st.lists(DEEDS, min_size=30, max_size=80)


class Watched:
    """A socket that notices what is sent through it when it is closed."""

    def __init__(self, socket, closed):
        self._socket = socket
        self.is_closed = closed
        self.too_late = 0

    def __getattr__(self, name):
        return getattr(self._socket, name)

    def send(self, payload):
        self.too_late += self.is_closed.is_set()
        return self._socket.send(payload)

    def send_control(self, payload):
        self.too_late += self.is_closed.is_set()
        self._socket.send_control(payload)

    async def close(self, within_s):
        self.is_closed.set()
        await self._socket.close(within_s)


class OddDesk(Desk):
    """An engine at work, and all the sockets it had."""

    def __init__(self, gateway, dialect):
        model = "gpt-4o-realtime-preview" if dialect == "auto" else "m"  # auto takes that for a beta model
        super().__init__(gateway, dialect=dialect, model=model, configure_timeout_s=2.0, connect=self.watched)
        self.sockets = []
        self.dialled_at = []
        """How many events there were when a connection was asked for: another dialect tells everything anew."""
        self.closed = False
        self.sample = 0

    async def watched(self, url, *, on_close, **options):
        closed = asyncio.Event()
        self.dialled_at.append(len(self.events))

        def note(code, reason):
            closed.set()
            on_close(code, reason)

        self.sockets.append(Watched(await self.network.connect(url, on_close=note, **options), closed))
        return self.sockets[-1]

    async def does(self, verb, which, how):  # noqa: C901 - one branch per verb
        gateway = self.gateway
        reachable = gateway.connections and gateway.connection.closed is None
        if verb == "says" and reachable:
            gateway.perform(*map(Send, odd(FRAMES[which % len(FRAMES)], which, how)))
        elif verb == "repeats" and reachable and gateway.connection.sent:
            gateway.perform(Send(gateway.connection.sent[-1 - which % min(12, len(gateway.connection.sent))]))
        elif verb == "ends" and reachable:
            gateway.perform(STEPS[which % len(STEPS)])
        elif verb == "obeys":
            self.engine.obey(COMMANDS[which % len(COMMANDS)])
        elif verb == "hears":
            self.sample += 480 if self.engine.hear(numbered(self.sample, 480), self.sample) else 0
        elif verb == "recalls":
            self.engine.recall((UserTurn("u0", "hello"), UserTurn("u1", "")), "u1" if which % 2 else "")
        elif verb == "breaks":
            self.network.inject(FAULTS[which % len(FAULTS)])
        elif verb == "closes" and which % 8 == 0:
            self.closed = True
            await self.engine.close(0.5)
        await asyncio.sleep(how / 10 if verb == "waits" else 0.001)


def odd(frame, which, how):
    """A frame as it stands or with other ids, cut, short of a field, with a value of another kind, or twice."""
    for name in IDS if which % 3 else ():
        frame = frame.replace(f'"{name}"', f'"{name[:-1]}{how % 4}"')
    if how < 30:
        return [frame]
    if how < 36:
        return [frame[: which * len(frame) // 401]]
    if how < 40:
        return [frame, frame]
    if how < 43:
        return [frame.encode()]
    fields = json.loads(frame)
    name = sorted(fields)[which % len(fields)]
    if how < 50:
        del fields[name]
    else:
        fields[name] = ODD_VALUES[which % len(ODD_VALUES)]
    return [json.dumps(fields)]


async def played_out(desk, deeds):
    loop_trouble = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: loop_trouble.append(context))
    async with asyncio.TaskGroup() as desk.group:
        opening = desk.group.create_task(desk.engine.open(desk.seed, desk))
        for deed in deeds:
            await desk.does(*deed)
        await asyncio.wait([opening])
        await asyncio.sleep(0.0 if desk.closed else 30.0)
        broken = desk.sockets and desk.sockets[-1].is_closed.is_set()
        assert desk.closed or not broken or len(desk.of(on.EngineLost)) == 1
        told = len(desk.events)
        await desk.engine.close(0.5)
    check_timers(desk)
    desk.engine.obey(do.AskReply("ask-9"))
    assert not desk.engine.hear(bytes(960), desk.sample)
    await asyncio.sleep(60.0)
    assert len(desk.events) == told, "something is reported after the end"
    assert loop_trouble == []
    check_sockets(desk)


def check_timers(desk):
    ours = (desk.engine, desk.engine._watch)
    timers = [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]
    assert [timer for timer in timers if getattr(timer._callback, "__self__", None) in ours] == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


def check_sockets(desk):
    assert all(socket.is_closed.is_set() for socket in desk.sockets)
    assert sum(socket.too_late for socket in desk.sockets) == 0, "something is sent on a closed connection"


def check_events(desk):
    """One loss, and nothing after it; replies and calls are told once, in order."""
    lost = [number for number, event in enumerate(desk.events) if isinstance(event, on.EngineLost)]
    assert lost in ([], [len(desk.events) - 1])
    assert len(desk.of(on.EngineReady)) <= 1
    heard = desk.events[desk.dialled_at[-1] :]
    for kind in (on.ReplyStarted, on.ReplyFinished):
        ids = [event.reply_id for event in heard if isinstance(event, kind)]
        assert len(ids) == len(set(ids)), ids
    calls = [event.call.call_id for event in heard if isinstance(event, on.ToolCalled)]
    assert len(calls) == len(set(calls)), calls
    begun = set()
    for event in desk.events:
        if isinstance(event, on.ReplyStarted):
            begun.add(event.reply_id)
        elif isinstance(event, on.ReplyTextArrived | on.ReplyAudioStarted | on.ReplyFinished | on.ToolCalled):
            assert event.reply_id in begun, event


@thorough
@given(SERVERS, st.sampled_from(["auto", "beta", "ga"]), REPLIES, FEW_OR_MANY)
def test_whatever_a_server_says_the_engine_tells_it_soundly_and_ends_once(quirks, dialect, replies, deeds):
    async def work():
        desk = OddDesk(ScriptedGateway(*replies, quirks=quirks), dialect)
        await played_out(desk, deeds)
        check_events(desk)

    run_virtual(work())
