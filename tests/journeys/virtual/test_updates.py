"""The agent gets other instructions and tools while the conversation goes on."""

import asyncio

import pytest

from journeys.journey import Journey, dialects
from voiceloop.agent import Agent
from voiceloop.errors import MisuseError, SessionEndedError
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Call, Fail, Reply, Spoken
from voiceloop.tools.tool import tool


@tool
async def menu() -> str:
    """Reads the menu."""
    return "soup"


@tool
async def bill() -> str:
    """Says what is to be paid."""
    return "ten"


def quiet(text):
    return Reply((Spoken(text, 0),))


@dialects
@virtual_time
async def test_new_instructions_and_tools_count_from_the_next_reply_on(dialect):
    replies = [Reply((), (Call("bill"),)), quiet("Ten."), Reply((), (Call("menu"),)), quiet("There is none.")]
    async with Journey(*replies, dialect=dialect, text=True, agent=Agent("Be a waiter.", tools=[menu])) as talk:
        await talk.session.update(instructions="Be a cashier.", tools=[bill])
        await talk.session.send_text("what do I owe")
        await talk.line("agent_said")
        await talk.session.send_text("read the menu")
        await talk.line("agent_said", times=2)
        in_force = talk.gateway.connection.session.fields
    assert [line["outcome"] for line in talk.said("tool_finished")] == ["ok", "error"]
    assert in_force["instructions"] == "Be a cashier."
    assert [each["name"] for each in in_force["tools"]] == ["bill"]


@virtual_time
async def test_what_is_not_changed_is_not_mentioned():
    async with Journey(text=True, agent=Agent("Be a waiter.", tools=[menu]), complete=False) as talk:
        await talk.session.update(instructions="Whisper.")
        await talk.session.update(tools=())
        await talk.until(lambda: len(talk.gateway.got("session.update")) == 3)
    _, whisper, bare = (event["session"] for event in talk.gateway.got("session.update"))
    assert whisper == {"type": "realtime", "instructions": "Whisper."}
    assert bare == {"type": "realtime", "tools": []}


@virtual_time
async def test_tools_that_cannot_stand_together_change_nothing():
    async with Journey(text=True, agent=Agent("Be a waiter.", tools=[menu]), complete=False) as talk:
        with pytest.raises(MisuseError, match="two tools are called bill"):
            await talk.session.update(instructions="Be a cashier.", tools=[bill, bill])
        await talk.session.send_text("hello")
        await talk.line("agent_said")
    assert len(talk.gateway.got("session.update")) == 1


@virtual_time
async def test_a_change_the_server_refuses_is_a_warning():
    async with Journey(text=True, errors=1) as talk:
        talk.gateway.when("session.update", Fail("invalid_value", "Not these."))
        await talk.session.update(instructions="Be rude.")
        warning = await talk.line("warning")
    assert (warning["code"], warning["detail"]) == ("invalid_value", "invalid_value: Not these.")


@virtual_time
async def test_a_session_that_is_over_cannot_be_changed():
    async with Journey(text=True) as talk:
        await talk.session.end()
        with pytest.raises(SessionEndedError):
            await talk.session.update(instructions="Too late.")


@virtual_time
async def test_whatever_is_asked_of_a_session_is_asked_once_also_when_the_asker_is_cancelled():
    async with Journey(text=True) as talk:
        session = talk.session
        wishes = [
            session.update(instructions="Hum."),
            session.send_text("one"),
            session.say("two"),
            session.interrupt(),
        ]
        for work in wishes:
            task = asyncio.get_running_loop().create_task(work)
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        ending = asyncio.get_running_loop().create_task(session.end("enough"))
        await asyncio.sleep(0)
        ending.cancel()
        ended = await talk.line("session_ended")
    assert ended["reason"] == "enough"
    assert len(talk.gateway.got("session.update")) == 2
    assert [line["text"] for line in talk.said("user_said")] == ["one"]
