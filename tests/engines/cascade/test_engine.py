"""Whole conversations with a cascade, on virtual time."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from engines.cascade.fakes import Answer, FakeServices
from engines.cascade.talk import Talk
from voiceloop.agent import Agent
from voiceloop.dgrid.failures import Failure, Kind, RequestFailedError, RequestRefusedError
from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.testing.clock import virtual_time
from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, UserTurn

STORY = "Once upon a time there was a fox. He lived in a wood and had no friends at all. One day he met a hen."
DROPPED = RequestFailedError("the server dropped the connection", Failure(Kind.DROPPED, status=200))
NO_MONEY = RequestRefusedError("the account's credit is used up", Failure(Kind.QUOTA))


# Talking -------------------------------------------------------------------------------------------------------------


@virtual_time
async def test_a_question_is_answered():
    async with Talk(words=["what time is it"], answers=[Answer("It is noon.")]) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        said = await talk.line("agent_said")
        await talk.passes(1.0)
    assert talk.words() == ["what time is it", "It is noon."]
    assert said["heard_ms"] == len("It is noon.") * 60 == pytest.approx(talk.played_ms())
    assert talk.items() == [UserTurn(talk.said("user_said")[0]["turn_id"], "what time is it")]
    assert talk.warnings() == []
    assert len(talk.services.transcribed) == 1
    assert talk.session.history[-1] == AssistantTurn(said["reply_id"], "It is noon.", said["heard_ms"])


@virtual_time
async def test_two_sentences_are_spoken_one_after_the_other_and_made_side_by_side():
    answer = Answer("The first sentence is here. The second one follows.", word_s=0.2)
    async with Talk(words=["talk to me"], answers=[answer]) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        said = await talk.line("agent_said")
    first, second = talk.services.spoken
    assert second.opened_s < first.opened_s + first.asked.__len__() * 0.06  # while the first one is heard
    assert first.opened_s < talk.services.questions[0].closed_s  # while the second one is written
    assert said["text"] == said["heard_text"] == "The first sentence is here. The second one follows."
    assert [part["heard_ms"] for part in said["items"]] == [len(seen.asked) * 60 for seen in talk.services.spoken]


@virtual_time
async def test_two_turns_follow_each_other():
    async with Talk(
        words=["what time is it", "what is twelve times seven"], answers=[Answer("Noon."), Answer("Eighty-four.")]
    ) as talk:
        await talk.passes(1.0)
        talk.plays("two_questions.wav")
        await talk.line("agent_said", times=2)
    assert talk.asked()[-1] == ["what time is it", "Noon.", "what is twelve times seven"]


@virtual_time
async def test_recognition_begins_before_the_turn_is_over():
    async with Talk(words=["what time is it"], answers=[Answer("It is noon.")]) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.line("agent_said")
    metrics = talk.said("turn_metrics")[0]
    assert len(talk.services.transcribed) == 1
    assert metrics["transcript_ms"] - metrics["end_of_turn_ms"] < 250  # of the 400 ms that it takes


@virtual_time
async def test_the_agent_is_interrupted_and_remembers_what_was_heard():
    answers = [Answer(STORY), Answer("It is noon.")]
    async with Talk(
        words=["tell me a story", "stop", "stop what time is it"],
        answers=answers,
        realtime={"turn": {"silence_ms": 900}},
    ) as talk:
        await talk.passes(1.0)
        talk.plays("interruption.wav")
        await talk.line("agent_said", times=2)
    story = talk.said("agent_said")[0]
    assert story["interrupted"] is True
    assert story["text"].startswith(story["heard_text"])
    assert 0 < len(story["heard_text"]) < len(STORY)
    assert talk.asked()[-1] == ["tell me a story", story["heard_text"], "stop what time is it"]
    assert sum(line["heard_ms"] for line in talk.said("agent_said")) == pytest.approx(talk.played_ms(), abs=2)


@virtual_time
async def test_a_cough_changes_nothing():
    async with Talk(words=["tell me a story"], answers=[Answer(STORY)]) as talk:
        await talk.passes(1.0)
        talk.plays("cough.wav")
        said = await talk.line("agent_said")
        await talk.passes(2.0)
    assert said["interrupted"] is False
    assert said["heard_text"] == STORY
    assert len(talk.services.questions) == 1


@virtual_time
async def test_speech_without_words_is_followed_by_a_sentence_once():
    async with Talk(words=[""] * 4) as talk:
        await talk.passes(1.0)
        for _ in range(2):
            talk.plays("time_question.wav")
            await talk.passes(8.0)
    assert [(line["text"], line["interrupted"]) for line in talk.said("agent_said")] == [
        ("Sorry, I didn't catch that.", False)
    ]
    assert len(talk.said("user_speech_stopped")) == 2
    assert talk.services.questions == []
    assert talk.warnings() == []


@virtual_time
async def test_noise_without_words_is_answered_with_silence_where_that_is_wanted():
    async with Talk(agent=Agent(unclear="none"), words=["", ""]) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.until(lambda: talk.services.transcribed and not talk.services.open)
        await talk.passes(5.0)
    assert talk.words() == []
    assert talk.services.questions == []
    assert talk.warnings() == []


@virtual_time
async def test_a_model_that_listens_itself_is_given_the_sound():
    answers = [Answer("It is noon."), Answer("Eighty-four.")]
    async with Talk(listens=True, answers=answers) as talk:
        await talk.passes(1.0)
        length_s = talk.plays("two_questions.wav")
        await talk.line("agent_said", times=2)
    first, second = (seen.asked for seen in talk.services.questions)
    assert first.speech_rate_hz == talk.session.rate_hz
    assert 0.5 < len(first.speech) / 2 / first.speech_rate_hz < length_s
    assert second.speech != first.speech
    assert [item.text for item in second.items] == [second.items[0].text, "It is noon.", ""]
    assert second.items[0].text


# The agent's own words -----------------------------------------------------------------------------------------------


@virtual_time
async def test_the_greeting_is_spoken_word_for_word():
    agent = Agent(greeting="Welcome to voiceloop. How can I help?", pronounce={"voiceloop": "voice loop"})
    async with Talk(agent=agent, words=["what time is it"], answers=[Answer("Noon.")]) as talk:
        said = await talk.line("agent_said")
        assert talk.services.questions == []
        talk.plays("time_question.wav")
        await talk.line("agent_said", times=2)
    assert said["heard_text"] == "Welcome to voiceloop. How can I help?"
    assert [seen.asked for seen in talk.services.spoken][:2] == ["Welcome to voice loop.", "How can I help?"]
    assert talk.asked()[0] == ["Welcome to voiceloop. How can I help?", "what time is it"]


@virtual_time
async def test_the_application_has_something_said():
    async with Talk() as talk:
        await talk.session.say("The tea is ready.")
        said = await talk.line("agent_said")
    assert said["heard_text"] == "The tea is ready."
    assert talk.services.questions == []


# Tools ---------------------------------------------------------------------------------------------------------------


async def weather(city: str) -> str:
    """Tell the weather of a city."""
    await asyncio.sleep(0.5 if city == "Oslo" else 0.2)
    return f"Rain in {city}."


TWO_CITIES = [("weather", '{"city": "Oslo"}'), ("weather", '{"city": "Rome"}')]


@virtual_time
async def test_two_tools_at_once_bring_one_follow_up():
    answers = [Answer(calls=TWO_CITIES), Answer("It rains in both.")]
    async with Talk(agent=Agent(tools=[weather]), words=["how is the weather"], answers=answers) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.line("agent_said")
        await talk.passes(2.0)
    assert len(talk.services.questions) == 2
    kinds = [type(item) for item in talk.items()]
    assert kinds == [UserTurn, ToolCall, ToolCall, ToolOutput, ToolOutput]
    assert [item.output for item in talk.items()[3:]] == ["Rain in Oslo.", "Rain in Rome."]
    assert talk.words() == ["how is the weather", "It rains in both."]


@virtual_time
async def test_words_beside_a_call_are_spoken_while_the_tool_runs():
    answers = [Answer("Let me look that up for you.", calls=TWO_CITIES[:1]), Answer("It rains.")]
    async with Talk(agent=Agent(tools=[weather]), words=["how is the weather"], answers=answers) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.line("agent_said", times=2)
    assert talk.words() == ["how is the weather", "Let me look that up for you.", "It rains."]
    assert talk.said("tool_finished")[0]["t"] < talk.said("agent_speech_stopped")[0]["t"]
    assert [type(item) for item in talk.items()] == [UserTurn, AssistantTurn, ToolCall, ToolOutput]


@virtual_time
async def test_calls_of_the_same_name_stay_apart():
    answers = [Answer(calls=TWO_CITIES[:1]), Answer(calls=TWO_CITIES[1:]), Answer("Both wet.")]
    async with Talk(agent=Agent(tools=[weather]), words=["how is the weather"], answers=answers) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.line("agent_said")
    assert [line["call_id"] for line in talk.said("tool_called")] == ["call_0", "call_0_2"]
    assert [line["output"] for line in talk.said("tool_finished")] == ["Rain in Oslo.", "Rain in Rome."]


# Typed ---------------------------------------------------------------------------------------------------------------


@virtual_time
async def test_typed_text_is_answered_aloud():
    async with Talk(answers=[Answer("It is noon.")]) as talk:
        await talk.session.send_text("what time is it")
        said = await talk.line("agent_said")
    assert said["heard_text"] == "It is noon."


@virtual_time
async def test_without_a_line_replies_are_read():
    async with Talk(text=True, answers=[Answer("It is noon. Or a bit later.")]) as talk:
        await talk.session.send_text("what time is it")
        said = await talk.line("agent_said")
        await talk.session.send_text("thanks")
        await talk.line("agent_said", times=2)
    assert said["text"] == "It is noon. Or a bit later."
    assert talk.services.spoken == []
    assert talk.asked()[-1] == ["what time is it", "It is noon. Or a bit later.", "thanks"]


@virtual_time
async def test_where_replies_are_captions_turns_are_spoken_all_the_same():
    async with Talk(captions_only=True, words=["what time is it"], answers=[Answer("It is noon.")]) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        said = await talk.line("agent_said")
    assert talk.words() == ["what time is it", "It is noon."]
    assert said["heard_ms"] is None
    assert talk.services.spoken == []


@virtual_time
async def test_other_instructions_hold_from_the_next_reply_on():
    async with Talk(answers=[Answer("Hello."), Answer("Ahoy.")]) as talk:
        await talk.session.send_text("hello")
        await talk.line("agent_said")
        await talk.session.update(instructions="Speak like a sailor.")
        await talk.session.send_text("hello again")
        await talk.line("agent_said", times=2)
    assert talk.services.questions[-1].asked.instructions == "Speak like a sailor."


# Opening and closing -------------------------------------------------------------------------------------------------


@virtual_time
async def test_the_next_engine_knows_what_was_said_and_names_things_otherwise():
    answers = [Answer("It is noon.", calls=TWO_CITIES[:1])] + [Answer(hangs=True)] * 2
    answers += [Answer("It rains.", calls=TWO_CITIES[:1]), Answer("Still.")]
    async with Talk(agent=Agent(tools=[weather]), words=["what time is it"], answers=answers) as talk:
        await talk.passes(1.0)
        talk.plays("time_question.wav")
        await talk.line("agent_said", times=3)
    assert [line["call_id"] for line in talk.said("tool_called")] == ["call_0", "call_0_2_s2"]
    assert len({line["reply_id"] for line in talk.said("agent_said")}) == 3
    assert talk.asked()[-1][:4] == ["what time is it", "It is noon.", "weather", "Rain in Oslo."]


@virtual_time
async def test_services_of_no_use_are_told_and_those_that_were_made_are_closed():
    fakes, closed = FakeServices(answers=[Answer("Noon.")]), []

    @asynccontextmanager
    async def made(seed):
        yield fakes.services
        closed.append(seed.language)

    async with Talk(fakes, engine=CascadeEngine(made), text=True) as talk:
        await talk.session.send_text("what time is it")
        await talk.line("agent_said")
        assert closed == []
    assert closed == ["en"]

    @asynccontextmanager
    async def broken(_seed):
        raise NO_MONEY
        yield

    async with Talk(engine=CascadeEngine(broken), text=True) as talk:
        await talk.until(talk.runner.done)
    assert talk.ended.exit_status == 4


@pytest.mark.parametrize("after_ms", [0, 120, 450, 900, 1500, 2000, 2700, 3600, 5000, 6200])
def test_the_model_is_shown_what_the_listener_heard(after_ms):
    @virtual_time
    async def held():
        async with Talk(answers=[Answer(STORY, word_s=0.15), Answer("Well.")]) as talk:
            await talk.session.send_text("tell me a story")
            await talk.line("agent_speech_started")
            await talk.passes(after_ms / 1000)
            await talk.session.interrupt()
            await talk.session.send_text("go on")
            await talk.line("agent_said", times=2)
        return talk

    talk = held()
    heard = talk.said("agent_said")[0]["heard_text"]
    assert talk.asked()[-1] == ["tell me a story", *filter(None, [heard]), "go on"]
    assert STORY.startswith(heard)
