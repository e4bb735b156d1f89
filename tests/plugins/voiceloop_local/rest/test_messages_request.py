"""Requests of Claude's dialect, read."""

import pytest

from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec
from voiceloop_local.rest.inner import Picture, Turn
from voiceloop_local.rest.messages_request import ask_of
from voiceloop_local.rest.problems import ApiProblem

HI = {"role": "user", "content": "Hi"}
LAMP = {"name": "lamp", "description": "Light", "input_schema": {"type": "object"}}


def read(*messages, **fields):
    return ask_of({"model": "any/model:1", "max_tokens": 100, "messages": list(messages) or [HI]} | fields)


def test_a_conversation_with_tools_is_read():
    uses = [{"type": "tool_use", "id": name, "name": "lamp", "input": {"on": True}} for name in ("c1", "c2")]
    results = [
        {"type": "tool_result", "tool_use_id": "c2", "content": [{"type": "text", "text": "off"}]},
        {"type": "tool_result", "tool_use_id": "c1", "content": "on"},
        {"type": "text", "text": "And now?"},
    ]
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "x"}
    ask = read(
        {"role": "user", "content": [{"type": "image", "source": {}}, {"type": "text", "text": "Light"}]},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "Well."}, *uses]},
        {"role": "user", "content": results},
        system=[{"type": "text", "text": "Be brief."}, {"type": "text", "text": "In English."}],
        tools=[LAMP],
    )
    assert (ask.model, ask.instructions, ask.most_tokens) == ("any/model:1", "Be brief. In English.", 100)
    assert ask.entries == [
        Turn("msg_0", [Picture(), "Light"]),
        AssistantTurn("msg_1", "Well.", None),
        ToolCall("c1", "lamp", '{"on": true}'),
        ToolCall("c2", "lamp", '{"on": true}'),
        ToolOutput("c2", "off"),
        ToolOutput("c1", "on"),
        Turn("msg_2", ["And now?"]),
    ]
    assert ask.tools == [ToolSpec("lamp", "Light", {"type": "object"})]


def test_results_alone_are_no_turn():
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "lamp", "input": {}}]}
    ask = read(HI, use, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c"}]})
    assert ask.entries[-1] == ToolOutput("c", "")


def test_bounds_are_read():
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    ask = read(stream=True, stop_sequences=["END"], tool_choice=choice, system="Be brief.")
    assert (ask.streamed, ask.stops, ask.most_calls, ask.instructions) == (True, ("END",), 1, "Be brief.")


@pytest.mark.parametrize(
    ("choice", "left"),
    [
        ({"type": "auto"}, ["lamp", "clock"]),
        ({"type": "any"}, ["lamp", "clock"]),
        ({"type": "none"}, []),
        ({"type": "tool", "name": "clock"}, ["clock"]),
    ],
)
def test_a_choice_narrows_the_tools(choice, left):
    assert [tool.name for tool in read(tools=[LAMP, LAMP | {"name": "clock"}], tool_choice=choice).tools] == left


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "document"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c"}]}]}, "messages"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"name": "lamp"}]}, "tools[0].input_schema"),
        ({"tool_choice": {"type": "tool", "name": "x"}}, "tool_choice"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"output_format": {"type": "json_schema"}}, "output_format"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config"),
    ],
)
def test_what_is_missing_or_cannot_be_done_is_named(fields, param):
    with pytest.raises(ApiProblem) as problem:
        read(**fields)
    assert (problem.value.status, problem.value.param) == (400, param)
