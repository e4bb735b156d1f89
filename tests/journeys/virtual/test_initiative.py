"""The agent speaks by itself: greeting, idle prompts, things an application wants said; and typed turns."""

import pytest

from journeys.journey import Journey, dialects, spoken_words, wires
from voiceloop.agent import Agent
from voiceloop.settings import IdleSettings
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Reply, Spoken
from voiceloop.vocabulary import AssistantTurn, UserTurn

HELLO = Reply((Spoken("Hello, how can I help?", 1200),))
NOON = Reply((Spoken("It is noon.", 800),))
STILL = Reply((Spoken("Are you still there?", 900),))
BYE = Reply((Spoken("Goodbye.", 700),))


def instructed(talk):
    return [ask["response"].get("instructions", "") for ask in talk.gateway.got("response.create")]


@wires
@virtual_time
async def test_a_greeting_is_the_first_thing_heard(dialect, form):
    async with Journey(HELLO, NOON, dialect=dialect, form=form, agent=Agent(greeting="Hello, how can I help?")) as talk:
        greeted = await talk.line("agent_said")
        talk.user_says("what time is it", 800)
        await talk.line("agent_said", times=2)
    assert greeted["heard_ms"] == 1200
    assert "turn_id" not in greeted
    assert "Hello, how can I help?" in instructed(talk)[0]
    assert [type(item) for item in talk.session.history] == [AssistantTurn, UserTurn, AssistantTurn]


@dialects
@virtual_time
async def test_a_greeting_gives_way_to_a_user_who_speaks(dialect):
    async with Journey(HELLO, NOON, dialect=dialect, agent=Agent(greeting="Hello, how can I help?")) as talk:
        await talk.line("agent_speech_started")
        await talk.passes(0.3)
        talk.user_says("what time is it", 1000)
        await talk.line("agent_said", times=2)
    assert talk.said("agent_said")[0]["interrupted"] is True
    assert spoken_words(talk.lines)[-1] == "It is noon."


@dialects
@virtual_time
async def test_a_silent_user_is_asked_once_then_the_agent_leaves(dialect):
    idle = IdleSettings(prompt="Are you still there?", after_s=10, goodbye="Goodbye.")
    async with Journey(STILL, BYE, dialect=dialect, agent=Agent(idle=idle)) as talk:
        ended = await talk.ends()
    assert ended.reason == "idle"
    assert [line["heard_ms"] for line in talk.said("agent_said")] == [900, 700]
    assert "Are you still there?" in instructed(talk)[0]
    assert "Goodbye." in instructed(talk)[1]
    assert 20 < talk.lines[-1]["t"] < 24


@dialects
@virtual_time
async def test_a_user_who_speaks_again_is_asked_again_later(dialect):
    idle = IdleSettings(prompt="Are you still there?", after_s=10, goodbye="Goodbye.")
    async with Journey(STILL, NOON, STILL, BYE, dialect=dialect, agent=Agent(idle=idle)) as talk:
        await talk.line("agent_said")
        talk.user_says("yes, what time is it", 900)
        ended = await talk.ends()
    assert ended.reason == "idle"
    words = ["Are you still there?", "yes, what time is it", "It is noon.", "Are you still there?", "Goodbye."]
    assert spoken_words(talk.lines) == words


@dialects
@virtual_time
async def test_without_a_goodbye_the_agent_asks_once_and_waits(dialect):
    idle = IdleSettings(prompt="Are you still there?", after_s=10)
    async with Journey(STILL, dialect=dialect, agent=Agent(idle=idle)) as talk:
        await talk.passes(120)
    assert spoken_words(talk.lines) == ["Are you still there?"]
    assert talk.ended.reason == "script over"


@dialects
@virtual_time
async def test_what_an_application_wants_said_waits_until_the_user_is_silent(dialect):
    done = Reply((Spoken("Your timer is done.", 900),))
    async with Journey(NOON, done, dialect=dialect) as talk:
        await talk.passes(0.5)
        talk.user_says("what time is it", 1500)
        await talk.line("user_speech_started")
        await talk.session.say("Your timer is done.")
        await talk.line("agent_said", times=2)
    assert talk.said("agent_said")[0]["t"] > 2.0
    assert sorted(spoken_words(talk.lines)[1:]) == ["It is noon.", "Your timer is done."]


# Typed turns ---------------------------------------------------------------------------------------------------------


@dialects
@virtual_time
async def test_a_conversation_in_text_has_no_sound_at_all(dialect):
    async with Journey(NOON, HELLO, dialect=dialect, text=True) as talk:
        await talk.session.send_text("what time is it")
        await talk.session.send_text("hello")  # waits for its turn: nobody interrupts a text
        await talk.line("agent_said", times=2)
    assert spoken_words(talk.lines) == ["what time is it", "It is noon.", "hello", "Hello, how can I help?"]
    assert [line["heard_ms"] for line in talk.said("agent_said")] == [None, None]
    talk.gateway.expect("input_audio_buffer.append", times=0)
    modalities = talk.gateway.got("session.update")[0]["session"]
    assert (modalities.get("output_modalities") or modalities.get("modalities")) == ["text"]


@dialects
@virtual_time
async def test_a_typed_turn_during_an_answer_aloud_interrupts_it(dialect):
    story = Reply((Spoken("Once upon a time.", 5000),), pace=1.5)
    async with Journey(story, NOON, dialect=dialect) as talk:
        await talk.session.send_text("tell me a story")
        await talk.line("agent_speech_started")
        await talk.passes(1.5)
        await talk.session.send_text("what time is it")
        await talk.line("agent_said", times=2)
    cut = talk.gateway.expect("conversation.item.truncate", times=1)[0]
    assert cut["audio_end_ms"] == pytest.approx(talk.heard_ms[cut["item_id"]], abs=1.0)
    assert spoken_words(talk.lines)[-1] == "It is noon."


@dialects
@virtual_time
async def test_text_that_utf_8_cannot_hold_is_sent_with_question_marks(dialect):
    async with Journey(NOON, dialect=dialect, text=True) as talk:
        await talk.session.send_text("caf\udce9")
        await talk.line("agent_said")
    assert talk.said("user_said")[0]["text"] == "caf?"


# Many at once --------------------------------------------------------------------------------------------------------


@dialects
@virtual_time
async def test_two_conversations_on_one_loop_do_not_touch(dialect):
    async with (
        Journey(NOON, dialect=dialect) as one,
        Journey(HELLO, dialect=dialect, form="g711_ulaw") as two,
    ):
        await one.passes(0.5)
        one.user_says("what time is it", 800)
        two.user_says("hello", 700)
        await one.line("agent_said")
        await two.line("agent_said")
    assert spoken_words(one.lines) == ["what time is it", "It is noon."]
    assert spoken_words(two.lines) == ["hello", "Hello, how can I help?"]


@dialects
@virtual_time
async def test_ten_minutes_of_conversation(dialect):
    async with Journey(dialect=dialect, default=NOON) as talk:
        for turn in range(1, 61):
            await talk.passes(2.0 + (turn % 7))
            talk.user_says(f"turn {turn}", 400 + 50 * (turn % 9))
            await talk.line("agent_said", times=turn)
    assert [line["text"] for line in talk.said("user_said")] == [f"turn {turn}" for turn in range(1, 61)]
    assert set(talk.heard_ms.values()) == {800}
    assert talk.warnings() == []
