"""Conversations in tests, tested: on the loop pytest runs anyway, and on others."""

from __future__ import annotations

import asyncio
import builtins
import re
import time

import pytest

import voiceloop
from voiceloop import testing
from voiceloop.errors import DeviceError, MisuseError, ToolError
from voiceloop.settings import IdleSettings, RealtimeSettings, Settings, TurnSettings
from voiceloop.testing.brain import Question
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Close, Reply, Spoken
from voiceloop.tools.tool import ToolContext


@voiceloop.tool(phrases=["where is order {order_id}"])
async def order_status(order_id: int) -> str:
    """Where an order is."""
    if order_id > 100:
        raise ToolError("there is no such order")
    return f"Order {order_id} leaves today."


@voiceloop.tool(phrases=["call me {name}"])
async def rename(name: str) -> str:
    """Changes the name."""
    return f"Hello {name}, what a nice name to have, it has so many letters."


@voiceloop.tool(phrases=["remind me in {minutes} minutes"])
async def remind(context: ToolContext, minutes: int) -> str:
    """Reminds."""

    async def ring() -> None:
        await asyncio.sleep(60 * minutes)
        context.announce("Time is up.")

    context.spawn("reminder", ring())
    return "I will."


AGENT = voiceloop.Agent("You work at a bakery.", greeting="Good morning!", tools=[order_status, rename, remind])
both = pytest.mark.parametrize("audio", [False, True], ids=["text", "audio"])


@both
async def test_a_phrase_calls_its_tool_and_what_it_returns_is_said(audio):
    async with testing.converse(AGENT, audio=audio) as c:
        assert c.said_like("good  MORNING") == "Good morning!"
        await c.says("Where is order seven?")
        assert c.called("order_status", order_id=7).output == "Order 7 leaves today."
        assert c.called("order_status").outcome == "ok"
        assert c.said_like("today") == c.said_like(re.compile(r"^Order 7")) == "Order 7 leaves today."
        assert c.said == ["Good morning!", "Order 7 leaves today."]
        assert [call.arguments for call in c.calls] == [{"order_id": 7}]
        assert c.transcript[0]["event"] == "session_started"
    assert c.ended
    assert c.transcript[-1]["event"] == "session_ended"


async def test_an_argument_may_be_called_like_our_own():
    async with testing.converse(AGENT) as c:
        await c.says("call me Ada")
        c.called("rename", name="Ada")


async def test_what_does_not_hold_is_told_with_what_does():
    async with testing.converse(AGENT) as c:
        await c.says("where is order 7")
        with pytest.raises(AssertionError) as wrong:
            c.called("order_status", order_id=8)
        assert str(wrong.value).splitlines() == [
            "order_status(order_id=8) was not called since 'where is order 7'",
            "  called: order_status(order_id=7) -> ok 'Order 7 leaves today.'",
            "  said:   'Order 7 leaves today.'",
        ]
        with pytest.raises(AssertionError, match=r"nothing like 'to.*row' was said since 'where is order 7'"):
            c.said_like(re.compile("to.*row"))


async def test_only_what_happened_since_the_users_last_turn_counts():
    async with testing.converse(AGENT) as c:
        await c.says("where is order 7")
        await c.says("sing a song")
        with pytest.raises(
            AssertionError, match=r"(?s)since 'sing a song'.*called: nothing.*No tool has a phrase for: sing"
        ):
            c.called("order_status")
        with pytest.raises(AssertionError):
            c.said_like("today")


async def test_what_goes_wrong_in_a_tool_is_seen():
    async with testing.converse(AGENT) as c:
        await c.says("where is order 101")
        assert c.called("order_status").outcome == "error"
        c.said_like("there is no such order")


# Time -----------------------------------------------------------------------------------------------------------------


@both
async def test_minutes_of_silence_take_no_time(audio):
    began = time.monotonic()
    async with testing.converse(AGENT, audio=audio) as c:
        await c.says("remind me in 2 minutes")
        await c.silence(115)
        with pytest.raises(AssertionError):
            c.said_like("time is up")
        await c.silence(10)
        c.said_like("time is up")
    assert time.monotonic() - began < 30


async def test_idle_prompts_and_the_goodbye_come():
    idle = IdleSettings(prompt="Are you there?", after_s=20, goodbye="Goodbye.")
    async with testing.converse(voiceloop.Agent(idle=idle)) as c:
        await c.silence(21)
        c.said_like("are you there")
        await c.silence(41)
        c.said_like("goodbye")
        assert c.ended
        await c.silence(1000)
        with pytest.raises(AssertionError, match=r"(?s)the session has ended.*ended:  idle"):
            await c.says("hello?")
        with pytest.raises(AssertionError, match="the session has ended"):
            await c.interrupt()


async def test_a_tool_that_waits_for_something_real_is_waited_for():
    @voiceloop.tool(phrases=["look it up"], deadline_s=5.0)
    def look_up() -> str:
        """Looks it up."""
        time.sleep(0.1)
        return "Found."

    async with testing.converse(voiceloop.Agent(tools=[look_up])) as c:
        await c.says("look it up")
        c.said_like("found")


async def test_tools_run_on_the_loop_their_fixtures_belong_to():
    gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @voiceloop.tool(phrases=["wait for it"])
    async def wait() -> str:
        """Waits."""
        return await gate

    asyncio.get_running_loop().call_later(0.01, gate.set_result, "There it is.")
    async with testing.converse(voiceloop.Agent(tools=[wait])) as c:
        await c.says("wait for it")
        c.said_like("there it is")


@both
@virtual_time
async def test_it_runs_on_virtual_time_too(audio):
    async with testing.converse(AGENT, audio=audio) as c:
        await c.says("where is order 7")
        c.said_like("today")
        await c.silence(600)


@pytest.mark.real
def test_it_runs_on_uvloop_in_real_time():
    uvloop = pytest.importorskip("uvloop")

    async def hold():
        async with testing.converse(AGENT) as c:
            await c.says("where is order 7")
            c.said_like("today")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(hold())


@pytest.mark.parametrize("greeting", ["Hello.", None])
async def test_an_agent_that_is_never_done_is_not_waited_for_for_ever(greeting):
    agent, story = voiceloop.Agent(greeting=greeting), Reply((Spoken("Well", 200_000),), pace=1.0)
    with pytest.raises(AssertionError, match="waited 120 s for the agent to be done"):
        async with testing.converse(agent, audio=True, brain=lambda _: story) as c:
            await c.says("hello")


# Interruptions --------------------------------------------------------------------------------------------------------


async def test_a_turn_over_the_agent_interrupts_it():
    async with testing.converse(AGENT, audio=True) as c:
        await c.says("call me Ada", heard_s=1.0)
        await c.says("where is order 7")
        c.called("order_status", order_id=7)
        told = [line for line in c.transcript if line["event"] == "agent_said"]
    assert [line["interrupted"] for line in told] == [False, True, False]
    assert told[1]["heard_ms"] == pytest.approx(1600, abs=80), "speech has to last for 600 ms"
    assert told[1]["heard_text"].startswith("Hello Ada")


async def test_an_application_may_interrupt():
    async with testing.converse(AGENT, audio=True) as c:
        await c.says("call me Ada", heard_s=1.0)
        await c.interrupt()
        assert c.transcript[-2]["interrupted"] or c.transcript[-1]["interrupted"]
        with pytest.raises(AssertionError):
            c.said_like("letters")


async def test_what_was_heard_cannot_be_asked_of_a_conversation_in_text():
    async with testing.converse(AGENT) as c:
        with pytest.raises(MisuseError, match="pass audio=True"):
            await c.says("call me Ada", heard_s=1.0)


# A session that breaks ------------------------------------------------------------------------------------------------


async def test_what_breaks_in_the_session_is_raised_where_it_is_waited_for():
    def broken(_):
        raise ZeroDivisionError("a brain of this test")

    with pytest.raises(ZeroDivisionError):
        async with testing.converse(voiceloop.Agent(), brain=broken) as c:
            await c.says("hello")


async def test_a_lost_server_is_a_failure_of_the_test():
    def leaving(_):
        return Reply((Spoken("Well", 100),), cut_after_ms=0, cut=Close(1011, "gone"))

    with pytest.raises(AssertionError, match="the session ended with engine_lost_"):
        async with testing.converse(voiceloop.Agent(), brain=leaving, audio=True) as c:
            await c.says("hello")


# Settings and brains --------------------------------------------------------------------------------------------------


async def test_the_session_is_there_for_all_the_rest():
    async with testing.converse(AGENT) as c:
        await c.session.update(tools=[order_status])
        await c.session.say("One moment.")
        await c.says("call me Ada")
        c.said_like("no tool has a phrase for")
        assert "One moment." in c.said


async def test_settings_count_and_their_backend_does_not():
    turn = TurnSettings(detection="manual")
    settings = Settings(realtime=RealtimeSettings(turn=turn), backend={"base_url": "wss://never.asked.test"})
    async with testing.converse(AGENT, audio=True, settings=settings) as c:
        assert c.session.settings.realtime.turn == turn
        assert c.session.settings.backend.base_url == "wss://converse.invalid"


async def test_a_brain_of_ones_own_answers_instead_of_phrases():
    asked = []

    def brain(question: Question) -> Reply:
        asked.append(question)
        return Reply((Spoken(question.say or "Really?", 0),))

    async with testing.converse(AGENT, brain=brain) as c:
        await c.says("I sold the bakery")
        c.said_like("really")
    assert [question.text for question in asked] == ["", "I sold the bakery"]


async def test_one_agent_is_asked_in_each_of_its_languages():
    @voiceloop.tool(phrases={"en": ["where is order {number}"], "de": ["wo ist Bestellung {number}"]})
    async def order(number: int) -> str:
        """Where an order is."""
        return f"{number}!"

    agent = voiceloop.Agent(tools=[order])
    for language, known, unknown in (
        ("en", "where is order seven", "wo ist Bestellung sieben"),
        ("de-AT", "wo ist Bestellung sieben", "where is order seven"),
    ):
        async with testing.converse(agent, settings=Settings(agent={"language": language})) as c:
            await c.says(known)
            c.called("order", number=7)
            await c.says(unknown)
            c.said_like("No tool has a phrase for")
            await c.session.update(tools=[order])
            await c.says(known)
            c.called("order", number=7)


async def test_phrases_are_understood_in_the_agents_language():
    @voiceloop.tool(phrases=["wo ist Bestellung {number}"])
    async def bestellung(number: int) -> str:
        """Sagt, wo eine Bestellung ist."""
        return f"Nummer {number} ist unterwegs."

    for language in ("de", "tlh"):
        async with testing.converse(voiceloop.Agent(language=language, tools=[bestellung])) as c:
            await c.says("wo ist Bestellung 7")
            c.said_like("Nummer 7")


async def test_without_hassil_it_is_said_what_to_install(monkeypatch):
    importing = builtins.__import__

    def without(name, *rest):
        if name.partition(".")[0] == "hassil":
            raise ImportError(name)
        return importing(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DeviceError, match=r"pip install 'voiceloop\[local\]'"):
        testing.converse(AGENT)
