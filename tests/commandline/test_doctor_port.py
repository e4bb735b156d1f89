from __future__ import annotations

import asyncio

import pytest

from engines.cascade.fakes import FakeServices
from voiceloop.commandline.doctor_port import Port, opened
from voiceloop.commands import AskReply
from voiceloop.engines.base import Seed
from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.errors import RefusedError
from voiceloop.events import EngineLost, EngineReady, ReplyFinished, ReplyStarted
from voiceloop.testing.clock import virtual_time
from voiceloop.vocabulary import AudioFormat, Cause

SEED = Seed("Be brief.", (), AudioFormat())


@virtual_time
async def test_an_engine_is_opened_heard_and_closed():
    fakes = FakeServices()
    async with opened(CascadeEngine(fakes.services), SEED) as (port, outcome):
        assert isinstance(outcome, EngineReady)
        outcome_again = await port.until(EngineReady, EngineLost)
        assert outcome_again is outcome
    assert fakes.open == []


@virtual_time
async def test_sound_is_counted_from_its_beginning():
    engine = CascadeEngine(FakeServices(first_chunk_s=0.25).services)
    async with opened(engine, SEED) as (port, _):
        began = asyncio.get_running_loop().time()
        engine.obey(AskReply("a", "Hello."))
        assert isinstance(await port.until(ReplyFinished, EngineLost), ReplyFinished)
        assert port.sounded_at_s == pytest.approx(began + 0.25, abs=0.01)
        assert port.sound_bytes > 0


@virtual_time
async def test_an_engine_that_is_lost_is_waited_for_no_longer():
    def make(seed):
        raise RefusedError("no")

    async with opened(CascadeEngine(make), SEED) as (port, outcome):
        assert outcome == EngineLost(Cause.REFUSED, "no")
        assert await port.until(ReplyFinished, ReplyStarted) is outcome


@virtual_time
async def test_waiting_can_be_cancelled():
    async with asyncio.TaskGroup() as group:
        port = Port(group)
        waits = group.create_task(port.until(EngineReady, EngineLost))
        await asyncio.sleep(0)
        waits.cancel()
    assert waits.cancelled()
    assert (port.doubtful(), port.speech("t")) == (False, b"")
