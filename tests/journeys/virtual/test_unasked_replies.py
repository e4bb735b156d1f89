"""Replies that nobody here asked for: of relays with a will of their own, of idle servers, outside the conversation."""

import pytest

from journeys.journey import Journey, dialects, spoken_words
from journeys.virtual.test_races import ASKING, NOON, ONE, TOOLS, asked, calls, story
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Call, Quirks, Reply, Spoken, Utterance
from voiceloop.vocabulary import AssistantTurn, UserTurn

WILLFUL = Quirks(asks_after_transcripts=True)
AGAIN = Reply((Spoken("As I said.", 900),))
askers = pytest.mark.parametrize("realtime", [{}, ASKING], ids=["the server replies", "we ask"])


def record(talk):
    return [item.text for item in talk.session.history if isinstance(item, UserTurn | AssistantTurn)]


# Race 23: a gateway that asks for a reply of its own after every transcription


@dialects
@askers
@virtual_time
async def test_race_23_an_ask_of_the_gateway_that_is_refused_is_no_news(dialect, realtime):
    turns = [NOON, ONE, story(3000, pace=1.2)]
    async with Journey(*turns, dialect=dialect, realtime=realtime, quirks=WILLFUL, errors=None) as talk:
        for number, words in enumerate(["what time is it", "and now", "tell me a story"], start=1):
            await talk.passes(0.5)
            talk.user_says(words, 800, transcribed_after_s=0.05)
            await talk.line("agent_said", times=number)
    assert len(talk.said("agent_said")) == 3
    assert talk.warnings() == []


@dialects
@askers
@pytest.mark.parametrize("after_s", [0.4, 3.0], ids=["while the first is played", "after the first was played"])
@virtual_time
async def test_race_23_a_second_reply_to_the_same_turn_is_neither_heard_nor_remembered(dialect, realtime, after_s):
    turns = [NOON, AGAIN, ONE, AGAIN, NOON, AGAIN]
    async with Journey(*turns, dialect=dialect, realtime=realtime, quirks=WILLFUL, errors=None) as talk:
        for number, words in enumerate(["what time is it", "and now", "and then"], start=1):
            await talk.passes(0.5)
            talk.user_says(words, 800, transcribed_after_s=after_s)
            await talk.line("user_said", times=number)
            await talk.passes(2.0)
        kept = [item.text for item in talk.gateway.connection.items]
    answers = ["what time is it", "It is noon.", "and now", "It is one.", "and then", "It is noon."]
    assert record(talk) == kept == answers
    assert [line["heard_ms"] for line in talk.said("agent_said")] == [800, 700, 800]
    assert talk.warnings() == []


@dialects
@askers
@pytest.mark.parametrize("after_s", [0.0, 0.5, 1.3], ids=["before", "while it runs", "as the follow-up is asked for"])
@virtual_time
async def test_race_23_a_tool_runs_once_and_its_result_is_told_once(dialect, realtime, after_s):
    more = {"realtime": realtime, "quirks": WILLFUL, "agent": TOOLS, "errors": None, "default": NOON}
    async with Journey(calls("clock", 1.2), dialect=dialect, **more) as talk:
        await talk.passes(0.5)
        talk.user_says("what time is it", 800, transcribed_after_s=after_s)
        await talk.line("agent_said")
        await talk.passes(3.0)
        talk.gateway.quirks = Quirks()
        await asked(talk, "and now")
        await talk.line("agent_said", times=2)
        kept = [item.text for item in talk.gateway.connection.items if item.body["type"] == "message"]
    assert record(talk) == kept == ["what time is it", "It is noon.", "and now", "It is noon."]
    assert [line["outcome"] for line in talk.said("tool_finished")] == ["ok"]
    assert talk.warnings() == []


@dialects
@askers
@virtual_time
async def test_race_23_the_user_can_interrupt_as_ever(dialect, realtime):
    turns = [story(6000), AGAIN, NOON, AGAIN]
    async with Journey(*turns, dialect=dialect, realtime=realtime, quirks=WILLFUL, errors=None) as talk:
        await talk.passes(0.5)
        talk.user_says("tell me a story", 800, transcribed_after_s=0.4)
        await talk.line("agent_speech_started")
        await talk.passes(1.7)
        talk.user_says("stop what time is it", 1000, transcribed_after_s=0.4)
        await talk.line("agent_said", times=2)
        await talk.passes(1.0)
    first, second = talk.said("agent_said")
    (cut,) = talk.gateway.expect("conversation.item.truncate", times=1)
    assert cut["audio_end_ms"] == first["heard_ms"]
    assert (second["text"], second["heard_ms"]) == ("It is noon.", 800)
    assert talk.warnings() == []


# Replies outside the conversation, of relays that watch over it


@dialects
@askers
@virtual_time
async def test_replies_outside_the_conversation_disturb_nothing(dialect, realtime):
    guard = Reply((Spoken("harmless", 400), Spoken("very", 0)), (Call("clock", '{"after_s": 0}'),), pace=0.5)
    failed = Reply((), status="failed", status_details={"error": {"code": "context_length_exceeded"}})
    turns = [story(3000, pace=1.2), guard, failed, NOON]
    async with Journey(*turns, dialect=dialect, realtime=realtime, agent=TOOLS, complete=False) as talk:
        await asked(talk, "tell me a story")
        await talk.line("agent_speech_started")
        for topic in ("guard", "summary"):
            talk.gateway.connection.ask_reply({"response": {"conversation": "none", "metadata": {"topic": topic}}})
        await talk.line("agent_said")
        await asked(talk)
        await talk.line("agent_said", times=2)
    assert [line["heard_ms"] for line in talk.said("agent_said")] == [3000, 800]
    assert talk.said("tool_called") == talk.warnings() == []
    assert len(record(talk)) == 4
    assert len(talk.gateway.connections) == 1
    talk.gateway.expect("response.cancel", times=0)


# Servers that answer silence


def idle(talk):
    """The server has waited long enough for the user: it commits the silence and answers it."""
    connection = talk.gateway.connection
    item_id = connection.counters.new_id("item")
    connection.emit(
        {"type": "input_audio_buffer.timeout_triggered", "item_id": item_id, "audio_start_ms": 0, "audio_end_ms": 500}
    )
    connection.turns._user_item = item_id
    connection.turns._commit_turn(Utterance(0, 500, "Thank you for watching."))
    connection.start_reply({})


@pytest.mark.parametrize("before", [0, 1], ids=["before anybody spoke", "after a turn"])
@virtual_time
async def test_a_reply_to_silence_is_the_agents_own(before):
    turns = [NOON] * before + [Reply((Spoken("Are you still there?", 900),)), ONE]
    async with Journey(*turns) as talk:
        if before:
            await asked(talk)
            await talk.line("agent_said")
        await talk.passes(8.0)
        idle(talk)
        said = await talk.line("agent_said", times=before + 1)
        await asked(talk, "I am")
        await talk.line("agent_said", times=before + 2)
    assert (said["text"], said["heard_ms"]) == ("Are you still there?", 900)
    assert "turn_id" not in said
    words = ["what time is it", "It is noon."] * before + ["Are you still there?", "I am", "It is one."]
    assert spoken_words(talk.lines) == record(talk) == words
    assert talk.warnings() == []


@virtual_time
async def test_a_reply_to_silence_can_be_interrupted():
    async with Journey(Reply((Spoken("Are you still there? " * 5, 5000),)), NOON) as talk:
        await talk.passes(8.0)
        idle(talk)
        await talk.line("agent_speech_started")
        await talk.passes(1.0)
        talk.user_says("yes what time is it", 900)
        await talk.line("agent_said", times=2)
    assert talk.said("agent_said")[0]["interrupted"] is True
    assert spoken_words(talk.lines)[-1] == "It is noon."
