"""Tiers that fail as soon as they are opened, take over or are asked, each until it is mended: nobody goes in circles.

The servers answer by themselves, some of them in the same instant, so that a loop without time in it never ends.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from any_order import Connection, World
from conversation import CLIENT
from thorough import thorough
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Profile
from voiceloop.failover import LONGEST_PROBE_S
from voiceloop.vocabulary import Cause, ReplyStatus, Tier

pytestmark = pytest.mark.timeout(7200)  # with HYPOTHESIS_PROFILE=long

AT_ONCE = 8
"""Engines that may be opened in one instant, whatever happens."""
A_MINUTE = 125
"""... of each tier within a minute: twice a second, as long as all of them fail at once."""
WITHIN_S = 20.0
"""From a turn to its answer, where all tiers work."""
CURABLE = (Cause.DROP, Cause.DEAD_WIRE, Cause.BUSY, Cause.BROKEN_PEER, Cause.SLOW_MODEL, Cause.REFUSED, Cause.NO_REPLY)
INCURABLE = (Cause.QUOTA, Cause.BAD_MODEL)


@dataclass(frozen=True, slots=True)
class Server:
    """How the engines of a tier fare until it is mended."""

    fails: str
    """Where: "opening", "ready", "taking over", "asked" or "speaking"."""
    cause: Cause
    endpoint: str
    after_s: float
    mended_s: float


class Servers(World):
    """A conversation with servers that answer by themselves."""

    def __init__(self, tiers: tuple[Tier, ...], servers: dict[Tier, Server]) -> None:
        self.servers = servers
        self.agenda: dict[str, tuple[Connection, on.Event]] = {}
        super().__init__(Profile(tiers=tiers), CLIENT)

    def tell_engine(self, command: do.Command) -> None:
        super().tell_engine(command)
        match command:
            case do.OpenEngine():
                self.opens(self.engine)
            case do.PrepareEngine(tier=tier):
                self.opens(self.standbys[tier])
            case do.Recall():
                self.fails("taking over", self.engine)
            case do.AskReply(ask_id=ask_id):
                self.answers(self.engine, ask_id)
            case _:
                pass

    def opens(self, engine: Connection) -> None:
        if self.fails("opening", engine):
            return
        self.later(engine, 0.1, on.EngineReady(engine.tier, "m", engine.traits, "ga"))
        self.fails("ready", engine, 0.1)

    def answers(self, engine: Connection, ask_id: str) -> None:
        reply_id = f"r{ask_id}_s{engine.number}"
        if self.fails("asked", engine):
            return
        self.later(engine, 0.2, on.ReplyStarted(reply_id, ask_id))
        if not self.fails("speaking", engine, 0.3):
            self.later(engine, 0.5, on.ReplyFinished(reply_id, ReplyStatus.COMPLETED))

    def fails(self, where: str, engine: Connection, more_s: float = 0.0) -> bool:
        server = self.servers[engine.tier]
        fails = server.fails == where and self.now < server.mended_s
        if fails:
            endpoint = "" if engine.tier is Tier.REALTIME else server.endpoint
            self.later(engine, server.after_s + more_s, on.EngineLost(server.cause, "gone", endpoint=endpoint))
        return fails

    def later(self, engine: Connection, seconds: float, event: on.Event) -> None:
        name = f"server-{len(self.agenda)}"
        self.agenda[name] = engine, event
        self.deadlines[name] = self.now + seconds

    def comes_due(self, name: str) -> None:
        if name not in self.agenda:
            super().comes_due(name)
            return
        engine, event = self.agenda[name]
        if engine is self.engine:
            self.of_engine(engine, event)
        elif engine is self.standbys.get(engine.tier):
            self.of_standby(engine, event)
        self.bounded()

    def of_engine(self, engine: Connection, event: on.Event) -> None:
        match event:
            case on.EngineReady():
                engine.ready = True
            case on.EngineLost():
                self.engine, self.open_ask_s = self.nobody(engine.tier), None
            case on.ReplyStarted():
                self.open_ask_s = None
            case _:
                pass
        self.happens(event)
        if isinstance(event, on.EngineReady) and self.ended is None and self.core.narrator.zero_s is None:
            self.happens(on.LineOpened())

    def of_standby(self, engine: Connection, event: on.Event) -> None:
        match event:
            case on.EngineReady():
                engine.ready = True
                self.happens(on.StandbyReady(event))
            case on.EngineLost(cause=cause, endpoint=endpoint):
                del self.standbys[engine.tier]
                self.happens(on.StandbyLost(cause, "gone", engine.tier, endpoint))
            case _:
                pass

    def bounded(self) -> None:
        """Engines are opened now and then, and never in circles."""
        now = [tier for at_s, tier in self.opened if at_s == self.now]
        assert len(now) <= AT_ONCE, f"opened within one instant: {now}"
        last = Counter(tier for at_s, tier in self.opened if at_s > self.now - 60)
        assert all(times <= A_MINUTE for times in last.values()), f"opened within a minute: {last}"

    def types(self) -> None:
        self.turns.append(f"t{len(self.turns) + 1}")
        self.happens(on.TextTyped(self.turns[-1], f"[{self.turns[-1]}]"))


ORDERS = [
    (Tier.REALTIME, Tier.REST, Tier.DEVICE),
    (Tier.REALTIME, Tier.REST),
    (Tier.REST, Tier.DEVICE),
    (Tier.REALTIME,),
]
FAILING = st.builds(
    Server,
    fails=st.sampled_from(["opening", "ready", "taking over", "asked", "speaking"]),
    cause=st.sampled_from(CURABLE),
    endpoint=st.sampled_from(["", "transcribe", "chat", "speak"]),
    after_s=st.sampled_from([0.0, 0.0, 0.3, 3.0]),
    mended_s=st.sampled_from([0.0, 105.0, 130.0, 150.0]),
)
TURNS = st.lists(st.sampled_from([0.0, 0.3, 2.0, 9.0]), min_size=1, max_size=6)


def begun(tiers, servers):
    """A conversation in which everybody was well until now."""
    well = {tier: replace(server, mended_s=0.0) for tier, server in servers.items()}
    world = Servers(tiers, well)
    world.passes(1.0)
    world.servers = servers
    if world.ended is None:
        world.later(world.engine, 0.5, on.EngineLost(Cause.DROP, "gone"))
    return world


@thorough
@given(st.sampled_from(ORDERS), st.tuples(FAILING, FAILING, FAILING), TURNS)
def test_tiers_that_fail_and_are_mended_are_found_again_without_going_in_circles(tiers, failing, pauses_s):
    world = begun(tiers, dict(zip(Tier, failing, strict=True)))
    for pause_s in pauses_s:
        world.passes(pause_s)
        if world.ended is None:
            world.types()
    world.passes(60.0 + LONGEST_PROBE_S)
    if world.ended is not None:
        assert world.ended.exit_status in ({4, 5} if len(tiers) == 1 else {5})
        return
    assert world.engine.live
    assert world.core.machine.settled
    assert world.engine.tier is tiers[0], f"{world.engine.tier} answers; {world.told('warning')}"
    asks = count(world, do.AskReply)
    world.types()
    world.passes(WITHIN_S)
    assert count(world, do.AskReply) == asks + 1
    assert world.core.machine.settled


def count(world, kind):
    return sum(isinstance(command, kind) for _, _, commands in world.steps for command in commands)


def for_good(failing, cause):
    never = [replace(each, fails="opening", cause=cause, mended_s=1e9) for each in failing]
    return dict(zip(Tier, never, strict=True))


@thorough
@given(st.sampled_from(ORDERS), st.tuples(FAILING, FAILING, FAILING), st.sampled_from([*INCURABLE, Cause.UNREACHABLE]))
def test_a_session_ends_when_nobody_is_left(tiers, failing, cause):
    """Each fails as soon as it is opened, and for good."""
    servers = for_good(failing, cause)
    world = begun(tiers, servers)
    world.types()
    world.passes(75.0)
    assert world.ended is not None
    assert world.ended.exit_status == (4 if len(tiers) == 1 and cause in INCURABLE else 5)
    assert world.ended.reason.startswith("engine_lost_")


@thorough
@given(st.sampled_from(ORDERS), st.tuples(FAILING, FAILING, FAILING), st.sampled_from([*INCURABLE, Cause.UNREACHABLE]))
def test_a_session_that_never_began_ends_with_the_reason_of_the_first_tier(tiers, failing, cause):
    servers = for_good(failing, cause)
    world = Servers(tiers, servers)
    world.passes(75.0)
    assert world.ended is not None
    assert world.ended.exit_status == (4 if cause in INCURABLE else 5)
