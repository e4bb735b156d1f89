"""A connection that is watched: dead wires and stalled models, with the engine and a scripted server."""

import pytest

from engines.desk import Desk
from voiceloop.commands import AskReply
from voiceloop.engines.watch import Watch
from voiceloop.events import EngineLost, ReplyAudioStarted, ReplyFinished, ReplyStarted
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.script import Reply, Spoken, Stall
from voiceloop.vocabulary import Cause
from voiceloop.wire.liveness import Pace

NEVER = Reply(created_after_s=None)


async def lost(desk):
    """Why the engine is lost at last, and how long that takes from now on."""
    began = desk.now
    await desk.until(lambda: desk.of(EngineLost))
    (event,) = desk.of(EngineLost)
    return event, pytest.approx(desk.now - began, abs=0.05)


@virtual_time
async def test_a_server_that_says_nothing_and_answers_pings_is_well():
    async with Desk() as desk:
        await desk.passes(600.0)
        assert desk.of(EngineLost) == []


@pytest.mark.parametrize("stalls", [True, False], ids=["server", "network"])
@virtual_time
async def test_a_wire_without_a_sign_of_life_is_dead_after_three_seconds(stalls):
    async with Desk() as desk:
        await desk.passes(10.3)
        if stalls:
            desk.gateway.perform(Stall())
        else:
            desk.network.freeze()
        event, after_s = await lost(desk)
        assert event.cause is Cause.DEAD_WIRE
        assert 2.0 <= after_s.expected <= 3.05
        assert event.silent_s == pytest.approx(3.0)


@virtual_time
async def test_while_a_reply_is_due_it_is_dead_sooner():
    async with Desk(ScriptedGateway(NEVER)) as desk:
        await desk.passes(10.0)
        desk.network.freeze()
        desk.engine.obey(AskReply("ask-1"))
        event, after_s = await lost(desk)
        assert (event.cause, after_s) == (Cause.DEAD_WIRE, 1.25)


@virtual_time
async def test_a_reply_that_does_not_begin_is_not_waited_for_for_ever():
    async with Desk(ScriptedGateway(NEVER)) as desk:
        desk.engine.obey(AskReply("ask-1"))
        event, after_s = await lost(desk)
    assert (event.cause, after_s) == (Cause.SLOW_MODEL, 5.0)
    assert event.detail == "the server answers pings, but no reply came in time"
    assert event.silent_s <= 0.5


@virtual_time
async def test_a_reply_that_begins_and_brings_nothing_is_not_waited_for_for_ever():
    async with Desk(ScriptedGateway(Reply(audio_after_s=100.0))) as desk:
        desk.engine.obey(AskReply("ask-1"))
        event, after_s = await lost(desk)
    assert (event.cause, after_s) == (Cause.SLOW_MODEL, 8.0)
    assert "no output of the reply" in event.detail


@virtual_time
async def test_a_reply_that_does_not_go_on_is_not_waited_for_for_ever():
    story = Reply((Spoken("Once upon a time.", 20_000),), pace=2.0)
    async with Desk(ScriptedGateway(story)) as desk:
        desk.engine.obey(AskReply("ask-1"))
        await desk.until(lambda: desk.of(ReplyAudioStarted))
        await desk.passes(2.0)
        desk.gateway.perform(Stall(answers_pings=True))
        event, after_s = await lost(desk)
    assert event.cause is Cause.SLOW_MODEL
    assert 8.0 <= after_s.expected <= 8.55
    assert "no more of the reply" in event.detail


@virtual_time
async def test_a_reply_that_is_over_is_owed_no_more():
    async with Desk(ScriptedGateway(Reply())) as desk:
        desk.engine.obey(AskReply("ask-1"))
        await desk.until(lambda: desk.of(ReplyFinished))
        await desk.passes(100.0)
        assert desk.of(EngineLost) == []


@virtual_time
async def test_the_next_connection_is_as_patient_as_the_session_has_learned_to_be():
    slow = Reply(created_after_s=4.0)
    async with Desk(ScriptedGateway(slow, NEVER)) as desk:
        desk.engine.obey(AskReply("ask-1"))
        await desk.until(lambda: desk.of(ReplyStarted))
        await desk.engine.close(0.5)
        second = desk.engine.fresh(2)
        await second.open(desk.seed, desk)
        await desk.passes(1.0)
        second.obey(AskReply("ask-2"))
        event, after_s = await lost(desk)
        assert (event.cause, after_s) == (Cause.SLOW_MODEL, 8.0)
        await second.close(0.5)


@virtual_time
async def test_nothing_is_watched_before_there_is_a_connection():
    watch = Watch(Pace(), lambda told: pytest.fail(f"nobody said {told}"), lambda: False)
    watch.look()
    watch.stop()
    assert watch.silent_s() == 0.0
