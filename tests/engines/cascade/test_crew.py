"""Requests as tasks, on virtual time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from engines.cascade.fakes import Answer, FakeServices
from voiceloop.dgrid.chat_answer import Ended, Said, Thought
from voiceloop.dgrid.failures import Failure, Kind, RequestRefusedError
from voiceloop.engines.cascade.crew import Crew
from voiceloop.engines.cascade.orders import (
    Arrived,
    AskChat,
    Deadlines,
    Failed,
    Finished,
    Speak,
    Transcribe,
    Trouble,
    Wrote,
)
from voiceloop.engines.services.seams import Question, Services, Transcript
from voiceloop.testing.clock import virtual_time
from voiceloop.vocabulary import Cause

QUESTION = AskChat(1, Question("Be brief.", ()))
SPEECH = b"\1\0" * 24_000


class Shift:
    """`async with Shift(services) as shift`: a crew, and what it reported."""

    def __init__(self, fakes=None, services=None, **deadlines):
        self.fakes = fakes or FakeServices()
        self.came = []
        self.crew = Crew(
            services or self.fakes.services,
            24_000,
            Deadlines(**deadlines),
            lambda name, work: self.group.create_task(work, name=name),
            lambda job, outcome: self.came.append((job, outcome)),
        )

    async def __aenter__(self):
        self.began_s = asyncio.get_running_loop().time()
        self.group = await asyncio.TaskGroup().__aenter__()
        return self

    async def __aexit__(self, *_):
        await self.group.__aexit__(None, None, None)
        self.took_s = asyncio.get_running_loop().time() - self.began_s

    @property
    def outcomes(self):
        return [outcome for _, outcome in self.came]


@virtual_time
async def test_speech_is_put_into_words():
    async with Shift(FakeServices(words=["hello"])) as shift:
        shift.crew.start(Transcribe(3, SPEECH))
    ((job, transcript),) = shift.came
    assert (job, transcript.text, transcript.usage.seconds) == (3, "hello", 1.0)


@virtual_time
async def test_an_answer_arrives_as_it_is_written():
    async with Shift(FakeServices(answers=[Answer("Hello there.")])) as shift:
        shift.crew.start(QUESTION)
    assert shift.outcomes[:2] == [Wrote(Said("Hello ")), Wrote(Said("there. "))]
    assert isinstance(shift.outcomes[2].delta, Ended)
    assert len(shift.outcomes) == 3


@virtual_time
async def test_a_sentence_arrives_as_it_is_spoken():
    async with Shift(FakeServices(ms_per_char=50)) as shift:
        shift.crew.start(Speak(2, "Hello."))
    assert [type(outcome) for outcome in shift.outcomes] == [Arrived] * 3 + [Finished]
    assert sum(len(outcome.pcm) for outcome in shift.outcomes[:3]) == 300 * 24 * 2


@virtual_time
async def test_speech_that_comes_too_slowly_to_be_played_has_failed():
    async with Shift(FakeServices(chunk_ms=100, chunk_s=1.1)) as shift:
        shift.crew.start(Speak(2, "Hello, this takes a while to say."))
    assert isinstance(shift.outcomes[-1], Failed)
    assert shift.took_s == pytest.approx(0.25 + 5 * 1.1, abs=0.2)  # a second is missing each time


@virtual_time
async def test_speech_that_comes_no_faster_than_it_is_played_is_waited_for():
    async with Shift(FakeServices(chunk_ms=1000, chunk_s=1.0)) as shift:
        shift.crew.start(Speak(2, "Hello, this takes a long while to say." * 5))
    assert shift.outcomes[-1] == Finished()


@virtual_time
async def test_chunks_without_sound_are_no_sound():
    async with Shift(FakeServices(speech=[b""])) as shift:
        shift.crew.start(Speak(2, "Hello."))
    assert shift.outcomes == [Finished()]


@pytest.mark.parametrize(
    ("order", "script", "limit_s", "detail"),
    [
        (Transcribe(1, SPEECH), {"transcribe_s": 99}, 10.0, "recognise what was said"),
        (QUESTION, {"answers": [Answer("Hello.", first_s=99)]}, 8.0, "answer"),
        (QUESTION, {"answers": [Answer("Hello.", hangs=True)]}, 5.3, "answer"),
        (Speak(1, "Hello."), {"first_chunk_s": 99}, 5.0, "speak"),
        (Speak(1, "Hello."), {"chunk_s": 99}, 5.25, "speak"),
    ],
    ids=["words", "first token", "silence in an answer", "first sound", "silence in speech"],
)
def test_nothing_is_waited_for_for_ever(order, script, limit_s, detail):
    @virtual_time
    async def held():
        async with Shift(FakeServices(**script)) as shift:
            shift.crew.start(order)
        assert shift.fakes.open == []
        return shift

    shift = held()
    trouble = Trouble(Cause.SLOW_MODEL, f"the model did not {detail} in time")
    assert shift.outcomes[-1] == Failed(trouble, pytest.approx(limit_s, abs=0.1))
    assert shift.took_s == pytest.approx(limit_s, abs=0.1)


@virtual_time
async def test_a_model_that_only_thinks_is_waited_for_for_a_while():
    answer = Answer("Hello.", thinks="Hm.", first_s=2.0, hangs=True)
    async with Shift(FakeServices(answers=[answer]), first_words_s=4.0) as shift:
        shift.crew.start(QUESTION)
    assert len(shift.outcomes) == 3  # it came to words in time, and fell silent
    assert shift.took_s == pytest.approx(7.0, abs=0.1)


@virtual_time
async def test_a_model_that_thinks_for_too_long_has_failed():
    @asynccontextmanager
    async def chat(_question):
        async def deltas():
            while True:
                await asyncio.sleep(1.0)
                yield Thought("Hm.")

        yield deltas()

    fakes = FakeServices()
    async with Shift(services=Services(fakes.transcribe, chat, fakes.speak, "m"), first_words_s=4.5) as shift:
        shift.crew.start(QUESTION)
    assert shift.took_s == pytest.approx(4.5)
    assert isinstance(shift.outcomes[-1], Failed)


@virtual_time
async def test_an_answer_without_an_end_has_failed():
    @asynccontextmanager
    async def chat(_question):
        async def deltas():
            yield Said("Hello.")

        yield deltas()

    fakes = FakeServices()
    async with Shift(services=Services(fakes.transcribe, chat, fakes.speak, "m")) as shift:
        shift.crew.start(QUESTION)
    assert shift.outcomes[-1] == Failed(Trouble(Cause.DROP, "the answer had no end"))


@virtual_time
async def test_an_error_of_a_service_is_an_outcome():
    error = RequestRefusedError("no money left", Failure(Kind.QUOTA))
    async with Shift(FakeServices(words=[error])) as shift:
        shift.crew.start(Transcribe(1, SPEECH))
    assert shift.outcomes == [Failed(Trouble(Cause.QUOTA, "no money left"), pytest.approx(0.4))]


@virtual_time
async def test_a_mistake_of_ours_is_no_outcome():
    with pytest.raises(ExceptionGroup) as caught:
        async with Shift(FakeServices(words=[ZeroDivisionError()])) as shift:
            shift.crew.start(Transcribe(1, SPEECH))
    assert caught.group_contains(ZeroDivisionError)
    assert shift.outcomes == []


@virtual_time
async def test_a_request_is_closed_at_once_and_brings_nothing_more():
    async with Shift() as shift:
        shift.crew.start(Speak(2, "Hello."))
        await asyncio.sleep(0.3)
        heard = len(shift.came)
        shift.crew.drop(2)
        await asyncio.sleep(0)
        assert shift.fakes.open == []
    assert len(shift.came) == heard > 0


@virtual_time
async def test_a_request_that_had_not_begun_never_does():
    async with Shift() as shift:
        shift.crew.start(Speak(2, "Hello."))
        shift.crew.drop(2)
        shift.crew.drop(7)
    assert shift.fakes.spoken == []


@virtual_time
async def test_closing_ends_everything_and_waits_for_it():
    async with Shift(FakeServices(answers=[Answer("Hello.", hangs=True)])) as shift:
        shift.crew.start(QUESTION)
        await asyncio.sleep(1.0)
        shift.crew.start(Transcribe(5, SPEECH))
        await shift.crew.close(0.5)
        assert shift.fakes.open == []
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await shift.crew.close(0.5)
    assert shift.took_s == pytest.approx(1.0)


@virtual_time
async def test_closing_waits_no_longer_than_it_may():
    async def stubborn(_pcm, _rate_hz):
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(3.0)
        return Transcript("")

    fakes = FakeServices()
    async with Shift(services=Services(stubborn, fakes.chat, fakes.speak, "m")) as shift:
        shift.crew.start(Transcribe(1, SPEECH))
        await asyncio.sleep(1.0)
        await shift.crew.close(0.5)
        assert asyncio.get_running_loop().time() - shift.began_s == pytest.approx(1.5)
