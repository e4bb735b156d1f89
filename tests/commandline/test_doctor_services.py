"""Each service of a cascade asked once; services that follow a script, on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from engines.cascade.fakes import Answer, FakeServices
from voiceloop.commandline.doctor_report import Finding, State
from voiceloop.commandline.doctor_services import Bounds, Outcome, hears, question, recognised, speaks, thinks, timed
from voiceloop.dgrid.failures import Failure, Kind, error_of
from voiceloop.testing.clock import VirtualLoop

REFUSED = error_of(Failure(Kind.REFUSED, "too loud"), "http://server")


def run(work):
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def test_the_recorded_question_is_a_second_of_speech():
    assert len(question(24_000)) == 48_000
    assert len(question(8_000)) == 16_000


@pytest.mark.parametrize(
    ("text", "language", "flawed"),
    [("What time is it?", "en", False), ("", "en-GB", True), ("", "auto", True), ("", "de", False)],
)
def test_words_are_expected_in_the_language_of_the_recording(text, language, flawed):
    assert bool(recognised(text, 0.1, language).flaw) is flawed


def test_what_was_heard_is_told_without_controls():
    fakes = FakeServices(words=["What\x1b[31m time is it?"], transcribe_s=0.4)
    outcome = run(hears(fakes.services, "en"))
    assert outcome.detail == 'heard "What[31m time is it?"'
    assert outcome.took_s == pytest.approx(0.4, abs=0.01)


def test_an_answer_counts_from_its_first_word():
    fakes = FakeServices(answers=[Answer("Hello there.", first_s=0.7, word_s=0.5)])
    outcome = run(thinks(fakes.services, ()))
    assert (outcome.detail, outcome.flaw) == ('answered "Hello there."', "")
    assert outcome.took_s == pytest.approx(0.7, abs=0.01)


def test_a_tool_that_is_called_is_an_answer_too():
    fakes = FakeServices(answers=[Answer(calls=[("order_status", "{}")])])
    assert run(thinks(fakes.services, ())).detail == "called order_status"


def test_an_answer_without_a_word_is_a_flaw():
    outcome = run(thinks(FakeServices(answers=[Answer("")]).services, ()))
    assert outcome.detail == "answered nothing"
    assert outcome.flaw


def test_a_model_that_listens_itself_is_given_the_recording():
    fakes = FakeServices(answers=[Answer("Noon.")], listens=True)
    run(thinks(fakes.services, ()))
    (asked,) = fakes.questions
    assert len(asked.asked.speech) == 48_000
    assert asked.asked.items[0].text == ""


def test_speech_counts_from_its_first_sound():
    outcome = run(speaks(FakeServices(first_chunk_s=0.25).services))
    assert outcome.detail.startswith("spoke for 0.")
    assert outcome.took_s == pytest.approx(0.25, abs=0.02)


def test_every_request_is_closed_again():
    fakes = FakeServices(words=["Hi."], answers=[Answer("Hello.")])

    async def all_three():
        await hears(fakes.services, "en")
        await thinks(fakes.services, ())
        await speaks(fakes.services)

    run(all_three())
    assert fakes.open == []


def timed_as(took_s=0.5, *, error=None, flaw="", within_s=5.0, slow_s=2.0):
    async def ask():
        await asyncio.sleep(took_s)
        if error is not None:
            raise error
        return Outcome("answered", took_s, flaw)

    return run(timed("chat", within_s, slow_s, ask))


def test_what_a_check_comes_to():
    assert timed_as() == Finding("chat", State.OK, "answered after 0.50 s", took_s=0.5)
    assert timed_as(3.0).detail == "slow: answered after 3.00 s"
    assert timed_as(3.0).state is State.DEGRADED
    assert (timed_as(flaw="choose another").state, timed_as(flaw="choose another").fix) == (
        State.DEGRADED,
        "choose another",
    )
    assert timed_as(9.0).detail == "no answer within 5 s"
    assert timed_as(error=REFUSED).state is State.REFUSED


def test_no_check_waits_for_ever():
    bounds = Bounds()
    assert max(getattr(bounds, name) for name in bounds.__slots__) <= 60
