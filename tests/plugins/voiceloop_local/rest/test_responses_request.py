"""Requests of the responses dialect, read."""

import pytest

from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec
from voiceloop_local.rest.inner import Picture, Recorded, Turn
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.responses_request import ask_of, echo_of

LAMP = {"type": "function", "name": "lamp", "description": "Light", "parameters": {"type": "object"}, "strict": True}


def read(given="Hi", **fields):
    return ask_of({"model": "any/model:1", "input": given} | fields)


def test_a_string_is_a_turn():
    ask = read(instructions="Be brief.", max_output_tokens=9, stream=True, parallel_tool_calls=False)
    assert (ask.model, ask.instructions, ask.entries) == ("any/model:1", "Be brief.", [Turn("item_0", ("Hi",))])
    assert (ask.streamed, ask.most_tokens, ask.most_calls) == (True, 9, 1)


def test_a_conversation_with_tools_is_read():
    ask = read(
        [
            {"role": "developer", "content": "Be brief."},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Light"}]},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Well."}]},
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
            {"type": "function_call", "call_id": "c1", "name": "lamp", "arguments": "{}"},
            {"type": "function_call", "call_id": "c2", "name": "lamp", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "on"},
            {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "off"}]},
        ],
        tools=[LAMP],
        instructions="In English.",
    )
    assert ask.instructions == "In English.\nBe brief."
    assert ask.entries == [
        Turn("item_1", ["Light"]),
        AssistantTurn("item_3", "Well.", None),
        AssistantTurn("item_4", "No.", None),
        ToolCall("c1", "lamp", "{}"),
        ToolCall("c2", "lamp", "{}"),
        ToolOutput("c1", "on"),
        ToolOutput("c2", "off"),
    ]
    assert ask.tools == [ToolSpec("lamp", "Light", {"type": "object"})]


def test_parts_are_text_pictures_and_recordings():
    parts = [
        {"type": "input_image", "image_url": "https://x/y.png"},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    ]
    [turn] = read([{"role": "user", "content": parts}]).entries
    assert turn.parts == [Picture(), Recorded(b"RIFF", "input[0].content[1].input_audio.data")]


def test_a_choice_narrows_the_tools():
    clock = LAMP | {"name": "clock"}
    chosen = read(tools=[LAMP, clock], tool_choice={"type": "function", "name": "clock"})
    assert [tool.name for tool in chosen.tools] == ["clock"]


def test_a_response_repeats_what_was_asked():
    echo = echo_of({"instructions": "Be brief.", "tools": [LAMP], "top_p": None})
    assert (echo["instructions"], echo["tools"], echo["top_p"]) == ("Be brief.", [LAMP], 1.0)
    assert echo["tool_choice"] == "auto"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"input": None}, "input"),
        ({"input": [{"type": "message", "role": "user"}]}, "input[0].content"),
        ({"input": [{"content": "Hi"}]}, "input[0].type"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input[0].content[0].type"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}, "input"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"background": True}, "background"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tool_choice": {"type": "function", "name": "x"}}, "tool_choice"),
    ],
)
def test_what_is_missing_or_cannot_be_done_is_named(fields, param):
    with pytest.raises(ApiProblem) as problem:
        read(**({"given": fields.pop("input")} if "input" in fields else {}), **fields)
    assert (problem.value.status, problem.value.param) == (400, param)
