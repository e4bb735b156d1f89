"""A cascade engine without a session: opening, closing, and what lies between."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from engines.cascade.fakes import Answer, FakeServices, Port
from voiceloop.commands import AskReply, CancelReply, TrimReply
from voiceloop.engines.base import Seed
from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.errors import SettingsError
from voiceloop.events import EngineLost, EngineReady, ReplyFinished, ReplyStarted, ReplyTextArrived
from voiceloop.testing.clock import virtual_time
from voiceloop.vocabulary import AudioFormat, Cause, HeardSpan, Tier, Traits

SEED = Seed("Be brief.", (), AudioFormat())


@virtual_time
async def test_it_is_ready_as_soon_as_its_services_are_there_and_has_asked_nothing():
    fakes, port = FakeServices(), Port()
    engine = CascadeEngine(fakes.services, tier=Tier.DEVICE)
    await engine.open(SEED, port)
    traits = Traits(ends_turns=False, starts_replies=False, stops_on_speech=False, tells_words=True)
    assert port.events == [EngineReady(Tier.DEVICE, "fake-chat", traits, transcription_model="fake-ears")]
    assert fakes.open == fakes.questions == []


@virtual_time
async def test_where_replies_are_read_there_is_no_audio_to_trim():
    port = Port()
    await CascadeEngine(FakeServices().services).open(Seed("", (), AudioFormat(), modality="text"), port)
    assert port.events[0].traits.keeps_audio is False


@virtual_time
async def test_nothing_is_heard_or_obeyed_before_it_is_open_and_after_it_was_closed():
    fakes = FakeServices()
    engine = CascadeEngine(fakes.services)

    def tries():
        assert engine.hear(b"\0\0" * 480, 0) is False
        engine.recall((), "")
        engine.obey(AskReply("ask-1"))

    tries()
    async with asyncio.TaskGroup() as group:
        port = Port(group)
        await engine.open(SEED, port)
        assert engine.hear(b"\0\0" * 480, 0) is True
        await engine.close(0.5)
        tries()
        await engine.close(0.5)
    assert [type(event) for event in port.events] == [EngineReady]


@virtual_time
async def test_closing_stops_the_timer_and_every_request():
    fakes = FakeServices(answers=[Answer("One is it. Two is it. Three is it. Four is it. Five is it.")])
    async with asyncio.TaskGroup() as group:
        engine, port = CascadeEngine(fakes.services), Port(group)
        await engine.open(SEED, port)
        engine.obey(AskReply("ask-1"))
        await asyncio.sleep(1.3)
        assert len(fakes.spoken) == 4  # the fourth was begun by the timer
        await engine.close(0.5)
        assert fakes.open == []
        told = len(port.events)
        await asyncio.sleep(60)
        assert len(port.events) == told


@virtual_time
async def test_all_is_said_when_nobody_closes_it():
    fakes = FakeServices(answers=[Answer("One is it. Two is it. Three is it. Four is it. Five is it.")])
    async with asyncio.TaskGroup() as group:
        engine, port = CascadeEngine(fakes.services), Port(group)
        await engine.open(SEED, port)
        engine.obey(AskReply("ask-1"))
        await asyncio.sleep(60)
        assert [event.content_index for event in port.of(ReplyTextArrived)] == [0, 1, 2, 3, 4]
        assert port.of(ReplyFinished)[0].status == "completed"
        await engine.close(0.5)


@virtual_time
async def test_two_long_replies_at_once_are_both_said_to_the_end():
    async with asyncio.TaskGroup() as group:
        engine, port = CascadeEngine(FakeServices().services), Port(group)
        await engine.open(SEED, port)
        for number in range(2):
            engine.obey(AskReply(f"ask-{number}", "One is it. Two is it. Three is it. Four is it. Five is it. Six."))
            await asyncio.sleep(0.7)
        await asyncio.sleep(60)
        assert len(port.of(ReplyTextArrived)) == 12
        assert [event.status for event in port.of(ReplyFinished)] == ["completed", "completed"]
        await engine.close(0.5)


@virtual_time
async def test_the_end_of_what_nobody_hears_any_more_is_not_waited_for():
    fakes = FakeServices(ms_per_char=2000)
    async with asyncio.TaskGroup() as group:
        engine, port = CascadeEngine(fakes.services), Port(group)
        await engine.open(SEED, port)
        engine.obey(AskReply("ask-1", "One is it. Two is it. Three is it. Four is it."))
        await asyncio.sleep(5)
        fakes.ms_per_char = 60
        engine.obey(CancelReply("reply-1"))
        engine.obey(TrimReply(HeardSpan("reply-1", "item-1", 0, 100, 20_000)))
        engine.obey(AskReply("ask-2", "One is it. Two is it. Three is it. Four is it."))
        await asyncio.sleep(5)
        assert [event.status for event in port.of(ReplyFinished)] == ["cancelled", "completed"]
        await engine.close(0.5)


@virtual_time
async def test_what_a_session_wants_while_it_is_told_comes_after_it():
    fakes = FakeServices(answers=[Answer("It is noon.")])

    def then(event):
        if isinstance(event, ReplyStarted):
            engine.obey(CancelReply(event.reply_id))

    async with asyncio.TaskGroup() as group:
        engine, port = CascadeEngine(fakes.services), Port(group, then)
        await engine.open(SEED, port)
        engine.obey(AskReply("ask-1"))
        await asyncio.sleep(5)
        await engine.close(0.5)
    assert fakes.questions == []
    assert [type(event) for event in port.events] == [EngineReady, ReplyStarted, ReplyFinished]


@virtual_time
async def test_sound_of_a_reply_that_is_cancelled_in_the_same_breath_is_not_handed_over():
    def then(event):
        if isinstance(event, ReplyTextArrived) and event.content_index == 1:
            engine.obey(CancelReply(event.reply_id))

    async with asyncio.TaskGroup() as group:
        fakes = FakeServices(answers=[Answer("One is it. Two is it.", word_s=0.0)])
        engine, port = CascadeEngine(fakes.services), Port(group, then)
        await engine.open(SEED, port)
        engine.obey(AskReply("ask-1"))
        await asyncio.sleep(5)
        await engine.close(0.5)
    assert {index for _, _, index, _ in port.sounds} == {0}


# Services that are made ----------------------------------------------------------------------------------------------


class Workshop:
    """Makes services slowly, and remembers what became of them."""

    def __init__(self, error=None):
        self.told = []
        self._error = error

    @asynccontextmanager
    async def __call__(self, seed):
        try:
            await asyncio.sleep(1.0)
            if self._error is not None:
                raise self._error
            self.told.append(f"made for {seed.language}")
            yield FakeServices().services
        finally:
            self.told.append("closed")


@virtual_time
async def test_services_that_were_made_are_closed_with_the_engine():
    workshop, port = Workshop(), Port()
    engine = CascadeEngine(workshop)
    await engine.open(SEED, port)
    assert workshop.told == ["made for en"]
    await engine.close(0.5)
    await engine.close(0.5)
    assert workshop.told == ["made for en", "closed"]


@virtual_time
async def test_services_that_cannot_be_made_are_told_of():
    port = Port()
    await CascadeEngine(Workshop(SettingsError("there is no key"))).open(SEED, port)
    assert port.events == [EngineLost(Cause.SETTINGS, "there is no key")]


@virtual_time
@pytest.mark.parametrize("error", [None, SettingsError("there is no key")])
async def test_an_engine_that_is_closed_while_it_opens_tells_nothing(error):
    workshop = Workshop(error)
    async with asyncio.TaskGroup() as group:
        engine, port = CascadeEngine(workshop), Port(group)
        group.create_task(engine.open(SEED, port))
        await asyncio.sleep(0.5)
        await engine.close(0.5)
    assert port.events == []
    assert workshop.told[-1] == "closed"


@virtual_time
async def test_opening_can_be_cancelled():
    workshop = Workshop()
    async with asyncio.TaskGroup() as group:
        engine, port = CascadeEngine(workshop), Port(group)
        opening = group.create_task(engine.open(SEED, port))
        await asyncio.sleep(0.5)
        opening.cancel()
    assert workshop.told == ["closed"]
    await engine.close(0.5)


@virtual_time
async def test_what_the_first_request_would_wait_for_is_got_ready_while_the_engine_is_ready_already():
    told = []

    async def warm():
        told.append("begun")
        await asyncio.sleep(2.0)
        told.append("warm")

    async with asyncio.TaskGroup() as group:
        port, services = Port(group), replace(FakeServices().services, warm=warm)
        engine = CascadeEngine(services)
        await engine.open(SEED, port)
        assert len(port.of(EngineReady)) == 1
        assert "warm" not in told
    assert told == ["begun", "warm"]
    await engine.close(0.5)


@virtual_time
async def test_the_next_engine_makes_services_of_its_own():
    workshop = Workshop()
    first = CascadeEngine(workshop)
    second = first.fresh(2)
    for engine in (first, second):
        await engine.open(SEED, Port())
    await first.close(0.5)
    await second.close(0.5)
    assert workshop.told.count("closed") == 2
