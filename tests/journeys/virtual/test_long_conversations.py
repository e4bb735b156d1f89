"""Conversations that outgrow what a model holds: summed up, shortened, and never noticed by the listener."""

import asyncio
import json

import pytest

from journeys.footprint import objects_held
from journeys.journey import Journey, dialects, spoken_words
from voiceloop.agent import Agent
from voiceloop.condense import MISSING, tokens
from voiceloop.errors import UnreachableError
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Call, Fail, Reply, Spoken
from voiceloop.tools.tool import tool
from voiceloop.vocabulary import AssistantTurn, Summary, UserTurn

LONG = "The bakery sells bread with seeds, bread without seeds, rolls with seeds and rolls without seeds."
"""About 30 tokens."""
SHORT = {"limit": 130, "keep_turns": 1}
"""Three turns fit; of four, one stays."""
WORDS = ["one", "two", "three", "four", "five", "six", "seven"]
SUMMED_UP = "The user asked for bread."
TOO_LONG = {"type": "failed", "error": {"type": "invalid_request_error", "code": "context_length_exceeded"}}


def said(number):
    return Reply((Spoken(f"{number}. {LONG}", 900),))


def recalled(connection):
    """What a connection was told of the conversation before it heard anything."""
    created = [event["item"] for event in connection.received if event["type"] == "conversation.item.create"]
    return [(item["role"], item["content"][0]["text"]) for item in created if item["type"] == "message"]


class Chat:
    """A chat model that answers what it is told to."""

    def __init__(self, *answers, after_s=0.5):
        self.asked = []
        self._answers = list(answers)
        self._after_s = after_s

    async def __call__(self, task, question):
        self.asked.append((task, question))
        await asyncio.sleep(self._after_s)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def turns(talk, *numbers):
    for number in numbers:
        talk.gateway.will_hear(talk.line_device.say(800), WORDS[number - 1])
        await talk.line("agent_said", number)
        await talk.passes(1.0)


@dialects
@virtual_time
async def test_what_is_over_the_limit_is_summed_up_and_a_new_connection_goes_on_with_it(dialect):
    chat = Chat(SUMMED_UP)
    replies = [said(number) for number in (1, 2, 3, 4, 5)]
    agent = Agent(history=SHORT)
    async with Journey(*replies, dialect=dialect, agent=agent, ask_chat=chat, listens=True) as talk:
        await turns(talk, 1, 2, 3, 4)
        await talk.until(lambda: len(talk.gateway.connections) == 2)
        await turns(talk, 5)
    ((_, question),) = chat.asked
    assert [json.loads(line) for line in question.splitlines()[1:-2]] == [
        {"user": "one"},
        {"assistant": f"1. {LONG}"},
        {"user": "two"},
        {"assistant": f"2. {LONG}"},
        {"user": "three"},
        {"assistant": f"3. {LONG}"},
    ]
    first, second = talk.gateway.connections
    assert recalled(first) == []
    assert recalled(second) == [
        ("system", Summary(SUMMED_UP).told),
        ("user", "four"),
        ("assistant", f"4. {LONG}"),
    ]
    assert spoken_words(talk.lines) == [
        text for number, word in enumerate(WORDS[:5], 1) for text in (word, f"{number}. {LONG}")
    ]
    assert talk.session.history[0] == Summary(SUMMED_UP)
    assert [item.text for item in talk.session.history[1:]] == ["four", f"4. {LONG}", "five", f"5. {LONG}"]
    assert talk.warnings() == []


@virtual_time
async def test_the_next_summary_holds_the_one_before():
    chat = Chat(SUMMED_UP, "The user asked for bread and rolls.")
    replies = [said(number) for number in range(1, 8)]
    async with Journey(*replies, agent=Agent(history=SHORT), ask_chat=chat, listens=True) as talk:
        await turns(talk, 1, 2, 3, 4, 5, 6, 7)
        await talk.until(lambda: len(talk.gateway.connections) == 3)
    assert len(chat.asked) == 2
    assert json.dumps({"earlier_summary": SUMMED_UP}) in chat.asked[1][1]
    assert [item for item in talk.session.history if isinstance(item, Summary)] == [
        Summary("The user asked for bread and rolls.")
    ]


@pytest.mark.parametrize("answer", [UnreachableError("nobody there"), "  "])
@virtual_time
async def test_without_a_chat_model_the_oldest_turns_are_left_out(answer):
    replies = [said(number) for number in (1, 2, 3, 4, 5)]
    async with Journey(*replies, agent=Agent(history=SHORT), ask_chat=Chat(answer), listens=True) as talk:
        await turns(talk, 1, 2, 3, 4)
        await talk.until(lambda: len(talk.gateway.connections) == 2)
        await turns(talk, 5)
    assert recalled(talk.gateway.connections[1])[0] == ("system", Summary(MISSING).told)
    assert talk.warnings() == ["summary_failed"]
    assert [line["heard_text"] for line in talk.said("agent_said")] == [f"{n}. {LONG}" for n in range(1, 6)]


@virtual_time
async def test_a_conversation_goes_on_while_it_is_summed_up():
    replies = [said(number) for number in (1, 2, 3, 4, 5, 6)]
    async with Journey(
        *replies, agent=Agent(history=SHORT), ask_chat=Chat(SUMMED_UP, after_s=5.0), listens=True
    ) as talk:
        await turns(talk, 1, 2, 3, 4, 5, 6)
        await talk.until(lambda: len(talk.gateway.connections) == 2)
    assert recalled(talk.gateway.connections[1])[0] == ("system", Summary(SUMMED_UP).told)
    assert [text for _, text in recalled(talk.gateway.connections[1])[1::2]] == ["four", "five", "six"]


@virtual_time
async def test_a_session_that_ends_meanwhile_waits_for_no_summary():
    replies = [said(number) for number in (1, 2, 3, 4)]
    async with Journey(
        *replies, agent=Agent(history=SHORT), ask_chat=Chat(SUMMED_UP, after_s=15.0), listens=True
    ) as talk:
        await turns(talk, 1, 2, 3, 4)
    assert talk.ended.exit_status == 0
    assert not any(isinstance(item, Summary) for item in talk.session.history)


@tool
async def stock(kind: str) -> str:
    """How much there is."""
    return f"plenty of {kind}"


@virtual_time
async def test_a_summary_never_parts_a_call_from_its_output():
    asks = Reply((), (Call("stock", '{"kind":"bread"}'),))
    replies = [said(1), said(2), asks, said(3), said(4)]
    async with Journey(
        *replies,
        agent=Agent(tools=[stock], history={"limit": 150, "keep_turns": 2}),
        ask_chat=Chat(SUMMED_UP),
        listens=True,
    ) as talk:
        await turns(talk, 1, 2, 3, 4)
        await talk.until(lambda: len(talk.gateway.connections) == 2)
    created = [event["item"] for event in talk.gateway.connections[1].received if "item" in event]
    called = [item["call_id"] for item in created if item["type"] == "function_call"]
    answered = [item["call_id"] for item in created if item["type"] == "function_call_output"]
    assert called == answered == ["vl_call_1"]


@dialects
@virtual_time
async def test_a_server_that_can_take_no_more_gets_half_the_record_and_is_asked_again(dialect):
    full = Reply((), status="failed", status_details=TOO_LONG)
    replies = [said(1), said(2), said(3), full, said(4)]
    async with Journey(*replies, dialect=dialect, agent=Agent(history={"limit": 0}), listens=True) as talk:
        await turns(talk, 1, 2, 3, 4)
    second = talk.gateway.connections[1]
    assert recalled(second)[0] == ("system", Summary(MISSING).told)
    assert recalled(second)[-1] == ("user", "four")
    assert len(recalled(second)) < 7
    assert [line["heard_text"] for line in talk.said("agent_said")] == [f"{n}. {LONG}" for n in range(1, 5)]
    assert talk.warnings().count("engine_lost_context_full") == 1
    assert isinstance(talk.session.history[0], Summary)
    assert talk.session.history[-2:] == (
        UserTurn(talk.said("user_said")[3]["turn_id"], "four"),
        AssistantTurn(talk.said("agent_said")[3]["reply_id"], f"4. {LONG}", 900),
    )


@virtual_time
async def test_an_error_event_says_the_same():
    async with Journey(said(1), said(2), agent=Agent(history={"limit": 0}), text=True, errors=1) as talk:
        await talk.session.send_text("a")
        await talk.line("agent_said", 1)
        talk.gateway.when("response.create", Fail("context_length_exceeded", "The conversation is too long."))
        await talk.session.send_text("b")
        await talk.line("agent_said", 2)
    assert len(talk.gateway.connections) == 2


@virtual_time
async def test_a_record_that_cannot_be_made_to_fit_ends_the_session_and_says_why():
    full = Reply((), status="failed", status_details=TOO_LONG)
    async with Journey(said(1), full, full, agent=Agent(history={"limit": 0}), text=True) as talk:
        await talk.session.send_text("a")
        await talk.line("agent_said", 1)
        await talk.session.send_text("b")
        ended = await talk.ends()
    assert (ended.reason, ended.exit_status) == ("engine_lost_context_full", 5)


@virtual_time
async def test_sound_that_fills_the_servers_context_comes_back_as_words():
    def counted(number, tokens):
        return Reply((Spoken(f"{number}. Yes.", 900),), usage={"total_tokens": tokens, "input_tokens": tokens})

    replies = [counted(1, 200), counted(2, 900), counted(3, 1600), counted(4, 250)]
    async with Journey(*replies, agent=Agent(history={"limit": 1000}), listens=True) as talk:
        await turns(talk, 1, 2, 3)
        await talk.until(lambda: len(talk.gateway.connections) == 2)
        await turns(talk, 4)
    assert len(talk.gateway.connections) == 2
    texts = [text for _, text in recalled(talk.gateway.connections[1])]
    assert texts == ["one", "1. Yes.", "two", "2. Yes.", "three", "3. Yes."]


@pytest.mark.long
@virtual_time
async def test_five_hundred_turns_are_held_with_the_memory_of_a_few():
    many, tools = 500, Reply((), (Call("stock", '{"kind":"bread"}'),))
    replies = [
        reply
        for number in range(1, many + 1)
        for reply in ([tools] if number % 10 == 0 else []) + [Reply((Spoken(f"{number}. Plenty of it.", 200),))]
    ]
    agent = Agent(tools=[stock], history={"limit": 500}, limits={"minutes": 600})
    talk = Journey(*replies, agent=agent, ask_chat=Chat(*[SUMMED_UP] * many), listens=True)
    talk._check_sound = lambda: None  # counting samples for so long takes longer than all the rest
    held = {}
    async with talk:
        for number in range(1, many + 1):
            talk.gateway.will_hear(talk.line_device.say(200), f"word {number}")
            await talk.line("agent_said", number)
            await talk.passes(0.5)
            if number > 300:
                held[number] = objects_held(talk.session)
            assert tokens(talk.session.history) < 600
    assert [line["text"] for line in talk.said("user_said")] == [f"word {number}" for number in range(1, many + 1)]
    assert [line["heard_text"] for line in talk.said("agent_said")] == [
        f"{number}. Plenty of it." for number in range(1, many + 1)
    ]
    assert len(talk.said("tool_finished")) == many / 10
    assert len(talk.gateway.connections) > 10
    assert talk.warnings() == []
    earlier = max(held[number] for number in range(301, 401))
    later = max(held[number] for number in range(401, 501))
    assert later < 1.02 * earlier
