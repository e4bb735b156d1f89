"""Turns in which the model calls tools: one outcome a call, one follow-up a reply."""

import asyncio
import json

import pytest

from journeys.journey import Journey, dialects, spoken_words
from voiceloop.agent import Agent
from voiceloop.errors import ToolError
from voiceloop.settings import LimitSettings
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Call, Reply, Spoken
from voiceloop.tools.tool import ToolContext, tool
from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, UserTurn

DONE = Reply((Spoken("Order seven leaves today.", 900),))


@tool
async def order(number: int) -> str:
    """Where an order is."""
    return f"order {number} leaves today"


@tool
async def slow(seconds: float) -> str:
    """Takes its time."""
    await asyncio.sleep(seconds)
    return f"took {seconds} s"


@tool(survives_interruption=True)
async def sturdy(seconds: float) -> str:
    """Goes on when the user interrupts."""
    await asyncio.sleep(seconds)
    return "finished all the same"


AGENT = Agent(tools=[order, slow, sturdy])


def calls(*wanted, says=()):
    return Reply(tuple(says), tuple(Call(name, json.dumps(arguments)) for name, arguments in wanted))


async def asked(talk, text="where is order seven"):
    await talk.passes(0.5)
    talk.user_says(text, 800)


def outputs(talk):
    created = talk.gateway.got("conversation.item.create")
    items = [event["item"] for event in created if event["item"]["type"] == "function_call_output"]
    return {item["call_id"]: item["output"] for item in items}


@dialects
@virtual_time
async def test_a_tool_is_run_and_its_result_is_spoken(dialect):
    async with Journey(calls(("order", {"number": 7})), DONE, dialect=dialect, agent=AGENT) as talk:
        await asked(talk)
        await talk.line("agent_said")
    assert outputs(talk) == {"call_1": "order 7 leaves today"}
    talk.gateway.expect("response.create", times=1)
    assert talk.said("tool_called")[0]["arguments"] == {"number": 7}
    assert talk.said("tool_finished")[0]["outcome"] == "ok"
    assert talk.said("tool_called")[0]["turn_id"] == talk.said("user_said")[0]["turn_id"]
    user, call, output, agent = talk.session.history
    assert isinstance(user, UserTurn)
    assert isinstance(call, ToolCall)
    assert output == ToolOutput("call_1", "order 7 leaves today")
    assert agent == AssistantTurn("resp_2", "Order seven leaves today.", 900)


@dialects
@virtual_time
async def test_what_is_said_beside_a_call_is_heard_before_the_follow_up(dialect):
    looking = calls(("slow", {"seconds": 0.2}), says=[Spoken("Let me look.", 1500)])
    async with Journey(looking, DONE, dialect=dialect, agent=AGENT) as talk:
        await asked(talk)
        await talk.line("agent_said", times=2)
    assert spoken_words(talk.lines)[1:] == ["Let me look.", "Order seven leaves today."]
    assert list(talk.heard_ms.values()) == [1500, 900]


@dialects
@virtual_time
async def test_two_tools_at_once_bring_two_outputs_and_one_follow_up(dialect):
    both = calls(("slow", {"seconds": 1.5}), ("order", {"number": 7}))
    async with Journey(both, DONE, dialect=dialect, agent=AGENT) as talk:
        await asked(talk)
        await talk.line("tool_finished")
        await talk.passes(talk.network.latency_s)
        assert len(outputs(talk)) == 1  # sent at once; only the follow-up waits
        talk.gateway.expect("response.create", times=0)
        await talk.line("agent_said")
    assert outputs(talk) == {"call_2": "order 7 leaves today", "call_1": "took 1.5 s"}
    talk.gateway.expect("response.create", times=1)


@dialects
@pytest.mark.parametrize("arguments", ["{", "", "null", "[7]", '{"number": "many"}', r'{"number": "\ud800"}'])
@virtual_time
async def test_arguments_that_make_no_sense_are_answered_and_the_model_goes_on(dialect, arguments):
    wrong = Reply((), (Call("order", arguments),))
    async with Journey(wrong, DONE, dialect=dialect, agent=AGENT) as talk:
        await asked(talk)
        await talk.line("agent_said")
    assert talk.said("tool_finished")[0]["outcome"] == "error"
    assert len(outputs(talk)) == 1
    talk.gateway.expect("response.create", times=1)


@dialects
@virtual_time
async def test_a_tool_nobody_has_is_answered_too(dialect):
    async with Journey(calls(("fly", {})), DONE, dialect=dialect, agent=AGENT) as talk:
        await asked(talk)
        await talk.line("agent_said")
    assert "there is no tool 'fly'" in outputs(talk)["call_1"]


@dialects
@virtual_time
async def test_a_tool_that_breaks_is_one_error_and_the_conversation_goes_on(dialect, caplog):
    @tool
    async def broken() -> str:
        """Breaks."""
        raise ZeroDivisionError

    @tool
    async def honest() -> str:
        """Says what is wrong."""
        raise ToolError("the shop is closed")

    agent = Agent(tools=[broken, honest])
    async with Journey(calls(("broken", {}), ("honest", {})), DONE, dialect=dialect, agent=agent) as talk:
        await asked(talk)
        await talk.line("agent_said")
    assert [line["outcome"] for line in talk.said("tool_finished")] == ["error", "error"]
    assert outputs(talk)["call_2"] == "the shop is closed"
    assert "ZeroDivisionError" in caplog.text


@dialects
@virtual_time
async def test_a_tool_that_never_ends_is_given_up_at_its_deadline(dialect):
    @tool(deadline_s=3.0)
    async def stuck() -> str:
        """Never ends."""
        await asyncio.Event().wait()
        return ""

    async with Journey(calls(("stuck", {})), DONE, dialect=dialect, agent=Agent(tools=[stuck])) as talk:
        await asked(talk)
        await talk.line("agent_said")
    assert talk.said("tool_finished")[0]["outcome"] == "timeout"
    called, finished = talk.said("tool_called")[0]["t"], talk.said("tool_finished")[0]["t"]
    assert finished - called == pytest.approx(3.0, abs=0.01)


@dialects
@virtual_time
async def test_an_interrupted_tool_is_cancelled_answered_and_not_followed_up(dialect):
    noon = Reply((Spoken("It is noon.", 800),))
    async with Journey(calls(("slow", {"seconds": 15})), noon, dialect=dialect, agent=AGENT) as talk:
        await asked(talk)
        await talk.line("tool_called")
        await talk.passes(1.0)
        talk.user_says("never mind, what time is it", 1200)
        await talk.line("agent_said")
    assert talk.said("tool_finished")[0]["outcome"] == "cancelled"
    assert len(outputs(talk)) == 1
    talk.gateway.expect("response.create", times=0)  # the server answers the new turn by itself
    assert spoken_words(talk.lines)[-1] == "It is noon."


@dialects
@virtual_time
async def test_a_tool_that_survives_interruption_is_followed_up_when_it_ends(dialect):
    noon = Reply((Spoken("It is noon.", 800),))
    async with Journey(calls(("sturdy", {"seconds": 6})), noon, DONE, dialect=dialect, agent=AGENT) as talk:
        await asked(talk)
        await talk.line("tool_called")
        await talk.passes(1.0)
        talk.user_says("what time is it meanwhile", 1200)
        await talk.line("agent_said", times=2)
    assert talk.said("tool_finished")[0]["outcome"] == "ok"
    assert spoken_words(talk.lines)[-2:] == ["It is noon.", "Order seven leaves today."]


@dialects
@virtual_time
async def test_a_model_that_calls_without_end_is_made_to_answer(dialect):
    again = [calls(("order", {"number": number})) for number in range(3)]
    agent = Agent(tools=[order], limits=LimitSettings(tool_rounds=2))
    async with Journey(*again, DONE, dialect=dialect, agent=agent) as talk:
        await asked(talk)
        await talk.line("agent_said")
    asks = talk.gateway.expect("response.create", times=3)
    assert [ask["response"].get("tool_choice") for ask in asks] == [None, None, "none"]


@dialects
@virtual_time
async def test_a_tool_can_have_something_said_later(dialect):
    @tool
    async def timer(context: ToolContext, seconds: float) -> str:
        """Set a timer."""

        async def ring() -> None:
            await asyncio.sleep(seconds)
            context.announce("Your timer is done.")

        context.spawn("timer", ring())
        return "set"

    done = Reply((Spoken("Your timer is done.", 700),))
    set_ = Reply((Spoken("It is set.", 600),))
    agent = Agent(tools=[timer])
    async with Journey(calls(("timer", {"seconds": 30})), set_, done, dialect=dialect, agent=agent) as talk:
        await asked(talk, "set a timer")
        await talk.line("agent_said", times=2)
    ask = talk.gateway.got("response.create")[-1]["response"]
    assert "Your timer is done." in ask["instructions"]
    assert talk.said("agent_said")[1]["t"] > 30


@virtual_time
async def test_tools_are_told_to_the_server_with_their_phrases():
    @tool(phrases=["where is order {number}"])
    async def where(number: int) -> str:
        """Where an order is."""
        return str(number)

    async with Journey(agent=Agent(tools=[where])) as talk:
        pass
    (update,) = talk.gateway.expect("session.update")
    (told,) = update["session"]["tools"]
    assert told["name"] == "where"
    assert told["description"].endswith("Examples: where is order {number}")
