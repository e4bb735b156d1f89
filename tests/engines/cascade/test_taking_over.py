"""What a chat model is asked when an engine takes over in the middle of a turn, in every dialect. Pure."""

from __future__ import annotations

import json

import pytest

from engines.cascade.book import Book
from voiceloop.commands import SendToolOutput
from voiceloop.dgrid.chat_items import messages_of
from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.dialects import dialect
from voiceloop.engines.cascade.orders import AskChat, Transcribe
from voiceloop.engines.cascade.record import STILL_RUNNING
from voiceloop.engines.services.plain_prompt import PlainPrompt
from voiceloop.events import EngineLost, ReplyFinished, ReplyStarted, ToolCalled, UserTranscribed
from voiceloop.vocabulary import (
    AssistantTurn,
    Cause,
    Summary,
    ToolCall,
    ToolOutput,
    ToolSpec,
    UserImage,
    UserTurn,
)

CLOCK = ToolSpec("clock", "Tells the time.", {"type": "object", "properties": {"zone": {"type": "string"}}})
PICTURE = UserImage("image-1", "image/png", b"\x89PNG")
SOUND = b"\1\0" * 12_000
ASKED = [UserTurn("t1", "what time is it"), ToolCall("call_1_s2", "clock", '{"zone":"CET"}')]
TWO_CALLS = [*ASKED, ToolCall("call_2_s2", "clock", "{}"), ToolOutput("call_2_s2", "noon")]
DIALECTS = {name: dialect(name) for name in ("openai", "responses", "claude", "gemini")} | {"plain": PlainPrompt()}
dialects = pytest.mark.parametrize("name", DIALECTS)


def takes_over(*items, speech=SOUND, tools=(CLOCK,)):
    """An engine that is asked for a reply right after it took over."""
    book = Book(tools=tools, id_suffix="_s3")
    book.do(book.desk.recall(items, lambda turn_id: speech))
    book.asks()
    return book


def body(name, question):
    """What the server is sent."""
    messages = messages_of(question.items, question.instructions)
    request = ChatRequest(model="m", messages=messages, tools=tuple(question.tools))
    made = DIALECTS[name].asked(request, streamed=True).body
    return json.loads(json.dumps(made))


def outputs(name, sent):
    """The outputs of calls in a question, by what the dialect knows the call by; checked as strict vendors do."""
    match name:
        case "openai":
            return openai_outputs(sent["messages"])
        case "responses":
            return responses_outputs(sent["input"])
        case "claude":
            return claude_outputs(sent["messages"])
        case "gemini":
            return gemini_outputs(sent["contents"])
        case _:
            return [line.removeprefix("Tool: ") for line in sent["prompt"].splitlines() if line.startswith("Tool: ")]


def openai_outputs(messages):
    found = []
    for place, message in enumerate(messages):
        calls = [call["id"] for call in message.get("tool_calls", [])]
        answers = messages[place + 1 : place + 1 + len(calls)]
        assert [answer.get("tool_call_id") for answer in answers] == calls
        assert message.get("content") or calls
        found += [answer["content"] for answer in answers]
    assert len(found) == sum(message["role"] == "tool" for message in messages)
    return found


def responses_outputs(items):
    calls = [item["call_id"] for item in items if item.get("type") == "function_call"]
    answers = [item for item in items if item.get("type") == "function_call_output"]
    assert [answer["call_id"] for answer in answers] == calls
    assert len(set(calls)) == len(calls)
    return [answer["output"] for answer in answers]


def claude_outputs(turns):
    roles = [turn["role"] for turn in turns]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
    found = []
    for turn, after in zip(turns, [*turns[1:], None], strict=True):
        blocks = turn["content"] if isinstance(turn["content"], list) else []
        calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        if calls:
            answers = after["content"][: len(calls)]
            assert [answer["tool_use_id"] for answer in answers] == calls
            found += [answer["content"] for answer in answers]
    return found


def gemini_outputs(turns):
    assert (turns[0]["role"], turns[-1]["role"]) == ("user", "user")
    found = []
    for turn, after in zip(turns, [*turns[1:], None], strict=True):
        calls = [part["functionCall"]["name"] for part in turn["parts"] if "functionCall" in part]
        if calls:
            answers = [part["functionResponse"] for part in after["parts"]]
            assert [answer["name"] for answer in answers] == calls
            found += [answer["response"]["result"] for answer in answers]
    return found


@dialects
def test_a_call_without_its_output_is_shown_with_a_word_that_it_runs(name):
    book = takes_over(*ASKED)
    assert outputs(name, body(name, book.question)) == [STILL_RUNNING]


@dialects
def test_of_two_calls_one_may_have_its_output_already(name):
    book = takes_over(*TWO_CALLS)
    assert outputs(name, body(name, book.question)) == [STILL_RUNNING, "noon"]


@dialects
def test_an_output_that_comes_later_stands_in_the_place_of_that_word(name):
    book = takes_over(*TWO_CALLS)
    book.answers("One moment.")
    book.spoken()
    book.obey(SendToolOutput("call_1_s2", "one"))
    book.asks("ask-2")
    sent = body(name, book.question)
    assert outputs(name, sent) == ["one", "noon"]
    assert STILL_RUNNING not in json.dumps(sent)


@dialects
def test_words_of_a_call_that_were_half_heard_stand_before_it(name):
    book = takes_over(ASKED[0], AssistantTurn("r1", "Let me", 300), ASKED[1])
    assert outputs(name, body(name, book.question)) == [STILL_RUNNING]


@dialects
def test_what_was_half_heard_is_shown_as_far_as_it_was(name):
    book = takes_over(UserTurn("t1", "tell me a story"), AssistantTurn("r1", "Once upon a time there", 1200))
    sent = body(name, book.question)
    outputs(name, sent)
    assert "Once upon a time there" in json.dumps(sent)


@dialects
def test_pictures_and_a_summary_are_shown(name):
    book = takes_over(Summary("They spoke of bread."), PICTURE, UserTurn("t1", "what is this"))
    sent = json.dumps(body(name, book.question))
    assert "They spoke of bread." in sent
    assert ("iVBOR" in sent) is (name != "plain")  # which knows no pictures


@dialects
def test_a_turn_without_words_is_recognised_before_it_is_answered(name):
    book = takes_over(UserTurn("t1", "hello"), AssistantTurn("r1", "Hello.", 500), UserTurn("t2", ""))
    assert book.of(AskChat) == []
    assert [order.pcm for order in book.of(Transcribe)] == [SOUND]
    assert len(book.told(ReplyStarted)) == 1
    book.recognised("what time is it")
    assert [event.turn_id for event in book.told(UserTranscribed)] == ["t2"]
    assert "what time is it" in json.dumps(body(name, book.question))


def test_of_a_turn_whose_words_cannot_be_found_here_either_the_next_engine_hears():
    book = takes_over(UserTurn("t1", ""))
    for _ in range(2):
        book.fails(Transcribe)
    assert book.told(EngineLost) == [EngineLost(Cause.DROP, "the line broke", endpoint="transcribe")]
    assert book.told(UserTranscribed, ReplyFinished) == []


def test_of_more_pictures_than_a_question_may_hold_the_newest_are_shown():
    pictures = [UserImage(f"image-{number}", "image/png", bytes([number])) for number in range(12)]
    book = takes_over(*pictures, UserTurn("t1", "what are these"))
    assert book.shown[:-1] == pictures[4:]


@dialects
def test_a_call_of_this_engine_is_named_apart_from_an_earlier_one(name):
    book = takes_over(UserTurn("t1", "what time is it"), ToolCall("call_0", "clock", "{}"), ToolOutput("call_0", "one"))
    book.ends("", "clock")
    (call,) = [event.call for event in book.told(ToolCalled)]
    assert call.call_id != "call_0"
    book.obey(SendToolOutput(call.call_id, "two"))
    book.asks("ask-2")
    assert outputs(name, body(name, book.question)) == ["one", "two"]
