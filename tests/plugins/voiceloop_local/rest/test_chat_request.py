"""Chat completion requests, read."""

import base64

import pytest

from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec
from voiceloop_local.rest.chat_request import ask_of, wants_usage
from voiceloop_local.rest.inner import Picture, Recorded, Turn
from voiceloop_local.rest.problems import ApiProblem

HI = {"role": "user", "content": "Hi"}
LAMP = {"type": "function", "function": {"name": "lamp", "description": "Light", "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "lamp", "arguments": '{"on":true}'}}


def read(*messages, **fields):
    return ask_of({"model": "any/model:1", "messages": list(messages) or [HI]} | fields)


def test_a_conversation_with_a_tool_is_read():
    ask = read(
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Light, please"},
        {"role": "assistant", "content": "One moment.", "tool_calls": [CALL, CALL | {"id": "c2"}]},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "off"}]},
        {"role": "tool", "tool_call_id": "c1", "content": "on"},
        {"role": "developer", "content": [{"type": "text", "text": "In English."}]},
        tools=[LAMP],
    )
    assert (ask.model, ask.instructions) == ("any/model:1", "Be brief.\nIn English.")
    assert ask.entries == [
        Turn("msg_1", ("Light, please",)),
        AssistantTurn("msg_2", "One moment.", None),
        ToolCall("c1", "lamp", '{"on":true}'),
        ToolCall("c2", "lamp", '{"on":true}'),
        ToolOutput("c2", "off"),
        ToolOutput("c1", "on"),
    ]
    assert ask.tools == [ToolSpec("lamp", "Light", {"type": "object"})]


def test_parts_are_text_pictures_and_recordings():
    audio = {"data": base64.b64encode(b"RIFF").decode(), "format": "wav"}
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        {"type": "input_audio", "input_audio": audio},
    ]
    [turn] = read({"role": "user", "content": parts}).entries
    assert turn.parts == ["What is this?", Picture(), Recorded(b"RIFF", "messages[0].content[2].input_audio.data")]


def test_raw_audio_gets_the_header_it_lacks():
    audio = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "pcm16"}}
    [turn] = read({"role": "user", "content": [audio]}).entries
    assert turn.parts[0].data.startswith(b"RIFF")


def test_bounds_are_read():
    ask = read(stream=True, max_tokens=5, max_completion_tokens=7, stop="END", parallel_tool_calls=False, n=1)
    assert (ask.streamed, ask.most_tokens, ask.stops, ask.most_calls) == (True, 7, ("END",), 1)
    ask = read(max_tokens=5, stop=["a", "b"], stream=None, stream_options=None)
    assert (ask.streamed, ask.most_tokens, ask.stops, ask.most_calls) == (False, 5, ("a", "b"), None)


def test_usage_in_streams_is_wanted_only_when_asked_for():
    assert wants_usage({"stream_options": {"include_usage": True}})
    assert not wants_usage({"stream_options": {}})
    assert not wants_usage({})


def test_a_choice_narrows_the_tools():
    clock = {"type": "function", "function": {"name": "clock"}}
    chosen = {"type": "function", "function": {"name": "clock"}}
    assert [tool.name for tool in read(tools=[LAMP, clock], tool_choice=chosen).tools] == ["clock"]
    assert read(tools=[LAMP], tool_choice="none").tools == ()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "model"),
        ({"model": " "}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": "Hi"}, "messages"),
        ({"model": "m", "messages": [{"content": "Hi"}]}, "messages[0].role"),
        ({"model": "m", "messages": [HI, {"role": "wizard", "content": "Hi"}]}, "messages[1].role"),
        ({"model": "m", "messages": [{"role": "user"}]}, "messages[0].content"),
        ({"model": "m", "messages": [{"role": "assistant"}]}, "messages[0].content"),
        ({"model": "m", "messages": ["Hi"]}, "messages[0]"),
        ({"model": "m", "messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"model": "m", "messages": [{"role": "tool", "content": "x", "tool_call_id": "c"}]}, "messages"),
    ],
)
def test_what_is_missing_is_named(body, param):
    with pytest.raises(ApiProblem) as problem:
        ask_of(body)
    assert (problem.value.status, problem.value.param) == (400, param)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"n": "1"}, "n"),
        ({"stream": "yes"}, "stream"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop": [1]}, "stop[0]"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tools": [{"type": "custom"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
    ],
)
def test_what_cannot_be_done_is_refused(fields, param):
    with pytest.raises(ApiProblem) as problem:
        read(**fields)
    assert (problem.value.status, problem.value.param) == (400, param)


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "file", "file": {}}, "type"),
        ({"type": "text"}, "text"),
        ({"type": "image_url"}, "image_url"),
        ({"type": "input_audio", "input_audio": {"data": "?", "format": "wav"}}, "input_audio.data"),
    ],
)
def test_a_part_that_cannot_be_read_is_named(part, param):
    with pytest.raises(ApiProblem) as problem:
        read({"role": "user", "content": [part]})
    assert problem.value.param == f"messages[0].content[0].{param}"
