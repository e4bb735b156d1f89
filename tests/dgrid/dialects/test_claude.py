from __future__ import annotations

import contextlib
import json

import anthropic
import pytest

from dgrid.asker import KEY, client, refusal
from voiceloop.dgrid.chat import Chat
from voiceloop.dgrid.chat_answer import CallGrew, Ended, Said, Stop
from voiceloop.dgrid.chat_request import AssistantMessage, ChatRequest, OneTool, ToolMessage
from voiceloop.dgrid.dialects.claude import Claude
from voiceloop.dgrid.failures import Kind
from voiceloop.testing.rest import RestAnswer, ScriptedRest
from voiceloop.vocabulary import ToolCall, ToolSpec

pytestmark = pytest.mark.real

ASK = "POST /v1/messages"
HELLO = ChatRequest(
    model="claude-3-5-sonnet-20241022", max_tokens=1024, messages=[{"role": "user", "content": "Hello, Claude"}]
)
LAMP = ToolSpec("lamp", "Switch it.", {"type": "object", "properties": {}})
WHOLE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "content": [{"type": "text", "text": "Hi"}],
    "model": "m",
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 5, "output_tokens": 4},
}
THINKS = {"type": "thinking", "thinking": "Light.", "signature": "Eq=="}
USES = {"type": "tool_use", "id": "toolu_1", "name": "lamp", "input": {}}


def event(kind, **more):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()


BEGIN = event("message_start", message={**WHOLE, "content": [], "stop_reason": None})
TEXT = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hi"})
END = event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 4})
STOP = event("message_stop")


@contextlib.asynccontextmanager
async def chatting(*answers):
    async with ScriptedRest({ASK: answers}) as rest, client(rest) as asker:
        yield Chat(asker, Claude()), rest


async def told(chat, request=HELLO):
    async with chat.stream(request) as deltas:
        return [delta async for delta in deltas]


async def test_the_page_of_dgrid():
    async with chatting(RestAnswer(WHOLE)) as (chat, rest):
        answer = await chat.complete(HELLO)
    (heard,) = rest.heard
    assert (heard.method, heard.path) == ("POST", "/v1/messages")
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert heard.headers["anthropic-version"] == "2023-06-01"
    assert heard.headers["content-type"] == "application/json"
    assert heard.body == (
        b'{"model":"claude-3-5-sonnet-20241022","max_tokens":1024,'
        b'"messages":[{"role":"user","content":"Hello, Claude"}]}'
    )
    assert (answer.text, answer.stop, answer.usage.input_tokens) == ("Hi", Stop.END, 5)


async def test_the_stock_client_of_anthropic_sends_the_same():
    call = ToolCall("toolu_1", "lamp", "{}")
    ours = ChatRequest(
        model="m",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Light!"},
            AssistantMessage(tool_calls=[call]),
            ToolMessage(tool_call_id="toolu_1", content="on"),
        ],
        tools=[LAMP],
        tool_choice=OneTool(name="lamp"),
        max_tokens=9,
        stop=["x"],
    )
    async with (
        chatting(RestAnswer(WHOLE), RestAnswer(WHOLE)) as (chat, rest),
        anthropic.AsyncAnthropic(base_url=rest.base_url, auth_token=KEY, api_key=None) as stock,
    ):
        mine = await chat.complete(ours)
        theirs = await stock.messages.create(
            model="m",
            system="Be brief.",
            messages=[
                {"role": "user", "content": "Light!"},
                {"role": "assistant", "content": [USES]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "on"}]},
            ],
            tools=[{"name": "lamp", "description": "Switch it.", "input_schema": dict(LAMP.parameters)}],
            tool_choice={"type": "tool", "name": "lamp"},
            max_tokens=9,
            stop_sequences=["x"],
        )
    ask, asked = rest.heard
    assert ask.json == asked.json
    assert (ask.method, ask.path) == (asked.method, asked.path)
    assert ask.headers["authorization"] == asked.headers["authorization"]
    assert mine.text == theirs.content[0].text


async def test_a_stream_is_asked_for_and_gives_its_news():
    async with chatting(RestAnswer([BEGIN, event("ping"), TEXT, END, STOP])) as (chat, rest):
        said, ended = await told(chat)
    assert rest.heard[0].json["stream"] is True
    assert said == Said("Hi")
    assert (ended.completion.stop, ended.completion.usage.output_tokens) == (Stop.END, 4)


async def test_a_stream_without_its_last_event_is_whole_and_a_shorter_one_truncated():
    async with chatting(RestAnswer([BEGIN, TEXT, END]), RestAnswer([BEGIN, TEXT])) as (chat, _):
        stops = [(await told(chat))[-1].completion.stop for _ in range(2)]
    assert stops == [Stop.END, Stop.TRUNCATED]


async def test_one_whole_object_in_place_of_a_stream_is_understood_and_the_reverse():
    async with chatting(RestAnswer(WHOLE), RestAnswer([BEGIN, TEXT, END, STOP])) as (chat, _):
        assert await told(chat) == [Said("Hi"), Ended(await chat.complete(HELLO))]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "overloaded_error", "message": "busy"}, Kind.SERVER_FAULT),
        ({"type": "rate_limit_error", "message": "slow down"}, Kind.RATE_LIMITED),
        ({"type": "authentication_error", "message": "who?"}, Kind.BAD_KEY),
    ],
)
async def test_an_error_inside_a_stream_is_raised(error, kind):
    named = event("error", error=error)
    async with chatting(RestAnswer([BEGIN, TEXT, named]), RestAnswer([BEGIN, named.partition(b"\n")[2]])) as (chat, _):
        assert (await refusal(told(chat))).kind is kind
        assert (await refusal(told(chat))).kind is kind


async def test_thinking_goes_back_with_the_call_it_led_to():
    asks = {**WHOLE, "content": [THINKS, USES], "stop_reason": "tool_use"}
    async with chatting(RestAnswer(asks), RestAnswer(WHOLE)) as (chat, rest):
        *news, ended = await told(chat)
        (call,) = ended.completion.tool_calls
        more = (AssistantMessage(tool_calls=[call]), ToolMessage(tool_call_id=call.call_id, content="on"))
        await chat.complete(HELLO.model_copy(update={"messages": (*HELLO.messages, *more)}))
    assert news[-1] == CallGrew(0, "toolu_1", "lamp", "")
    assert rest.heard[1].json["messages"][1] == {"role": "assistant", "content": [THINKS, USES]}


async def test_what_a_model_refuses_is_left_out_from_then_on_but_never_its_limit():
    words = {"type": "invalid_request_error", "message": "`temperature` is deprecated for this model."}
    limit = {"type": "invalid_request_error", "message": "max_tokens: not supported"}
    refused = [RestAnswer({"type": "error", "error": each}, 400) for each in (words, limit)]
    asked = HELLO.model_copy(update={"temperature": 0.5})
    async with chatting(refused[0], RestAnswer(WHOLE), refused[1]) as (chat, rest):
        await chat.complete(asked)
        assert (await refusal(chat.complete(asked))).kind is Kind.REFUSED
    assert ["temperature" in heard.json for heard in rest.heard] == [True, False, False]
