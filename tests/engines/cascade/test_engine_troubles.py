"""What a cascade makes of services that fail, on virtual time."""

import pytest

from engines.cascade.fakes import Answer
from engines.cascade.talk import Talk
from voiceloop.dgrid.chat_answer import Stop
from voiceloop.dgrid.failures import Failure, Kind, RequestFailedError, RequestRefusedError
from voiceloop.testing.clock import run_virtual, virtual_time

STORY = "Once upon a time there was a fox. He lived in a wood and had no friends at all. One day he met a hen."
DROPPED = RequestFailedError("the server dropped the connection", Failure(Kind.DROPPED, status=200))
TOO_LONG = RequestRefusedError("too long", Failure(Kind.REFUSED, code="context_length_exceeded"))
NO_MONEY = RequestRefusedError("the account's credit is used up", Failure(Kind.QUOTA))


@pytest.mark.parametrize("transcribe_s", [0.1, 0.4], ids=["before the turn is over", "after"])
def test_recognition_that_fails_once_is_tried_again(transcribe_s):
    run_virtual(recognition_fails_once(transcribe_s))


async def recognition_fails_once(transcribe_s):
    script = {"words": [DROPPED, "what time is it"], "answers": [Answer("It is noon.")]}
    async with Talk(transcribe_s=transcribe_s, **script) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.line("agent_said")
    assert talk.words() == ["what time is it", "It is noon."]
    assert talk.warnings() == []


@virtual_time
async def test_recognition_that_goes_on_failing_costs_the_engine_and_not_the_turn():
    async with Talk(words=[DROPPED] * 3 + ["what time is it"], answers=[Answer("It is noon.")]) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.line("agent_said")
    assert talk.words() == ["what time is it", "It is noon."]
    assert talk.warnings() == ["engine_lost_drop"]


@virtual_time
async def test_a_chat_model_that_says_nothing_is_asked_again():
    async with Talk(words=["what time is it"], answers=[Answer(hangs=True), Answer("It is noon.")]) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.line("agent_said")
    first, second = talk.services.questions
    assert first.closed_s - first.opened_s == pytest.approx(8.0)
    assert second.opened_s == pytest.approx(first.closed_s)
    assert talk.warnings() == []


@virtual_time
async def test_a_chat_model_that_stays_silent_is_given_up_and_the_conversation_goes_on():
    answers = [Answer(hangs=True)] * 4 + [Answer("Here I am.")]
    async with Talk(words=["what time is it"], answers=answers) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.until(lambda: "no_reply" in talk.warnings())
        await talk.session.send_text("are you there")
        await talk.line("agent_said")
    assert talk.words() == ["what time is it", "are you there", "Here I am."]
    assert set(talk.warnings()) == {"engine_lost_slow_model", "no_reply"}


@virtual_time
async def test_an_answer_that_breaks_off_is_gone_on_with():
    answers = [Answer("It is noon. And then", error=DROPPED), Answer("It is also Monday.")]
    async with Talk(words=["what time is it"], answers=answers) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.line("agent_said", times=2)
    assert talk.words() == ["what time is it", "It is noon.", "It is also Monday."]
    assert talk.asked()[-1] == ["what time is it", "It is noon."]
    assert talk.warnings() == ["engine_lost_drop"]


@virtual_time
async def test_an_answer_that_breaks_off_before_its_first_sentence_is_asked_for_again():
    answers = [Answer("It is", stop=Stop.TRUNCATED), Answer("It is noon.")]
    async with Talk(words=["what time is it"], answers=answers) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        said = await talk.line("agent_said")
    assert said["heard_text"] == "It is noon."
    assert talk.warnings() == []


@virtual_time
async def test_speech_that_fails_once_is_asked_for_again():
    async with Talk(words=["hi"], answers=[Answer("It is noon.")], speech=[DROPPED]) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        said = await talk.line("agent_said")
    assert said["heard_text"] == "It is noon."
    assert talk.warnings() == []


@virtual_time
async def test_an_account_without_money_ends_the_session():
    async with Talk(words=["what time is it"], answers=[Answer(error=NO_MONEY)]) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.until(talk.runner.done)
    assert talk.ended.exit_status == 4
    assert "credit" in talk.ended.detail
    assert len(talk.services.questions) == 1


@virtual_time
async def test_a_conversation_that_is_too_long_for_the_model_is_shortened_and_asked_again():
    answers = [Answer("Blue."), Answer("Green."), Answer(error=TOO_LONG), Answer("Red.")]
    async with Talk(answers=answers) as talk:
        for times, text in enumerate(("first colour", "second colour", "third colour"), 1):
            await talk.session.send_text(text)
            await talk.line("agent_said", times)
    assert "engine_lost_context_full" in talk.warnings()
    assert talk.words()[-1] == "Red."
    assert len(talk.items()) < 5


@virtual_time
async def test_a_question_that_is_refused_costs_only_its_answer():
    refused = RequestRefusedError("no", Failure(Kind.REFUSED))
    async with Talk(answers=[Answer(error=refused)] * 2 + [Answer("Fine.")]) as talk:
        await talk.session.send_text("something odd")
        await talk.until(lambda: "reply_failed" in talk.warnings())
        await talk.session.send_text("how are you")
        await talk.line("agent_said")
    assert talk.words() == ["something odd", "how are you", "Fine."]
    assert talk.warnings() == ["reply_failed"]


@virtual_time
async def test_speech_that_fails_in_the_middle_leaves_what_was_said():
    answers = [Answer("It is noon. And it rains. Take care."), Answer("Yes.")]
    speech = [None, RequestRefusedError("no", Failure(Kind.REFUSED))]
    async with Talk(answers=answers, speech=speech) as talk:
        await talk.session.send_text("what time is it")
        said = await talk.line("agent_said")
        await talk.session.send_text("really")
        await talk.line("agent_said", times=2)
    assert said["heard_text"] == "It is noon."
    assert talk.asked()[-1] == ["what time is it", "It is noon.", "really"]
    assert talk.warnings() == ["reply_incomplete"]
