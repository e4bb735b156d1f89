"""Conversations with a server that is away for a while, or for good, on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from engines.cascade.fakes import Answer, FakeServices
from engines.cascade.talk import Talk
from voiceloop.dgrid.failures import Failure, Kind, RequestFailedError
from voiceloop.errors import DialectError, UnreachableError
from voiceloop.testing.clock import virtual_time

STORY = (
    "Once upon a time there was a fox. He lived in a wood and had no friends at all. One day he met a hen. They sang."
)
DROPPED = RequestFailedError("the server dropped the connection", Failure(Kind.DROPPED, status=200))
AWAY = UnreachableError("the server cannot be reached")
NO_SPEECH = DialectError("the server has no speech")


class ComesAndGoes(FakeServices):
    """Services of a server that can be switched off for some seconds."""

    back_s = 0.0

    def goes_for(self, seconds):
        self.back_s = asyncio.get_running_loop().time() + seconds

    def _seen(self, kept, asked):
        seen = super()._seen(kept, asked)
        if seen.opened_s < self.back_s:
            seen.closed_s = seen.opened_s
            raise AWAY
        return seen


@virtual_time
async def test_what_never_sounded_was_not_heard_and_is_said_anew():
    script = {"answers": [Answer("It is noon."), Answer("It is noon.")], "speech": [DROPPED] * 2}
    async with Talk(words=["what time is it"], **script) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.until(lambda: talk.words()[-1:] == ["It is noon."])
        await talk.passes(5.0)
    assert [text for text in talk.words() if text] == ["what time is it", "It is noon."]
    assert talk.asked() == [["what time is it"]] * 2
    assert talk.warnings() == ["engine_lost_drop"]


@virtual_time
async def test_where_replies_are_read_what_came_before_the_loss_was_read():
    answers = [Answer("It is noon. And", error=DROPPED), Answer("Yes.")]
    async with Talk(text=True, answers=answers) as talk:
        await talk.session.send_text("what time is it")
        said = await talk.line("agent_said")
    assert said["heard_text"] == "It is noon. And"


@virtual_time
async def test_a_story_goes_on_when_the_server_is_away_while_it_is_told():
    fakes = ComesAndGoes(words=["tell me a story"], answers=[Answer(STORY)])
    async with Talk(fakes) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.line("agent_speech_started")
        fakes.goes_for(4.0)
        said = await talk.line("agent_said")
    assert said["heard_text"] == STORY
    assert talk.warnings() == []


@virtual_time
async def test_a_story_is_gone_on_with_when_a_server_comes_back_that_was_away_for_longer():
    fakes = ComesAndGoes(answers=[Answer(STORY), Answer("And they all lived happily.")])
    async with Talk(fakes) as talk:
        await talk.session.send_text("tell me a story")
        await talk.line("agent_speech_started")
        fakes.goes_for(30.0)
        said = await talk.line("agent_said")
        await talk.until(lambda: talk.words()[-1] == "And they all lived happily.")
    assert said["heard_text"] != STORY
    assert STORY.startswith(said["heard_text"])
    assert talk.warnings() == ["engine_lost_unreachable"]
    assert talk.asked()[-1] == ["tell me a story", said["heard_text"]]


@virtual_time
async def test_a_server_that_never_comes_back_ends_the_session_however_slowly_it_fails():
    answers = [Answer("Hello."), *(Answer(error=AWAY, first_s=6.0) for _ in range(100))]
    async with Talk(text=True, answers=answers) as talk:
        for number in range(10):
            if not talk.runner.done():
                await talk.session.send_text(f"question {number}")
                await talk.passes(20.0)
    assert talk.ended.exit_status == 5
    assert talk.said("session_ended")[0]["t"] < 100
    assert talk.warnings().count("engine_lost_unreachable") == 2  # when it began, and at the end


@virtual_time
async def test_a_server_that_came_back_has_all_its_time_again():
    fakes = ComesAndGoes(answers=[Answer("Noon."), Answer("One."), Answer("Two.")])
    async with Talk(fakes, text=True) as talk:
        for times in range(1, 4):
            fakes.goes_for(40.0)
            await talk.session.send_text("what time is it")
            await talk.line("agent_said", times)
            await talk.passes(20.0)
    assert talk.warnings() == ["engine_lost_unreachable"] * 3


@virtual_time
async def test_a_server_without_speech_is_not_asked_for_it_again_and_again():
    async with Talk(answers=[Answer("Hello.")] * 9, speech=[NO_SPEECH] * 9) as talk:
        await talk.session.send_text("hello")
        await talk.until(talk.runner.done, within_s=5.0)
    assert talk.ended.exit_status == 5
    assert "no speech" in talk.ended.detail
    assert len(talk.services.spoken) == 1


@pytest.mark.parametrize("away_s", [0.5, 3.0, 9.0])
@pytest.mark.parametrize("after_s", [0.0, 0.7, 1.4, 1.7, 1.8, 1.9, 2.0, 2.1, 2.2])
def test_whenever_the_server_goes_everything_is_answered_once(after_s, away_s):
    @virtual_time
    async def held():
        fakes = ComesAndGoes(words=["what time is it"], answers=[Answer("It is noon.")] * 3)
        async with Talk(fakes) as talk:
            talk.plays("time_question.wav")
            await talk.passes(after_s)
            fakes.goes_for(away_s)
            await talk.until(lambda: talk.words()[-1:] == ["It is noon."])
            await talk.passes(5.0)
        return talk

    talk = held()
    assert [text for text in talk.words() if text] == ["what time is it", "It is noon."]
    assert len(talk.warnings()) <= 1
