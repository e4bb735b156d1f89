from __future__ import annotations

import asyncio
import contextlib
import json
import logging

import openai
import pytest

from dgrid.asker import BUSY, GONE, KEY, client, refusal
from voiceloop.dgrid.chat import Chat
from voiceloop.dgrid.chat_answer import CallGrew, Completion, Ended, Said, Stop
from voiceloop.dgrid.chat_request import AssistantMessage, ChatRequest, OneTool
from voiceloop.dgrid.dialects import dialect
from voiceloop.dgrid.dialects.openai import STREAMED
from voiceloop.dgrid.failures import Kind
from voiceloop.testing.rest import RestAnswer, ScriptedRest
from voiceloop.vocabulary import ToolCall, ToolSpec

pytestmark = pytest.mark.real

HELLO = ChatRequest(model="openai/gpt-4o", messages=[{"role": "user", "content": "Hello from DGrid."}])
WHOLE = {
    "id": "c1",
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 9},
}
TOLD = RestAnswer(WHOLE, headers={"x-request-id": "req_1"})


def event(raw):
    return raw if isinstance(raw, bytes) else f"data: {json.dumps(raw)}\n\n".encode()


def chunk(finish_reason=None, **delta):
    return {"id": "c1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


H, II, STOP = chunk(content="H"), chunk(content="i"), chunk("stop")
USAGE = {"choices": [], "usage": WHOLE["usage"]}
DONE = b"data: [DONE]\n\n"


def stream(*raws, **more):
    return RestAnswer([event(raw) for raw in raws], **more)


@contextlib.asynccontextmanager
async def chatting(*answers):
    async with ScriptedRest({"POST /v1/chat/completions": answers}) as rest, client(rest) as asker:
        yield Chat(asker, dialect("openai")), rest


async def told(chat, request=HELLO):
    async with chat.stream(request) as deltas:
        return [delta async for delta in deltas]


def ends(deltas):
    assert isinstance(deltas[-1], Ended)
    assert not any(isinstance(delta, Ended) for delta in deltas[:-1])
    return deltas[-1].completion


# Whole answers


async def test_the_quickstart_of_dgrid():
    async with chatting(TOLD) as (chat, rest):
        answer = await chat.complete(HELLO)
    (heard,) = rest.heard
    assert (heard.method, heard.path) == ("POST", "/v1/chat/completions")
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert heard.headers["content-type"] == "application/json"
    assert heard.body == b'{"model":"openai/gpt-4o","messages":[{"role":"user","content":"Hello from DGrid."}]}'
    assert (answer.text, answer.stop, answer.request_id) == ("Hi", Stop.END, "req_1")


async def test_a_server_that_streams_without_being_asked_is_understood():
    async with chatting(stream(H, II, STOP, USAGE, DONE), TOLD) as (chat, _):
        streamed, plain = await chat.complete(HELLO), await chat.complete(HELLO)
    assert streamed == plain.model_copy(update={"request_id": ""})


@pytest.mark.parametrize("odd", [b"", b"<html>hello</html>", b"[]", b"{}", b"data: x\n\n", b"\xff"])
async def test_what_is_no_answer_is_broken(odd):
    async with chatting(RestAnswer(odd), RestAnswer([odd])) as (chat, _):
        assert (await refusal(chat.complete(HELLO))).kind is Kind.BROKEN
        assert (await refusal(told(chat))).kind is Kind.BROKEN


async def test_a_whole_answer_that_is_too_long_for_one_is_broken(monkeypatch):
    monkeypatch.setattr("voiceloop.dgrid.sse.LONGEST", 20)
    async with chatting(TOLD) as (chat, _):
        assert "longer than 20 bytes" in (await refusal(chat.complete(HELLO))).message


async def test_a_question_is_asked_again_when_the_connection_breaks_before_the_answer():
    async with chatting(GONE, BUSY, TOLD) as (chat, rest):
        assert (await chat.complete(HELLO)).text == "Hi"
    assert len(rest.heard) == 3


async def test_the_stock_client_of_openai_sends_the_same():
    lamp = ToolSpec("lamp", "Switch it.", {"type": "object", "properties": {}})
    function = {"name": "lamp", "description": "Switch it.", "parameters": lamp.parameters}
    call = {"id": "call_1", "type": "function", "function": {"name": "lamp", "arguments": "{}"}}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Light!"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "done"},
    ]
    options = {"temperature": 0.5, "max_completion_tokens": 9, "stop": ["x"], "seed": 7, "parallel_tool_calls": False}
    ours = ChatRequest(
        model="m",
        messages=[*messages[:2], AssistantMessage(tool_calls=[ToolCall("call_1", "lamp", "{}")]), messages[3]],
        tools=[lamp],
        tool_choice=OneTool(name="lamp"),
        **options,
    )
    async with (
        chatting(TOLD, TOLD) as (chat, rest),
        openai.AsyncOpenAI(base_url=f"{rest.base_url}/v1", api_key=KEY) as stock,
    ):
        await chat.complete(ours)
        await stock.chat.completions.create(
            model="m",
            messages=messages,
            tools=[{"type": "function", "function": function}],
            tool_choice={"type": "function", "function": {"name": "lamp"}},
            **options,
        )
    mine, theirs = rest.heard
    assert mine.json == theirs.json
    assert (mine.method, mine.path) == (theirs.method, theirs.path)
    assert mine.headers["authorization"] == theirs.headers["authorization"]


# Streams


async def test_a_stream_is_asked_for_with_its_figures_and_gives_its_news():
    async with chatting(stream(H, II, STOP, USAGE, DONE)) as (chat, rest):
        deltas = await told(chat)
    assert rest.heard[0].json == HELLO.to_json() | {"stream": True, "stream_options": {"include_usage": True}}
    assert deltas[:-1] == [Said("H"), Said("i")]
    completion = ends(deltas)
    assert isinstance(completion, Completion)
    assert (completion.text, completion.stop, completion.usage.output_tokens) == ("Hi", Stop.END, 9)


async def test_words_come_while_the_rest_is_still_being_written():
    async with chatting(stream(H, ends="never")) as (chat, rest), chat.stream(HELLO) as deltas:
        assert await anext(deltas) == Said("H")
        assert not rest.heard[0].gone.is_set()
    await rest.heard[0].gone.wait()


async def test_tools_are_called_in_pieces():
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "lamp", "arguments": ""}}
    more = {"index": 0, "function": {"arguments": '{"on":true}'}}
    async with chatting(stream(chunk(tool_calls=[first]), chunk(tool_calls=[more]), chunk("tool_calls"), DONE)) as (
        chat,
        _,
    ):
        deltas = await told(chat)
    assert deltas[:-1] == [CallGrew(0, "call_1", "lamp", ""), CallGrew(0, "call_1", "lamp", '{"on":true}')]
    assert ends(deltas).tool_calls == (ToolCall("call_1", "lamp", '{"on":true}'),)
    assert ends(deltas).stop is Stop.TOOLS


async def test_one_whole_object_in_place_of_a_stream_is_understood():
    async with chatting(TOLD) as (chat, _):
        deltas = await told(chat)
    assert deltas[:-1] == [Said("Hi")]
    assert ends(deltas).usage.input_tokens == 7


@pytest.mark.parametrize("ending", ["well", "cut"])
async def test_an_answer_that_breaks_off_is_truncated_and_keeps_what_was_said(ending):
    async with chatting(stream(H, b'data: {"choices": [{"delta', ends=ending)) as (chat, _):
        deltas = await told(chat)
    assert deltas[:-1] == [Said("H")]
    assert ends(deltas).stop is Stop.TRUNCATED


async def test_a_stream_that_breaks_before_its_first_word_is_a_failure():
    async with chatting(RestAnswer([b": PING\n\n"], ends="cut")) as (chat, _):
        assert (await refusal(told(chat))).kind is Kind.DROPPED


@pytest.mark.parametrize("last", [[DONE], [USAGE], [USAGE, DONE], []])
async def test_a_server_that_never_hangs_up_is_left_when_all_is_said(monkeypatch, last):
    monkeypatch.setattr("voiceloop.dgrid.frames.FIGURES_WITHIN_S", 0.05)
    monkeypatch.setattr("voiceloop.dgrid.client.END_WITHIN_S", 0.05)
    async with chatting(stream(H, STOP, *last, ends="never")) as (chat, rest):
        assert ends(await told(chat)).stop is Stop.END
        await rest.heard[0].gone.wait()


async def test_a_broken_end_after_all_was_said_is_nobodys_trouble():
    async with chatting(stream(H, STOP, ends="cut")) as (chat, _):
        assert ends(await told(chat)).stop is Stop.END


async def test_a_stream_that_was_read_to_its_end_leaves_a_warm_connection():
    answers = [stream(H, STOP, USAGE, DONE), stream(H, STOP, DONE), stream(H, STOP), TOLD, TOLD]
    async with chatting(*answers) as (chat, rest):
        for _ in range(4):
            await told(chat)
        await chat.complete(HELLO)
    assert [heard.connection for heard in rest.heard] == [1] * 5


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ({"error": {"message": f"down {KEY}", "type": "server_error"}}, Kind.SERVER_FAULT),
        ({"error": {"message": "slow down", "type": "rate_limit_error"}}, Kind.RATE_LIMITED),
        (b"event: error\ndata: out of memory\n\n", Kind.SERVER_FAULT),
    ],
)
async def test_an_error_in_the_middle_is_raised_after_what_was_said(raw, kind):
    said = []
    async with chatting(stream(H, raw, II)) as (chat, _), chat.stream(HELLO) as deltas:

        async def listen():
            async for delta in deltas:
                said.append(delta)  # noqa: PERF401 - what came before the error counts

        assert (await refusal(listen())).kind is kind
    assert said == [Said("H")]


async def test_an_error_with_a_successs_status_is_raised_whole_or_streamed():
    failed = RestAnswer({"error": {"message": "no", "code": 401}})
    async with chatting(failed, failed) as (chat, _):
        assert (await refusal(chat.complete(HELLO))).kind is Kind.BAD_KEY
        assert (await refusal(told(chat))).kind is Kind.BAD_KEY


async def test_cancelling_a_stream_hangs_up():
    async with chatting(stream(H, ends="never")) as (chat, rest):
        task = asyncio.get_running_loop().create_task(told(chat))
        heard = await rest.hears()
        task.cancel()
        await asyncio.wait([task])
        await heard.gone.wait()


# Parameters that a model refuses


def refused(name, instead="", status=400):
    words = f"Unsupported parameter: '{name}' is not supported with this model.{instead}"
    return RestAnswer({"error": {"message": words, "code": "unsupported_parameter", "param": name}}, status)


async def test_what_a_model_refuses_is_left_out_once_and_from_then_on(caplog):
    asked = HELLO.model_copy(update={"temperature": 0.5, "seed": 7})
    other = asked.model_copy(update={"model": "other"})
    async with chatting(refused("temperature"), TOLD, TOLD, stream(H, DONE), TOLD) as (chat, rest):
        with caplog.at_level(logging.WARNING):
            await chat.complete(asked)
        assert "openai/gpt-4o takes no temperature" in caplog.text
        await chat.complete(asked)
        await told(chat, asked)
        await chat.complete(other)
    assert ["temperature" in heard.json for heard in rest.heard] == [True, False, False, False, True]
    assert all(heard.json["seed"] == 7 for heard in rest.heard)


async def test_one_after_the_other_may_be_refused_and_a_limit_finds_its_other_name():
    asked = HELLO.model_copy(update={"temperature": 0.5, "max_tokens": 5})
    use = " Use 'max_completion_tokens' instead."
    async with chatting(refused("max_tokens", use), refused("temperature"), stream(H, DONE)) as (chat, rest):
        assert ends(await told(chat, asked)).text == "H"
    assert rest.heard[2].json == HELLO.to_json() | STREAMED | {"max_completion_tokens": 5}


async def test_figures_that_a_server_does_not_know_of_are_not_asked_for_again():
    async with chatting(refused("stream_options", status=422), stream(H, DONE)) as (chat, rest):
        assert ends(await told(chat)).text == "H"
    assert rest.heard[1].json == HELLO.to_json() | {"stream": True}


async def test_another_refusal_is_told():
    asked = HELLO.model_copy(update={"temperature": 0.5})
    async with chatting(refused("stop"), TOLD) as (chat, rest):
        assert (await refusal(chat.complete(asked))).param == "stop"
    assert len(rest.heard) == 1
