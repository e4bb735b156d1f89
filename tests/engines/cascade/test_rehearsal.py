"""An engine that tries what failed at last before it calls itself ready, on virtual time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from engines.cascade.fakes import Answer, FakeServices, Port
from voiceloop.dgrid.chat_answer import Stop
from voiceloop.dgrid.failures import Failure, Kind, RequestFailedError, RequestRefusedError
from voiceloop.engines.base import Seed
from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.engines.cascade.orders import Deadlines
from voiceloop.events import EngineLost, EngineReady
from voiceloop.testing.clock import run_virtual, virtual_time
from voiceloop.vocabulary import AudioFormat, Cause

SEED = Seed("Be brief.", (), AudioFormat())
BROKE = RequestFailedError("it is in trouble", Failure(Kind.SERVER_FAULT))
REFUSED = RequestRefusedError("not like this", Failure(Kind.REFUSED))
endpoints = pytest.mark.parametrize("endpoint", ["transcribe", "chat", "speak"])


def script(endpoint, error):
    return {"transcribe": {"words": [error]}, "chat": {"answers": [Answer(error=error)]}, "speak": {"speech": [error]}}[
        endpoint
    ]


async def opened(fakes, endpoint, deadlines=Deadlines()):  # noqa: B008 - frozen
    """Open an engine; returns what it told and how long that took."""
    now = asyncio.get_running_loop().time
    async with asyncio.TaskGroup() as group:
        port, began_s = Port(group), now()
        engine = CascadeEngine(fakes.services, deadlines=deadlines)
        await engine.open(replace(SEED, rehearse=endpoint), port)
        took_s = now() - began_s
        await engine.close(0.5)
    assert fakes.open == []
    (told,) = port.events
    return told, took_s


def asked(fakes):
    return {"transcribe": fakes.transcribed, "chat": fakes.questions, "speak": fakes.spoken}


@endpoints
def test_an_endpoint_that_is_well_again_is_asked_for_very_little(endpoint):
    fakes = FakeServices()
    told, _ = run_virtual(opened(fakes, endpoint))
    assert isinstance(told, EngineReady)
    assert {name: len(seen) for name, seen in asked(fakes).items()} == {
        name: int(name == endpoint) for name in asked(fakes)
    }
    (seen,) = asked(fakes)[endpoint]
    match endpoint:
        case "transcribe":
            assert len(seen.asked) == 0.3 * 24_000 * 2
            assert set(seen.asked) != {0}
        case "chat":
            assert seen.asked.most_tokens == 16
            assert len(seen.asked.items) == 1
            assert seen.asked.tools == ()
        case _:
            assert seen.asked == "OK."


@endpoints
def test_an_endpoint_that_still_fails_costs_the_engine(endpoint):
    fakes = FakeServices(**script(endpoint, BROKE))
    told, _ = run_virtual(opened(fakes, endpoint))
    assert told == EngineLost(Cause.UNREACHABLE, "it is in trouble", endpoint=endpoint)
    assert len(asked(fakes)[endpoint]) == 1


@endpoints
def test_a_refusal_of_so_small_a_request_is_an_answer(endpoint):
    told, _ = run_virtual(opened(FakeServices(**script(endpoint, REFUSED)), endpoint))
    assert isinstance(told, EngineReady)


@endpoints
def test_it_is_waited_for_no_longer_than_in_a_conversation(endpoint):
    hangs = {"transcribe_s": 99, "first_chunk_s": 99, "answers": [Answer("OK.", first_s=99)]}
    told, took_s = run_virtual(opened(FakeServices(**hangs), endpoint, Deadlines.hurried()))
    assert (told.cause, told.endpoint) == (Cause.SLOW_MODEL, endpoint)
    assert took_s == {"transcribe": 4.0, "chat": 5.0, "speak": 3.0}[endpoint]


def test_speech_without_a_sound_is_none():
    told, _ = run_virtual(opened(FakeServices(speech=[b""]), "speak"))
    assert (told.cause, told.endpoint) == (Cause.BROKEN_PEER, "speak")


def test_an_answer_that_breaks_off_is_none():
    told, _ = run_virtual(opened(FakeServices(answers=[Answer("O", error=BROKE)]), "chat"))
    assert told.endpoint == "chat"


def test_an_answer_whose_stream_ends_too_soon_is_none():
    told, _ = run_virtual(opened(FakeServices(answers=[Answer("O", stop=Stop.TRUNCATED)]), "chat"))
    assert (told.cause, told.endpoint) == (Cause.DROP, "chat")


@pytest.mark.parametrize("endpoint", ["", "embed"])
def test_what_nobody_knows_is_not_tried(endpoint):
    fakes = FakeServices()
    told, _ = run_virtual(opened(fakes, endpoint))
    assert isinstance(told, EngineReady)
    assert fakes.transcribed == fakes.questions == fakes.spoken == []


def test_recognition_is_not_tried_where_the_model_listens_itself():
    fakes = FakeServices(listens=True)
    told, _ = run_virtual(opened(fakes, "transcribe"))
    assert isinstance(told, EngineReady)
    assert fakes.transcribed == []


def test_services_that_cannot_be_made_failed_at_no_endpoint():
    @asynccontextmanager
    async def nothing(seed):
        raise BROKE
        yield

    fakes = SimpleNamespace(services=nothing, open=[])
    told, _ = run_virtual(opened(fakes, "chat"))
    assert told == EngineLost(Cause.UNREACHABLE, "it is in trouble")


@virtual_time
@endpoints
@pytest.mark.parametrize("how", ["closed", "cancelled"])
async def test_it_can_be_ended_at_any_time_and_tells_nothing(endpoint, how):
    fakes = FakeServices(transcribe_s=99, first_chunk_s=99, answers=[Answer("OK.", first_s=99)])
    made = []

    @asynccontextmanager
    async def services(seed):
        yield fakes.services
        made.append("closed")

    async with asyncio.TaskGroup() as group:
        port, engine = Port(group), CascadeEngine(services)
        opening = group.create_task(engine.open(replace(SEED, rehearse=endpoint), port))
        await asyncio.sleep(0.5)
        assert len(fakes.open) == 1
        if how == "closed":
            await engine.close(0.5)
        else:
            opening.cancel()
        await asyncio.wait([opening])
        await asyncio.sleep(0)
        assert fakes.open == []
    assert port.events == []
    assert made == ["closed"]
