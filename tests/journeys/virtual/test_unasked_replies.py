"""Replies that nobody here asked for: of relays with a will of their own, of idle servers, outside the conversation."""

import pytest

from journeys.journey import Journey, dialects
from journeys.virtual.test_races import ASKING, NOON, ONE, TOOLS, asked, calls, story
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Quirks, Reply, Spoken
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
