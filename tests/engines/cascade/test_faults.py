"""Every way a request can fail, at every endpoint: how soon the engine counts as lost, why, and what is left then.

On virtual time, with services that fail as REST's do once their own retries are behind them.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from engines.cascade.fakes import Answer, FakeServices, Port
from engines.cascade.talk import Talk
from voiceloop.commands import AskReply, CommitTurn
from voiceloop.dgrid.chat_answer import Completion, Ended, Said, Stop
from voiceloop.dgrid.failures import REFUSALS, Failure, Kind, RequestFailedError, RequestRefusedError
from voiceloop.engines.base import Seed
from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.engines.cascade.orders import Deadlines
from voiceloop.events import EngineLost, ReplyFinished, ReplyTextArrived, TranscriptionFailed, UserTranscribed
from voiceloop.failover import HOPELESS
from voiceloop.testing.clock import run_virtual
from voiceloop.testing.numbers import numbered
from voiceloop.vocabulary import AudioFormat, Cause

ENDPOINTS = ("transcribe", "chat", "speak")
HURRIED = Deadlines.hurried()
STALLS_S = {"transcribe": HURRIED.transcription_s, "chat": HURRIED.first_token_s, "speak": HURRIED.first_audio_s}


@dataclass(frozen=True)
class Fault:
    """What happens to a request."""

    kind: Kind | None
    """None: nothing, and for ever."""
    cause: Cause
    after_s: float = 0.1
    midway: bool = False
    """Once the answer has begun."""

    async def strikes(self):
        if self.kind is None:
            await asyncio.sleep(10_000)
        await asyncio.sleep(self.after_s)
        error = RequestRefusedError if self.kind in REFUSALS else RequestFailedError
        raise error("it failed", Failure(self.kind, status=200 if self.midway else None))


FAULTS = {
    "no connection": Fault(Kind.UNREACHABLE, Cause.UNREACHABLE, after_s=1.0),
    "bad key": Fault(Kind.BAD_KEY, Cause.BAD_KEY),
    "no money": Fault(Kind.QUOTA, Cause.QUOTA),
    "no such model": Fault(Kind.BAD_MODEL, Cause.BAD_MODEL),
    "no such endpoint": Fault(Kind.NOT_OFFERED, Cause.UNSUPPORTED_DIALECT),
    "too many requests": Fault(Kind.RATE_LIMITED, Cause.BUSY, after_s=1.0),
    "server fault": Fault(Kind.SERVER_FAULT, Cause.UNREACHABLE, after_s=1.0),
    "refused as it is": Fault(Kind.REFUSED, Cause.REFUSED),
    "redirect": Fault(Kind.REDIRECTED, Cause.UNREACHABLE),
    "unreadable": Fault(Kind.BROKEN, Cause.BROKEN_PEER),
    "cut": Fault(Kind.DROPPED, Cause.DROP),
    "cut midway": Fault(Kind.DROPPED, Cause.DROP, midway=True),
    "stall": Fault(None, Cause.SLOW_MODEL),
    "stall midway": Fault(None, Cause.SLOW_MODEL, midway=True),
}
table = pytest.mark.parametrize("endpoint", ENDPOINTS)
faults = pytest.mark.parametrize("name", FAULTS)


class Faulty(FakeServices):
    """Services of which one endpoint fails whatever it is asked."""

    def __init__(self, endpoint, fault, **script):
        super().__init__(**script)
        self.endpoint, self.fault = endpoint, fault

    async def transcribe(self, pcm, rate_hz):
        if self.endpoint != "transcribe":
            return await super().transcribe(pcm, rate_hz)
        seen = self._seen(self.transcribed, pcm)
        try:
            await self.fault.strikes()
        finally:
            seen.closed_s = asyncio.get_running_loop().time()

    async def _deltas(self, answer, seen):
        if self.endpoint != "chat":
            async for delta in super()._deltas(answer, seen):
                yield delta
            return
        if self.fault.midway:
            yield Said("It is noon. And besides it")
            if self.fault.kind is Kind.DROPPED:  # as REST's chat tells of it
                yield Ended(Completion(text="It is noon. And besides it", stop=Stop.TRUNCATED))
        await self.fault.strikes()

    async def _chunks(self, text, rate_hz, seen):
        if self.endpoint != "speak":
            async for pcm in super()._chunks(text, rate_hz, seen):
                yield pcm
            return
        if self.fault.midway:
            yield numbered(0, rate_hz // 5)
        await self.fault.strikes()


async def fails(endpoint, fault, deadlines=HURRIED):
    """One spoken turn with an engine one of whose endpoints fails; returns services, events and when it was lost."""
    fakes = Faulty(endpoint, fault, words=["what time is it"], answers=[Answer("It is noon. And besides it rains.")])
    now = asyncio.get_running_loop().time
    async with asyncio.TaskGroup() as group:
        over = asyncio.Event()
        port = Port(group, lambda event: over.set() if isinstance(event, EngineLost | ReplyFinished) else None)
        engine = CascadeEngine(fakes.services, deadlines=deadlines)
        await engine.open(Seed("Be brief.", (), AudioFormat()), port)
        engine.hear(numbered(0, 12_000), 0)
        engine.hear(bytes(24_000), 12_000)
        engine.obey(CommitTurn("turn-1"))
        engine.obey(AskReply("ask-1"))
        async with asyncio.timeout(120):
            await over.wait()
        lost_s = now()
        await engine.close(0.5)
    assert fakes.open == []
    asked = {"transcribe": fakes.transcribed, "chat": fakes.questions, "speak": fakes.spoken}[endpoint]
    return fakes, port, lost_s - asked[0].opened_s


@table
@faults
def test_a_failing_request_costs_the_engine_soon_and_is_named(endpoint, name):
    fault = FAULTS[name]
    _, port, took_s = run_virtual(fails(endpoint, fault))
    (lost,) = port.of(EngineLost)
    assert (lost.cause, lost.endpoint) == (fault.cause, endpoint)
    assert port.of(ReplyFinished) == []
    if fault.kind is not None:
        assert took_s <= 2.0
    elif not fault.midway:
        assert took_s == pytest.approx(STALLS_S[endpoint], abs=0.1)
    else:  # by then what had come was handed over
        assert took_s <= max(STALLS_S[endpoint], HURRIED.stream_silence_s) + 0.5


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.cause in HOPELESS])
def test_what_is_hopeless_is_asked_once(name):
    fakes, _, _ = run_virtual(fails("chat", FAULTS[name]))
    assert len(fakes.questions) == 1


@faults
def test_words_that_were_not_recognised_are_not_called_known(name):
    """So the session still holds the turn's sound, for the next engine to ask for."""
    _, port, _ = run_virtual(fails("transcribe", FAULTS[name]))
    assert (
        port.of(
            UserTranscribed,
        )
        == []
    )
    assert port.of(TranscriptionFailed) == []


@pytest.mark.parametrize("name", ["cut midway", "stall midway"])
def test_the_sentences_of_an_answer_that_breaks_are_handed_over_whole(name):
    fakes, port, _ = run_virtual(fails("chat", FAULTS[name]))
    assert [event.delta for event in port.of(ReplyTextArrived)] == ["It is noon."]
    assert [seen.whole for seen in fakes.spoken] == [True]
    assert sum(len(pcm) for *_, pcm in port.sounds) == len("It is noon.") * 60 * 24 * 2


@pytest.mark.parametrize("name", ["cut midway", "stall midway"])
def test_what_was_spoken_of_a_sentence_is_handed_over(name):
    _, port, _ = run_virtual(fails("speak", FAULTS[name]))
    assert {index for _, _, index, _ in port.sounds} == {0}
    assert sum(len(pcm) for *_, pcm in port.sounds) == 24_000 // 5 * 2


@table
def test_where_nothing_else_can_go_on_more_patience_is_had(endpoint):
    _, port, took_s = run_virtual(fails(endpoint, FAULTS["stall"], Deadlines()))
    assert port.of(EngineLost)[0].endpoint == endpoint
    assert took_s > 2 * STALLS_S[endpoint]


# The next engine -----------------------------------------------------------------------------------------------------


def ladder(first, then):
    """Make services of these for the first engine, and of those for all after it."""
    made = []

    @asynccontextmanager
    async def services(seed):
        made.append(first if not made else then)
        yield made[-1].services

    return services


CURABLE = [name for name, fault in FAULTS.items() if fault.cause not in HOPELESS | {Cause.UNSUPPORTED_DIALECT}]


@table
@pytest.mark.parametrize("name", CURABLE)
def test_the_next_engine_answers_the_same_turn(endpoint, name):
    run_virtual(answered_all_the_same(endpoint, FAULTS[name]))


async def answered_all_the_same(endpoint, fault):
    answers = [Answer("It is noon. And besides it rains.")]
    first = Faulty(endpoint, fault, words=["what time is it"] * 3, answers=answers)
    second = FakeServices(words=["what time is it"] * 3, answers=[Answer("Let me say it.")])
    engine = CascadeEngine(ladder(first, second), deadlines=HURRIED)
    async with Talk(second, engine=engine) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.until(lambda: talk.words()[-1:] == ["Let me say it."])
        await talk.passes(2.0)
    question, *begun, answer = [text for text in talk.words() if text]
    assert (question, answer) == ("what time is it", "Let me say it.")
    assert all("It is noon. And besides it rains.".startswith(text) for text in begun)
    assert talk.asked() == [[question, *begun]]
    assert first.open == []
