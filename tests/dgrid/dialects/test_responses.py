from __future__ import annotations

import contextlib
import json

import openai
import pytest

from dgrid.asker import KEY, client, refusal
from voiceloop.dgrid.chat import Chat
from voiceloop.dgrid.chat_answer import Ended, Said, Stop
from voiceloop.dgrid.chat_request import AssistantMessage, ChatRequest, OneTool, ToolMessage
from voiceloop.dgrid.dialects.responses import Responses
from voiceloop.dgrid.failures import Kind
from voiceloop.testing.rest import RestAnswer, ScriptedRest
from voiceloop.vocabulary import ToolSpec

pytestmark = pytest.mark.real

HELLO = ChatRequest(model="openai/gpt-4o", messages=[{"role": "user", "content": "Hello from DGrid."}])
LAMP = ToolSpec("lamp", "Switch it.", {"type": "object", "properties": {}})
SAYS = {
    "type": "message",
    "id": "msg_1",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
}
REASONED = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAA"}
CALLS = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "lamp", "arguments": "{}"}
WHOLE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "error": None,
    "model": "m",
    "output": [SAYS],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16},
}


def event(kind, **more):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()


BEGIN = event("response.created", response={**WHOLE, "status": "in_progress", "output": [], "usage": None})
TEXT = event("response.output_text.delta", output_index=0, content_index=0, item_id="msg_1", delta="Hi")
END = event("response.completed", response=WHOLE)


@contextlib.asynccontextmanager
async def chatting(*answers):
    async with ScriptedRest({"POST /v1/responses": answers}) as rest, client(rest) as asker:
        yield Chat(asker, Responses()), rest


async def told(chat, request=HELLO):
    async with chat.stream(request) as deltas:
        return [delta async for delta in deltas]


async def test_the_page_of_dgrid_and_nothing_is_stored():
    async with chatting(RestAnswer(WHOLE)) as (chat, rest):
        answer = await chat.complete(HELLO)
    (heard,) = rest.heard
    assert (heard.method, heard.path) == ("POST", "/v1/responses")
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert heard.headers["content-type"] == "application/json"
    assert heard.body == b'{"model":"openai/gpt-4o","input":"Hello from DGrid.","store":false}'
    assert (answer.text, answer.stop, answer.usage.input_tokens) == ("Hi", Stop.END, 7)


async def test_the_stock_client_of_openai_sends_the_same():
    options = {"temperature": 0.5, "parallel_tool_calls": False}
    async with (
        chatting(RestAnswer({**WHOLE, "output": [REASONED, CALLS]}), RestAnswer(WHOLE), RestAnswer(WHOLE)) as (
            chat,
            rest,
        ),
        openai.AsyncOpenAI(base_url=f"{rest.base_url}/v1", api_key=KEY) as stock,
    ):
        (call,) = (await chat.complete(HELLO)).tool_calls
        more = (AssistantMessage(tool_calls=[call]), ToolMessage(tool_call_id="call_1", content="on"))
        ours = ChatRequest(
            model="m",
            messages=(*HELLO.messages, *more),
            tools=[LAMP],
            tool_choice=OneTool(name="lamp"),
            max_tokens=9,
            **options,
        )
        mine = await chat.complete(ours)
        theirs = await stock.responses.create(
            model="m",
            input=[
                {"role": "user", "content": "Hello from DGrid."},
                REASONED,
                {"type": "function_call", "call_id": "call_1", "name": "lamp", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "call_1", "output": "on"},
            ],
            tools=[
                {
                    "type": "function",
                    "name": "lamp",
                    "description": "Switch it.",
                    "parameters": dict(LAMP.parameters),
                    "strict": False,
                }
            ],
            tool_choice={"type": "function", "name": "lamp"},
            max_output_tokens=9,
            store=False,
            **options,
        )
    _, ask, asked = rest.heard
    assert ask.json == asked.json
    assert (ask.method, ask.path) == (asked.method, asked.path)
    assert mine.text == theirs.output_text


async def test_a_stream_is_asked_for_and_gives_its_news():
    async with chatting(RestAnswer([BEGIN, TEXT, END])) as (chat, rest):
        said, ended = await told(chat)
    assert rest.heard[0].json["stream"] is True
    assert said == Said("Hi")
    assert (ended.completion.stop, ended.completion.usage.output_tokens) == (Stop.END, 9)


async def test_a_stream_without_its_end_is_truncated():
    async with chatting(RestAnswer([BEGIN, TEXT])) as (chat, _):
        assert (await told(chat))[-1].completion.stop is Stop.TRUNCATED


async def test_one_whole_object_in_place_of_a_stream_is_understood_and_the_reverse():
    async with chatting(RestAnswer(WHOLE), RestAnswer([BEGIN, TEXT, END])) as (chat, _):
        assert await told(chat) == [Said("Hi"), Ended(await chat.complete(HELLO))]


FAILED = {**WHOLE, "status": "failed", "error": {"code": "rate_limit_exceeded", "message": "slow down"}}


@pytest.mark.parametrize(
    "failing",
    [
        RestAnswer(FAILED),
        RestAnswer([BEGIN, event("response.failed", response=FAILED)]),
        RestAnswer([BEGIN, event("error", code="rate_limit_exceeded", message="slow down", param=None)]),
        RestAnswer([BEGIN, b'data: {"type": "error", "code": "rate_limit_exceeded", "message": "slow down"}\n\n']),
    ],
)
async def test_a_failure_with_a_successs_status_is_raised(failing):
    async with chatting(failing, failing) as (chat, _):
        assert (await refusal(told(chat))).kind is Kind.RATE_LIMITED
        assert (await refusal(chat.complete(HELLO))).kind is Kind.RATE_LIMITED


async def test_what_a_server_does_not_know_is_left_out_from_then_on():
    unknown = {"message": "Unknown parameter: 'store'.", "code": "unknown_parameter", "param": "store"}
    async with chatting(RestAnswer({"error": unknown}, 400), RestAnswer(WHOLE), RestAnswer(WHOLE)) as (chat, rest):
        await chat.complete(HELLO)
        await chat.complete(HELLO)
    assert ["store" in heard.json for heard in rest.heard] == [True, False, False]
