"""The chat brain against a real little HTTP server."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from voiceloop.errors import SettingsError
from voiceloop.languages.shelf import english
from voiceloop.vocabulary import AssistantTurn, Summary, ToolCall, ToolOutput, ToolSpec, UserTurn
from voiceloop_local.models.chat import ChatBrain, messages
from voiceloop_local.seams import Call, Say

HI = (UserTurn("t", "hi"),)
TOOL = ToolSpec("get_time", "Tell the time.", {"type": "object", "properties": {}})


@asynccontextmanager
async def chat_server(body, status="200 OK"):
    """Answers `/v1/models` with one model and everything else with `body`; yields its URL and what it was asked."""
    asked = []

    async def serve(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lengths = [line.split(":")[1] for line in head.split("\r\n") if line.lower().startswith("content-length:")]
        sent = await reader.readexactly(int(lengths[0])) if lengths else b""
        asked.append((head, json.loads(sent) if sent else None))
        listing = head.startswith("GET /v1/models")
        answer = b'{"data": [{"id": "tiny"}]}' if listing else body
        line = b"200 OK" if listing else status.encode()
        writer.write(b"HTTP/1.1 " + line + b"\r\nConnection: close\r\n\r\n" + answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def stream(*deltas):
    lines = ["data: " + json.dumps({"choices": [{"delta": delta}]}) for delta in deltas]
    return "\n\n".join([*lines, "data: [DONE]", ""]).encode()


async def think(brain, items=HI, tools=(), say=None):
    try:
        return [thought async for thought in brain.think("Be brief.", items, tools, say)]
    finally:
        await brain.aclose()
        await brain.aclose()


@pytest.mark.real
async def test_sentences_and_calls_come_as_streamed():
    call = {"index": 0, "id": "a", "function": {"name": "get_time", "arguments": "{}"}}
    body = stream({"content": "One mo"}, {"content": "ment. Let me "}, {"content": "look."}, {"tool_calls": [call]})
    async with chat_server(body) as (url, asked):
        thoughts = await think(ChatBrain(url + "/v1/chat/completions"), tools=[TOOL])
    assert thoughts == [Say("One moment."), Say("Let me look."), Call("get_time", "{}")]
    sent = asked[1][1]
    assert sent["model"] == "tiny"
    assert sent["stream"] is True
    assert sent["tools"][0]["function"]["name"] == "get_time"
    assert sent["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]


@pytest.mark.real
async def test_a_key_and_a_model_are_sent_and_no_model_is_asked_for():
    async with chat_server(stream({"content": "Hi."})) as (url, asked):
        assert await think(ChatBrain(url, "mine", "secret")) == [Say("Hi.")]
    assert len(asked) == 1
    assert "authorization: Bearer secret" in asked[0][0].replace("Authorization", "authorization")
    assert "tools" not in asked[0][1]


@pytest.mark.real
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no such model", "404 Not Found"),
        (b'data: {"error": {"message": "out of memory"}}\n\n', "200 OK"),
        (b"data: {\n\n", "200 OK"),
        (b'data: {"choices": [7]}\n\n', "200 OK"),
    ],
)
async def test_whatever_goes_wrong_there_is_an_apology_and_a_log_line(body, status, caplog):
    async with chat_server(body, status) as (url, _):
        assert await think(ChatBrain(url, "mine")) == [Say(english().said.no_answer)]
    assert "chat server" in caplog.text


@pytest.mark.real
async def test_nobody_at_the_url_is_an_apology(unused_tcp_port):
    assert await think(ChatBrain(f"http://127.0.0.1:{unused_tcp_port}")) == [Say(english().said.no_answer)]


async def test_a_given_text_asks_nobody():
    assert await think(ChatBrain("http://127.0.0.1:9"), say="Hello.") == [Say("Hello.")]


@pytest.mark.parametrize("url", ["ftp://x", "localhost:11434", ""])
def test_what_is_no_url_is_refused(url):
    with pytest.raises(SettingsError, match="no chat URL"):
        ChatBrain(url)


def test_a_key_is_not_sent_in_the_clear():
    with pytest.raises(SettingsError, match="use https"):
        ChatBrain("http://example.com", key="secret")
    ChatBrain("https://example.com", key="secret")
    ChatBrain("http://localhost:1", key="secret")


def test_calls_are_joined_and_outputs_follow_them_at_once():
    items = [
        UserTurn("t", "time and weather"),
        ToolCall("a", "time", "{}"),
        ToolCall("b", "weather", "{}"),
        ToolCall("lost", "x", "{}"),
        UserTurn("u", "hurry"),
        ToolOutput("a", "noon"),
        AssistantTurn("r", "", None),
        ToolOutput("b", "sun"),
        ToolCall("lost too", "x", "{}"),
        AssistantTurn("s", "Noon and sun.", None),
    ]
    told = messages("", items)
    assert [message["role"] for message in told] == ["user", "assistant", "tool", "tool", "user", "assistant"]
    assert [call["id"] for call in told[1]["tool_calls"]] == ["a", "b"]
    assert told[2] == {"role": "tool", "tool_call_id": "a", "content": "noon"}


@pytest.mark.parametrize(("instructions", "before"), [("Be brief.", "Be brief.\n\n"), ("", "")])
def test_a_summary_joins_the_instructions(instructions, before):
    summary = Summary("Ada ordered bread.")
    told = messages(instructions, [summary, *HI])
    assert told == [{"role": "system", "content": before + summary.told}, {"role": "user", "content": "hi"}]
