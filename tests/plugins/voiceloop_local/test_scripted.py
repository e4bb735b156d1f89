from __future__ import annotations

import json

import pytest

from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec, UserTurn
from voiceloop_local.scripted import STORY, ScriptedBrain, arguments_for, tool_meant
from voiceloop_local.seams import Call, Say


def tool(name, description="", **properties):
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return ToolSpec(name, description, schema)


ORDER = tool("order_status", "Where an order is.", order_id={"type": "integer"})
CLOCK = tool("tell_time", "The current time of day.")


async def think(*items, tools=(), say=None):
    return [thought async for thought in ScriptedBrain().think("", items, tools, say)]


async def test_it_repeats_what_was_said():
    assert await think(UserTurn("t", "hello there.")) == [Say("You said: hello there.")]


async def test_it_answers_the_last_thing_said_even_after_a_reply():
    items = [UserTurn("1", "one"), AssistantTurn("2", "You said: one.", 900), UserTurn("3", "two")]
    assert await think(*items) == [Say("You said: two.")]


async def test_it_greets_when_nothing_was_said():
    assert await think() == [Say("Hello.")]


async def test_it_says_what_it_is_told_to():
    assert await think(UserTurn("t", "hi"), say="Good day") == [Say("Good day")]


async def test_it_tells_a_long_story():
    assert await think(UserTurn("t", "Tell me a STORY")) == [Say(STORY)]
    assert len(STORY.split()) >= 40
    assert STORY.count(". ") >= 3


async def test_a_story_is_told_although_tell_me_is_said_to_clocks_too():
    assert await think(UserTurn("t", "Tell me a story."), tools=[CLOCK, ORDER]) == [Say(STORY)]


async def test_a_tool_about_stories_tells_them_itself():
    [call] = await think(UserTurn("t", "Tell me a story."), tools=[tool("bedtime", "Reads a story aloud.")])
    assert call == Call("bedtime", "{}")


async def test_a_word_of_a_tool_calls_it_once():
    [call] = await think(UserTurn("t", "Where is order 17?"), tools=[CLOCK, ORDER])
    assert call == Call("order_status", '{"order_id": 17}')


async def test_a_result_is_reported_and_calls_nothing():
    items = [UserTurn("t", "order 17"), ToolCall("c", "order_status", "{}"), ToolOutput("c", "it left")]
    assert await think(*items, tools=[ORDER]) == [Say("The tool returned: it left.")]


async def test_a_result_that_is_a_sentence_gets_one_full_stop():
    items = [UserTurn("t", "order 17"), ToolCall("c", "order_status", "{}"), ToolOutput("c", "It left.")]
    assert await think(*items, tools=[ORDER]) == [Say("The tool returned: It left.")]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("what time is it", CLOCK),
        ("TELL me", CLOCK),
        ("my Orders", None),
        ("is it a day", None),
        ("status of the current order at this time", ORDER),
    ],
)
def test_the_tool_that_shares_most_words_is_meant(text, meant):
    assert tool_meant(text, [ORDER, CLOCK]) == meant


def test_without_tools_none_is_meant():
    assert tool_meant("order", []) is None


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, 21),
        ({"type": "number"}, 21.5),
        ({"type": "string"}, "set 21.5 for Red"),
        ({}, "set 21.5 for Red"),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": ["null", "integer"]}, 21),
        ({"type": ["null"]}, None),
        ({"type": "string", "enum": ["blue", "red"]}, "red"),
        ({"type": "string", "enum": ["blue", "green"]}, "blue"),
        ({"const": "fixed"}, "fixed"),
        ({"anyOf": [{"type": "null"}, {"type": "number"}]}, 21.5),
        ({"anyOf": [{"type": "null"}]}, "set 21.5 for Red"),
        ({"$ref": "#/$defs/Level"}, 21),
        ({"type": "array", "items": {"type": "integer"}}, [21]),
        ({"type": "object", "properties": {"n": {"type": "integer"}, "m": {}}, "required": ["n"]}, {"n": 21}),
        ({"type": "weird"}, "set 21.5 for Red"),
    ],
)
def test_arguments_follow_the_schema(schema, value):
    parameters = {"properties": {"a": schema}, "required": ["a"], "$defs": {"Level": {"type": "integer"}}}
    assert arguments_for(parameters, "set 21.5 for Red") == {"a": value}


def test_only_required_arguments_are_given_and_numbers_default_to_one():
    parameters = {"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a"]}
    assert arguments_for(parameters, "no digits") == {"a": 1}
    assert arguments_for({}, "x") == {}


def test_a_schema_that_refers_to_itself_ends():
    endless = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}, "required": ["next"]}
    lists = {"type": "array", "items": {"$ref": "#/$defs/List"}}
    loop = {"$ref": "#/$defs/Loop"}
    defs = {"Node": endless, "List": lists, "Loop": loop}
    parameters = {"properties": {"a": endless, "b": lists, "c": loop}, "required": ["a", "b", "c"], "$defs": defs}
    assert json.dumps(arguments_for(parameters, "x")).count("next") == 8
