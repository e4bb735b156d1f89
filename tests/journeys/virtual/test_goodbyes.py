"""The agent hangs up, limits come near, texts hold facts of the session, replies are only read."""

import pytest

from journeys.journey import Journey, dialects, wires
from voiceloop.agent import Agent
from voiceloop.settings import LimitSettings
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Call, Reply, Spoken
from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, UserTurn

HANG_UP = (Call("end_conversation"),)
ENDS = Agent(tools=["end_conversation"])


@wires
@virtual_time
async def test_the_word_after_the_call_is_heard_to_its_end(dialect, form):
    goodbye = Reply((Spoken("Goodbye, have a nice day.", 1500),))
    async with Journey(Reply((), HANG_UP), goodbye, dialect=dialect, form=form, agent=ENDS) as talk:
        talk.user_says("goodbye", 700)
        ended = await talk.ends()
    assert (ended.reason, ended.exit_status) == ("agent_ended", 0)
    assert talk.said("agent_said")[0]["heard_ms"] == 1500
    assert talk.lines[-1]["t"] - talk.said("agent_speech_stopped")[0]["t"] < 0.1
    assert [type(item) for item in talk.session.history] == [UserTurn, ToolCall, ToolOutput, AssistantTurn]


@dialects
@virtual_time
async def test_a_goodbye_said_with_the_call_is_said_once(dialect):
    async with Journey(Reply((Spoken("Goodbye!", 900),), HANG_UP), dialect=dialect, agent=ENDS) as talk:
        talk.user_says("goodbye", 700)
        ended = await talk.ends()
    assert ended.reason == "agent_ended"
    assert [(line["text"], line["heard_ms"]) for line in talk.said("agent_said")] == [("Goodbye!", 900)]
    assert talk.said("tool_finished")[0]["output"] == "Goodbye!"


@dialects
@virtual_time
async def test_a_user_who_speaks_over_the_goodbye_is_answered_and_stays(dialect):
    replies = Reply((), HANG_UP), Reply((Spoken("Goodbye, see you soon.", 3000),)), Reply((Spoken("Sure.", 500),))
    async with Journey(*replies, dialect=dialect, agent=ENDS) as talk:
        talk.user_says("goodbye", 700)
        await talk.line("agent_speech_started")
        await talk.passes(0.5)
        talk.user_says("wait, one more thing", 900)
        await talk.line("agent_said", times=2)
        await talk.passes(60.0)
        assert talk.said("session_ended") == []
    assert [line["interrupted"] for line in talk.said("agent_said")] == [True, False]


@dialects
@virtual_time
async def test_in_text_the_last_word_is_read(dialect):
    async with Journey(Reply((), HANG_UP), Reply((Spoken("Bye!", 0),)), dialect=dialect, agent=ENDS, text=True) as talk:
        await talk.session.send_text("goodbye")
        ended = await talk.ends()
    assert ended.reason == "agent_ended"
    assert [line["text"] for line in talk.said("agent_said")] == ["Bye!"]


@dialects
@virtual_time
async def test_a_session_near_its_longest_time_says_so(dialect):
    async with Journey(dialect=dialect, agent=Agent(limits=LimitSettings(minutes=1))) as talk:
        await talk.ends()
    (warning,) = talk.said("warning")
    assert warning["code"] == "time_limit_near"
    assert warning["t"] == pytest.approx(48, abs=0.1)


@dialects
@virtual_time
async def test_a_session_that_has_used_up_its_tokens_ends_after_its_last_word(dialect):
    usage = {"total_tokens": 900, "input_tokens": 850, "output_tokens": 50}
    noon = Reply((Spoken("It is noon.", 800),), usage=usage)
    async with Journey(noon, noon, dialect=dialect, agent=Agent(limits=LimitSettings(tokens=1000))) as talk:
        talk.user_says("what time is it", 800)
        await talk.line("warning")
        await talk.line("agent_said")
        talk.user_says("and now", 800)
        ended = await talk.ends()
    assert ended.reason == "token_limit"
    assert [line["heard_ms"] for line in talk.said("agent_said")] == [800, 800]
    assert talk.warnings() == ["token_limit_near"]


@dialects
@virtual_time
async def test_texts_hold_what_the_line_knows_of_the_caller(dialect):
    agent = Agent(
        "You talk to {{ caller }}.", greeting="Hello {{ caller }}, DGrid here.", pronounce={"dgrid": "dee grid"}
    )
    hello = Reply((Spoken("Hello Ada.", 500),))
    async with Journey(hello, dialect=dialect, agent=agent, data={"caller": "Ada"}) as talk:
        await talk.line("agent_said")
    told = talk.gateway.got("session.update")[0]["session"]["instructions"]
    assert told == 'You talk to Ada.\n\nWhen you speak, say "dgrid" as "dee grid".'
    asked = talk.gateway.got("response.create")[0]["response"]["instructions"]
    assert asked.endswith("Hello Ada, dee grid here.")


@dialects
@virtual_time
async def test_captions_only_hears_speech_and_writes_replies(dialect):
    replies = Reply((Spoken("It is noon.", 0),)), Reply((Spoken("Still noon.", 0),))
    async with Journey(*replies, dialect=dialect, captions_only=True) as talk:
        talk.user_says("what time is it", 800)
        first = await talk.line("agent_said")
        await talk.session.send_text("and now")
        await talk.line("agent_said", times=2)
    assert (first["text"], first["heard_ms"], first["interrupted"]) == ("It is noon.", None, False)
    assert [line["text"] for line in talk.said("user_said")] == ["what time is it", "and now"]
    assert talk.said("agent_speech_started") == []
    assert set(talk.line_device.speaker.recording) <= {0}
