from __future__ import annotations

import pytest
from pydantic import ValidationError

from voiceloop.dgrid.chat_request import (
    AssistantMessage,
    AudioPart,
    ChatRequest,
    ImagePart,
    OneTool,
    SystemMessage,
    TextPart,
    ToolMessage,
    UserMessage,
)
from voiceloop.vocabulary import ToolCall, ToolSpec

HELLO = {"role": "user", "content": "Hello from DGrid."}
LAMP = ToolSpec("lamp", "Switch it.", {"type": "object", "properties": {"on": {"type": "boolean"}}})


def request(**more):
    return ChatRequest(**{"model": "openai/gpt-4o", "messages": [HELLO], **more})


def test_what_is_not_set_is_not_sent():
    assert request().to_json() == {"model": "openai/gpt-4o", "messages": [HELLO]}


DOCUMENTED = {
    "temperature": 0.2,
    "top_p": 0.9,
    "max_tokens": 5,
    "max_completion_tokens": 6,
    "presence_penalty": -1,
    "frequency_penalty": 1,
    "logit_bias": {"50256": -100},
    "stop": ["\n", "END"],
    "tool_choice": "required",
    "response_format": {"type": "json_object"},
    "seed": 7,
    "user": "u1",
    "contents": [{"parts": [{"text": "blue"}]}],
}
UPSTREAM = {"parallel_tool_calls": False, "reasoning_effort": "low"}


@pytest.mark.parametrize(("name", "value"), [*DOCUMENTED.items(), *UPSTREAM.items()])
def test_each_field_is_sent_as_it_is_documented(name, value):
    assert request(**{name: value}).to_json()[name] == value


def test_tools_and_the_one_to_call():
    function = {"name": "lamp", "description": "Switch it.", "parameters": dict(LAMP.parameters)}
    written = request(tools=[LAMP], tool_choice=OneTool(name="lamp")).to_json()
    assert written["tools"] == [{"type": "function", "function": function}]
    assert written["tool_choice"] == {"type": "function", "function": {"name": "lamp"}}


def test_a_conversation_with_a_tool():
    call = ToolCall("call_1", "lamp", '{"on":true}')
    told = [
        SystemMessage(content="Be brief."),
        UserMessage(content="Light!"),
        AssistantMessage(tool_calls=[call]),
        ToolMessage(tool_call_id="call_1", content="done"),
        AssistantMessage(content="It is on."),
    ]
    asked = {"id": "call_1", "type": "function", "function": {"name": "lamp", "arguments": '{"on":true}'}}
    assert request(messages=told).to_json()["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Light!"},
        {"role": "assistant", "content": None, "tool_calls": [asked]},
        {"role": "tool", "tool_call_id": "call_1", "content": "done"},
        {"role": "assistant", "content": "It is on."},
    ]


def test_pictures_and_recordings():
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
    ]
    made = request(messages=[{"role": "user", "content": parts}])
    assert [type(part) for part in made.messages[0].content] == [TextPart, ImagePart, ImagePart, AudioPart]
    assert made.to_json()["messages"] == [{"role": "user", "content": parts}]


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": ""},
        {"messages": []},
        {"messages": [{"role": "robot", "content": "hi"}]},
        {"messages": [{"role": "user", "content": [{"type": "video"}]}]},
        {"temperature": 3},
        {"max_tokens": 0},
        {"temprature": 1},
        {"tool_choice": "lamp"},
        {"stream": True},
    ],
)
def test_what_no_server_would_take_is_not_even_made(wrong):
    with pytest.raises(ValidationError):
        request(**wrong)
