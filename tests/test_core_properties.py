"""What the core keeps, whatever happens in whatever order; stepped without a loop.

Each conversation is a list of small deeds (`any_deeds`), some of which no engine should do. Then everybody behaves: the
engine answers what it was asked, tools end, the line plays. The conversation must come to rest, and go on.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from any_deeds import Deeds
from any_order import SERVICES
from conversation import CLIENT, MANUAL
from thorough import thorough
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Core, Profile
from voiceloop.failover import LONGEST_PROBE_S
from voiceloop.history import HistoryPolicy
from voiceloop.transcript import line_problems
from voiceloop.vocabulary import (
    AssistantTurn,
    Cause,
    Outcome,
    ReplyStatus,
    Tier,
    ToolCall,
    ToolOutput,
    Traits,
    UserTurn,
)

pytestmark = pytest.mark.timeout(7200)  # with HYPOTHESIS_PROFILE=long

STALE = ("reply_slot", "reply_due", "commit_due", "barge_in", "reconnect", "roll_over", "roll_over_now", "transcripts")
LEGAL = {
    "passes": 6,
    "user_starts": 4,
    "user_stops": 4,
    "user_flows": 3,
    "turn_is_taken": 5,
    "turn_was_nothing": 1,
    "words_come": 3,
    "user_types": 2,
    "app": 2,
    "ends": 1,
    "line_is_open": 1,
    "is_ready": 4,
    "is_lost": 2,
    "standby_is_lost": 1,
    "reply_starts": 6,
    "ask_is_refused": 1,
    "reply_goes_on": 6,
    "tool_is_called": 3,
    "tool_ends": 3,
    "reply_ends": 4,
}
WEIGHED = [verb for verb, weight in LEGAL.items() for _ in range(weight)]
SMALL, MS = st.integers(0, 7), st.integers(0, 1200)
DEED = st.tuples(st.sampled_from(WEIGHED), SMALL, MS)
ODD_DEED = st.one_of(DEED, DEED, st.tuples(st.just("odd"), st.integers(0, 200), MS))


def several(deeds):
    """A few of them or, since lists are short by themselves, many."""
    return st.one_of(st.lists(deeds, max_size=15), st.lists(deeds, min_size=40, max_size=120))


TRAITS = st.sampled_from(
    [Traits(), CLIENT, MANUAL, SERVICES, Traits(stops_on_speech=True), Traits(ends_turns=True, keeps_audio=False)]
)
ORDERS = [
    (Tier.REALTIME,),
    (Tier.REALTIME, Tier.REST, Tier.DEVICE),
    (Tier.REALTIME, Tier.REST),
    (Tier.REST, Tier.DEVICE),
]
CAPTIONS = st.sampled_from([False, False, False, True])
PROFILES = st.builds(
    Profile,
    greeting=st.sampled_from(["", "Hello."]),
    greeting_interruptible=st.booleans(),
    idle_prompt=st.sampled_from(["", "Still there?"]),
    idle_goodbye=st.sampled_from(["", "Goodbye."]),
    limit_s=st.sampled_from([3600.0, 3600.0, 3600.0, 60.0]),
    survivors=st.sampled_from([(), ("taxi",)]),
    tool_rounds=st.sampled_from([6, 0]),
    transcribes=st.booleans(),
    history=st.sampled_from([HistoryPolicy(), HistoryPolicy(limit_tokens=60, keep_turns=1)]),
    tiers=st.sampled_from(ORDERS),
)
BEGUN = (("is_ready", 1, 0), ("line_is_open", 0, 0))


def played_out(profile, traits, deeds, captions_only):
    """A conversation of these deeds, from an engine that is ready and a line that is open."""
    world = Deeds(profile, traits, captions_only=captions_only)
    for verb, which, ms in (*BEGUN, *deeds):
        if world.ended is not None:
            break
        if verb == "odd":
            odd(world, which, ms)
        else:
            world.do(verb, which, ms)
    return world


def odd(world, which, ms):
    """Something that a sound engine would not tell now: again, too late, too early, or of what nobody knows."""
    kind, number = divmod(which, 12)
    engine = world.engine
    spoken = [turn_id for turn_id in world.turns if turn_id.startswith("u")]
    replies, turns, calls = [*engine.replies, "r?"], [*spoken, "u?"], [*world.called, "c?"]
    reply, turn, call = (ids[number % len(ids)] for ids in (replies, turns, calls))
    ask = f"ask-{number}" if number else ""
    at_s = max(0.0, world.capture_s - ms / 1000)
    events = (
        on.SpeechStarted(turn, at_s, "engine" if number % 3 else "local"),
        on.SpeechStopped(turn, at_s, "engine" if number % 3 else "local"),
        on.TurnCommitted(turn),
        on.UserTranscribed(turn, f"[{turn}]"),
        on.TranscriptionFailed(turn, "no"),
        on.ReplyStarted(reply, ask),
        on.ReplyTextArrived(reply, "i", 0, "again "),
        on.ReplyAudioStarted(reply, "i"),
        on.ReplyFinished(reply, list(ReplyStatus)[number % 4]),
        on.ToolCalled(reply, ToolCall(call, "clock", "{")),
        on.ToolFinished(call, list(Outcome)[number % 5], "again"),
        on.EngineComplained("odd", "very", ask),
        on.EngineComplained("input_audio_buffer_commit_empty", "nothing in it"),
        on.SilenceCommitted(),
        on.DeadlinePassed(STALE[number % len(STALE)]),
        on.Summarised("in short"),
        on.SummaryFailed("no model"),
    )
    event = events[kind % len(events)]
    if isinstance(event, on.DeadlinePassed) and event.name in world.deadlines:
        return  # the loop keeps these exact
    if isinstance(event, on.ReplyStarted) and not engine.live:
        return
    note(world, event)
    world.happens(event)


def note(world, event):
    """The engine knows what it said."""
    engine = world.engine
    match event:
        case on.ReplyStarted(reply_id=reply_id):
            world.open_ask_s = None
            if reply_id not in engine.replies:
                engine.replies.append(reply_id)
                engine.running.append(reply_id)
        case on.ReplyFinished(reply_id=reply_id) if reply_id in engine.running:
            engine.running.remove(reply_id)
        case on.EngineComplained(ask_id=ask_id) if ask_id:
            world.open_ask_s = None
        case on.SpeechStarted(turn_id=turn_id, source=source) if source == world.source:
            world.speaking = turn_id
        case on.ToolFinished(call_id=call_id) if call_id in world.running:
            world.running.remove(call_id)
        case _:
            pass


# Everybody behaves ---------------------------------------------------------------------------------------------------


def settles(world, within_s=90.0):
    """The engine answers everything, tools end, the user stops: the conversation comes to rest, or ends."""
    until, pause_s = world.now + within_s, 0.1
    while world.ended is None and not at_rest(world):
        assert world.now < until, f"it never comes to rest: {why_not(world)}"
        everybody_behaves(world)
        world.passes(pause_s)
        pause_s = min(2.0, pause_s * 1.5)
    assert world.ended is not None or world.volume == 1.0, "the agent stays quiet"
    return world


def everybody_behaves(world):
    world.line_is_open()
    for _ in ORDERS[1]:
        world.is_ready(1, 0)
    world.user_stops(0, 0)
    world.turn_is_taken(0, 0)
    world.words_come(0, 0)
    world.tool_ends(0, 0)
    world.reply_starts(1, 0)
    world.reply_ends(0, 0)


def at_rest(world):
    engine, core = world.engine, world.core
    under_way = world.speaking or engine.commits or engine.running or engine.asked or world.running
    return engine.live and not under_way and core.machine.settled and not core.narrator.captions.waiting


def why_not(world):
    machine = world.core.machine
    return (
        f"tier {machine.tier}, ear {machine.floor.ear}, mouth {machine.floor.mouth}, slot {machine.arbiter.slot}, "
        f"waiting {machine.arbiter.waiting}, unanswered {machine.unanswered!r}, replies {machine.replies.live}, "
        f"calls run {machine.calls.running}, deadlines {world.deadlines}"
    )


# What must hold ------------------------------------------------------------------------------------------------------


def check(world):
    check_history(world)
    check_tools(world)
    check_lines(world)
    check_tiers(world)
    again = Core(world.profile)
    for event, now, commands in world.steps:
        assert again.step(event, now) == commands


IDS = {UserTurn: "turn_id", AssistantTurn: "reply_id", ToolCall: "call_id", ToolOutput: "call_id"}


def check_history(world):
    """Each turn, reply, call and output stands there once, and each word of the agent's."""
    items = world.core.narrator.conversation.items
    for kind, name in (
        (UserTurn, "turn_id"),
        (AssistantTurn, "reply_id"),
        (ToolCall, "call_id"),
        (ToolOutput, "call_id"),
    ):
        ids = [getattr(item, name) for item in items if isinstance(item, kind)]
        assert len(ids) == len(set(ids)), ids
    assert max(world.engine.turns.values(), default=0) <= 1, "an engine is told a turn twice"
    words = [word for item in items if isinstance(item, AssistantTurn) for word in item.text.split() if word != "again"]
    assert len(words) == len(set(words)), words


def check_tools(world):
    """Each call that ran has one outcome, and where an engine knows the call, one output."""
    called = [line.fields["call_id"] for line in world.told("tool_called")]
    finished = [line.fields["call_id"] for line in world.told("tool_finished")]
    assert sorted(called) == sorted(world.called)
    assert len(finished) == len(set(finished))
    assert set(finished) <= set(called)
    if world.ended is not None:
        assert sorted(finished) == sorted(called)
    elif not world.running:
        assert sorted(finished) == sorted(called)
        outputs = {item.call_id for item in world.core.narrator.conversation.items if isinstance(item, ToolOutput)}
        assert outputs <= world.engine.outputs.keys()
        assert set(world.engine.outputs.values()) <= {1}


def check_lines(world):
    assert len(world.told("session_started")) <= 1
    ends = world.told("session_ended")
    assert len(ends) == (world.ended is not None)
    lines = [line.as_dict() for line in map(type(ends[0]).of, world.lines)] if ends else []
    assert [problem for line in lines for problem in line_problems(line)] == []
    for said in world.told("agent_said"):
        heard = sum(world.owners[number][0] == said.fields["reply_id"] for number in world.heard)
        assert (said.fields["heard_ms"] or 0) == 10 * heard
    assert len(world.heard) == len(set(world.heard)), "something is played twice"


INCURABLE = {Cause.QUOTA, Cause.BAD_MODEL, Cause.UNSUPPORTED_DIALECT, Cause.CONTEXT_FULL}
"""After these a tier may be of no use; after anything else it is tried again."""


def check_tiers(world):
    """Each change is told, and a session that ends for want of an engine says so in its status."""
    served = [command.tier for _, _, out in world.steps for command in out if isinstance(command, do.SwitchEngine)]
    for line in world.told("tier_changed"):
        assert line.fields["tier"] in served
    for tier in world.profile.tiers:
        assert world.usable(tier) or world.causes[tier] & INCURABLE
    if world.ended is not None and world.ended.reason.startswith("engine_lost_"):
        alone = len(world.profile.tiers) == 1 or world.core.narrator.zero_s is None
        assert world.ended.exit_status in ({3, 4, 5} if alone else {5})


def check_best_serves(world):
    """Once all tiers can be opened, the best one that is of any use answers, as soon as it was tried again."""
    until = world.now + LONGEST_PROBE_S + 5.0
    best = next((tier for tier in world.profile.tiers if world.usable(tier)), None)
    while world.ended is None and not (world.engine.live and world.engine.tier is best):
        assert world.now < until, f"{world.engine.tier} answers, not {best}: {why_not(world)}"
        everybody_behaves(world)
        world.passes(0.5)


def check_it_goes_on(world):
    """A conversation that has come to rest answers the next turn, once."""
    asks = sum(isinstance(command, do.AskReply) for _, _, commands in world.steps for command in commands)
    if world.ended is None:
        world.user_types(0, 0)
        settles(world)
    if world.ended is None:
        asked = sum(isinstance(command, do.AskReply) for _, _, commands in world.steps for command in commands) - asks
        assert asked == 1


@thorough
@given(PROFILES, TRAITS, several(DEED), CAPTIONS)
def test_a_conversation_in_any_order_comes_to_rest_and_goes_on(profile, traits, deeds, captions_only):
    world = played_out(profile, traits, deeds, captions_only)
    check(settles(world))
    check_best_serves(world)
    check(settles(world))
    check_it_goes_on(world)
    check(world)


@thorough
@given(PROFILES, TRAITS, several(ODD_DEED), CAPTIONS)
def test_what_no_engine_should_tell_does_no_harm(profile, traits, deeds, captions_only):
    world = played_out(profile, traits, deeds, captions_only)
    check(settles(world))
    check_best_serves(world)
    check(settles(world))
    check_it_goes_on(world)
    check(world)
