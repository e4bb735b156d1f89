from __future__ import annotations

import contextlib
import json

import pytest
from google.genai import types

from dgrid.asker import KEY, client, refusal
from voiceloop.dgrid.chat import Chat
from voiceloop.dgrid.chat_answer import Ended, Said, Stop
from voiceloop.dgrid.chat_request import AssistantMessage, ChatRequest, OneTool, ToolMessage
from voiceloop.dgrid.dialects import dialect
from voiceloop.dgrid.dialects.gemini import Gemini
from voiceloop.dgrid.failures import Kind
from voiceloop.testing.rest import RestAnswer, ScriptedRest
from voiceloop.vocabulary import ToolCall, ToolSpec

pytestmark = pytest.mark.real

HELLO = ChatRequest(model="google/gemini-1.5-pro", messages=[{"role": "user", "content": "Hello"}])
WHERE = "POST /v1/models/google/gemini-1.5-pro:"
LAMP = ToolSpec("lamp", "Switch it.", {"type": "object", "properties": {"on": {"type": "boolean"}}})
USAGE = {"promptTokenCount": 5, "candidatesTokenCount": 4, "totalTokenCount": 9}


def piece(*parts, reason=None, **more):
    candidate = {"content": {"role": "model", "parts": list(parts)}, "safetyRatings": []}
    return {"candidates": [candidate | ({"finishReason": reason} if reason else {})], **more}


WHOLE = piece({"text": "Hi"}, reason="STOP", usageMetadata=USAGE)
CALLS = piece({"functionCall": {"name": "lamp", "args": {}}, "thoughtSignature": "Eq=="}, reason="STOP")


def event(raw):
    return f"data: {json.dumps(raw)}\r\n\r\n".encode()


BEGIN, END = event(piece({"text": "H"})), event(piece({"text": "i"}, reason="STOP", usageMetadata=USAGE))


@contextlib.asynccontextmanager
async def chatting(*answers, streamed=()):
    script = {f"{WHERE}generateContent": answers, f"{WHERE}streamGenerateContent?alt=sse": streamed}
    async with ScriptedRest(script) as rest, client(rest) as asker:
        yield Chat(asker, dialect("gemini")), rest


async def told(chat, request=HELLO):
    async with chat.stream(request) as deltas:
        return [delta async for delta in deltas]


def asking(*more, **changes):
    return HELLO.model_copy(update={"messages": (*HELLO.messages, *more), **changes})


async def test_the_page_of_dgrid():
    async with chatting(RestAnswer(WHOLE)) as (chat, rest):
        answer = await chat.complete(HELLO)
    (heard,) = rest.heard
    assert f"{heard.method} {heard.path}" == f"{WHERE}generateContent"
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert heard.headers["content-type"] == "application/json"
    assert heard.body == b'{"contents":[{"role":"user","parts":[{"text":"Hello"}]}]}'
    assert (answer.text, answer.stop, answer.usage.input_tokens) == ("Hi", Stop.END, 5)


async def test_the_stock_client_of_google_sends_the_same_and_reads_the_same(of_google):
    asked = ChatRequest(
        model="gemini-x",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Light!"},
            AssistantMessage(tool_calls=[ToolCall("c1", "lamp", '{"on":true}')]),
            ToolMessage(tool_call_id="c1", content="on"),
        ],
        tools=[LAMP],
        tool_choice=OneTool(name="lamp"),
        max_tokens=9,
        stop=["x"],
        seed=1,
    )
    config = types.GenerateContentConfig(
        system_instruction=types.Content(parts=[types.Part(text="Be brief.")]),
        tools=[types.Tool(function_declarations=[types.FunctionDeclaration(
            name="lamp", description="Switch it.",
            parameters=types.Schema(type="OBJECT", properties={"on": types.Schema(type="BOOLEAN")}),
        )])],
        tool_config=types.ToolConfig(
            function_calling_config=types.FunctionCallingConfig(mode="ANY", allowed_function_names=["lamp"])
        ),
        max_output_tokens=9,
        stop_sequences=["x"],
        seed=1,
    )  # fmt: skip
    contents = [
        types.Content(role="user", parts=[types.Part(text="Light!")]),
        types.Content(role="model", parts=[types.Part.from_function_call(name="lamp", args={"on": True})]),
        types.Content(role="user", parts=[types.Part.from_function_response(name="lamp", response={"result": "on"})]),
    ]
    script = {"POST /v1/models/gemini-x:generateContent": [RestAnswer(WHOLE)] * 2}
    async with ScriptedRest(script) as rest, client(rest) as asker:
        mine = await Chat(asker, Gemini()).complete(asked)
        options = types.HttpOptions(base_url=rest.base_url, api_version="v1")
        stock = of_google(api_key=KEY, vertexai=False, http_options=options)
        theirs = await stock.aio.models.generate_content(model="gemini-x", contents=contents, config=config)
        await stock.aio.aclose()
    ask, stock_ask = rest.heard
    written = json.dumps(stock_ask.json).replace('"OBJECT"', '"object"').replace('"BOOLEAN"', '"boolean"')
    assert ask.json == json.loads(written)
    assert mine.text == theirs.text


async def test_a_stream_is_asked_for_and_gives_its_news():
    async with chatting(streamed=[RestAnswer([BEGIN, END])]) as (chat, rest):
        *news, ended = await told(chat)
    assert rest.heard[0].json == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
    assert news == [Said("H"), Said("i")]
    assert (ended.completion.stop, ended.completion.usage.output_tokens) == (Stop.END, 4)


async def test_an_array_in_place_of_events_is_read_while_it_comes():
    pieces = [b"[" + BEGIN[6:].strip(), b"\n,\r\n" + END[6:].strip()]
    async with chatting(streamed=[RestAnswer(pieces, ends="never")]) as (chat, _), chat.stream(HELLO) as deltas:
        assert [await anext(deltas), await anext(deltas)] == [Said("H"), Said("i")]


async def test_a_server_that_hangs_on_after_the_end_is_left(monkeypatch):
    monkeypatch.setattr("voiceloop.dgrid.frames.FIGURES_WITHIN_S", 0.01)
    async with chatting(streamed=[RestAnswer([BEGIN, END], ends="never")]) as (chat, _):
        assert (await told(chat))[-1].completion.stop is Stop.END


async def test_a_stream_that_breaks_off_is_truncated():
    async with chatting(streamed=[RestAnswer([BEGIN]), RestAnswer([BEGIN, END[:30]], ends="cut")]) as (chat, _):
        answers = [(await told(chat))[-1].completion for _ in range(2)]
    assert [(answer.text, answer.stop) for answer in answers] == [("H", Stop.TRUNCATED)] * 2


async def test_one_whole_object_in_place_of_a_stream_is_understood_and_the_reverse():
    async with chatting(RestAnswer([BEGIN, END]), streamed=[RestAnswer(WHOLE)]) as (chat, _):
        said, ended = await told(chat)
        assert ended == Ended(await chat.complete(HELLO))
    assert said == Said("Hi")


ERROR = {"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}}
SHAPES = {"an object": (ERROR, 429), "an array": ([ERROR], 429), "under 200": (ERROR, 200), "and so": ([ERROR], 200)}


@pytest.mark.parametrize(("told_as", "status"), SHAPES.values(), ids=SHAPES)
async def test_errors_of_google(told_as, status):
    refused = [RestAnswer(json.dumps(told_as).encode(), status)] * 4
    async with chatting(*refused, streamed=refused) as (chat, _):
        assert (await refusal(chat.complete(HELLO))).kind is Kind.RATE_LIMITED
        assert (await refusal(told(chat))).kind is Kind.RATE_LIMITED


async def test_an_error_inside_a_stream_is_raised_after_what_was_said():
    array = b"[" + BEGIN[6:].strip() + b"," + json.dumps(ERROR).encode() + b"]"
    async with chatting(streamed=[RestAnswer([BEGIN, event(ERROR)]), RestAnswer([array])]) as (chat, _):
        for _ in range(2):
            async with chat.stream(HELLO) as deltas:
                assert await anext(deltas) == Said("H")
                assert (await refusal(anext(deltas))).kind is Kind.RATE_LIMITED


async def test_what_is_no_answer_is_broken():
    async with chatting(RestAnswer({"choices": []})) as (chat, _):
        assert (await refusal(chat.complete(HELLO))).kind is Kind.BROKEN


async def test_a_signature_goes_back_with_its_call():
    async with chatting(RestAnswer(WHOLE), streamed=[RestAnswer([event(CALLS)])]) as (chat, rest):
        (call,) = (await told(chat))[-1].completion.tool_calls
        more = (AssistantMessage(tool_calls=[call]), ToolMessage(tool_call_id=call.call_id, content="on"))
        await chat.complete(asking(*more))
    assert rest.heard[1].json["contents"][1:] == [
        {"role": "model", "parts": [{"functionCall": {"name": "lamp", "args": {}}, "thoughtSignature": "Eq=="}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "lamp", "response": {"result": "on"}}}]},
    ]


async def test_no_two_calls_of_a_conversation_have_one_id():
    before = AssistantMessage(tool_calls=[ToolCall("gemini_7", "lamp", "{}"), ToolCall("call_99", "lamp", "{}")])
    async with chatting(RestAnswer(CALLS), RestAnswer(CALLS), RestAnswer(CALLS)) as (chat, _):
        asked = [HELLO, asking(before), HELLO]
        ids = [(await chat.complete(each)).tool_calls[0].call_id for each in asked]
    assert ids == ["gemini_1", "gemini_8", "gemini_9"]
