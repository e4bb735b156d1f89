from __future__ import annotations

import re

import msgspec
import pytest

from voiceloop.dgrid.chat_request import AssistantMessage, ChatRequest, OneTool, ToolMessage
from voiceloop.dgrid.dialects.base import Echoes
from voiceloop.dgrid.dialects.claude_writing import GO_ON, OPENING, given, plain_id, write
from voiceloop.errors import SettingsError
from voiceloop.vocabulary import ToolCall, ToolSpec

LAMP = ToolSpec("lamp", "Switch it.", {"type": "object", "properties": {"on": {"type": "boolean"}}})
ON, OFF = ToolCall("call_1", "lamp", '{"on":true}'), ToolCall("call_2", "lamp", '{"on":false}')
USED = {"type": "tool_use", "id": "call_1", "name": "lamp", "input": {"on": True}}
USED_TOO = {"type": "tool_use", "id": "call_2", "name": "lamp", "input": {"on": False}}


def body(*messages, thoughts=None, **more):
    return write(ChatRequest(model="claude", messages=messages, **more), thoughts or Echoes())


def turns(*messages, **more):
    return [(turn["role"], turn["content"]) for turn in body(*messages, **more)["messages"]]


def said(role, content):
    return {"role": role, "content": content}


HELLO = said("user", "Hello")


def asks(*calls, content=None):
    return AssistantMessage(content=content, tool_calls=calls)


def told(call_id, output):
    return ToolMessage(tool_call_id=call_id, content=output)


def result(call_id, **content):
    return {"type": "tool_result", "tool_use_id": call_id, **content}


# Fields


def test_the_page_of_dgrid_byte_for_byte():
    hello = ChatRequest(
        model="claude-3-5-sonnet-20241022", max_tokens=1024, messages=[{"role": "user", "content": "Hello, Claude"}]
    )
    assert msgspec.json.encode(write(hello, Echoes())) == (
        b'{"model":"claude-3-5-sonnet-20241022","max_tokens":1024,'
        b'"messages":[{"role":"user","content":"Hello, Claude"}]}'
    )


def test_all_that_can_be_said_byte_for_byte():
    made = body(
        said("system", "Be brief."),
        HELLO,
        tools=[LAMP],
        tool_choice="required",
        parallel_tool_calls=False,
        temperature=0.5,
        top_p=0.9,
        max_completion_tokens=7,
        stop="END",
        user="u1",
        reasoning_effort="low",
    )
    assert msgspec.json.encode(made) == (
        b'{"model":"claude","max_tokens":7,"system":"Be brief.","messages":[{"role":"user","content":"Hello"}],'
        b'"temperature":0.5,"top_p":0.9,"stop_sequences":["END"],"metadata":{"user_id":"u1"},'
        b'"output_config":{"effort":"low"},"tools":[{"name":"lamp","description":"Switch it.",'
        b'"input_schema":{"type":"object","properties":{"on":{"type":"boolean"}}}}],'
        b'"tool_choice":{"type":"any","disable_parallel_tool_use":true}}'
    )


def test_a_limit_is_always_set():
    assert body(HELLO)["max_tokens"] == 4096


@pytest.mark.parametrize(
    ("choice", "parallel", "written"),
    [
        (None, None, None),
        (None, True, None),
        ("auto", None, {"type": "auto"}),
        ("none", False, {"type": "none"}),
        ("required", True, {"type": "any"}),
        (OneTool(name="lamp"), None, {"type": "tool", "name": "lamp"}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
    ],
)
def test_which_tools_are_to_be_called(choice, parallel, written):
    made = body(HELLO, tools=[LAMP], tool_choice=choice, parallel_tool_calls=parallel)
    assert made.get("tool_choice") == written
    assert "tool_choice" not in body(HELLO, tool_choice=choice, parallel_tool_calls=parallel)


def test_what_claude_has_no_field_for_is_left_out_where_an_answer_can_do_without():
    soft = {"seed": 7, "presence_penalty": 1, "frequency_penalty": 1, "logit_bias": {"1": 1}}
    assert body(HELLO, **soft) == body(HELLO)


@pytest.mark.parametrize("hard", [{"response_format": {"type": "json_object"}}, {"contents": [{}]}])
def test_what_an_answer_cannot_do_without_is_an_error(hard):
    with pytest.raises(SettingsError, match=f"claude has no {next(iter(hard))}: leave it out"):
        body(HELLO, **hard)


# Turns


def test_system_messages_stand_apart():
    made = body(said("system", "Be brief."), HELLO, said("developer", "Rhyme."), said("system", " "))
    assert (made["system"], made["messages"]) == ("Be brief.\n\nRhyme.", [HELLO])


def test_turns_alternate():
    made = turns(HELLO, said("user", "There?"), asks(content="Yes."), asks(content="Well?"), said("user", "Bye"))
    assert made == [
        ("user", [{"type": "text", "text": "Hello"}, {"type": "text", "text": "There?"}]),
        ("assistant", [{"type": "text", "text": "Yes."}, {"type": "text", "text": "Well?"}]),
        ("user", "Bye"),
    ]


def test_the_user_begins_and_ends():
    assert turns(said("system", "Greet.")) == [("user", OPENING)]
    assert turns(asks(content="Hi.")) == [("user", OPENING), ("assistant", "Hi."), ("user", GO_ON)]


def test_blank_words_are_left_out_and_so_are_turns_of_nothing_else():
    blank = {"type": "text", "text": "\n"}
    made = turns(HELLO, asks(content=" "), said("user", ""), said("user", [blank]), asks(), said("user", "Bye"))
    assert made == [("user", [{"type": "text", "text": "Hello"}, {"type": "text", "text": "Bye"}])]


def test_calls_are_followed_by_their_results_before_anything_else():
    made = turns(HELLO, asks(ON, OFF, content="Sure."), said("user", "Hm?"), told("call_1", "on"), told("call_2", " "))
    assert made[1:] == [
        ("assistant", [{"type": "text", "text": "Sure."}, USED, USED_TOO]),
        ("user", [result("call_1", content="on"), result("call_2"), {"type": "text", "text": "Hm?"}]),
    ]


def test_thinking_goes_back_before_the_calls_it_led_to():
    thoughts, first, second = Echoes(), {"type": "thinking", "thinking": "a", "signature": "x"}, {"type": "thinking"}
    thoughts.keep("call_1", [first])
    thoughts.keep("call_2", [second])
    made = turns(HELLO, asks(ON, OFF, content="Sure."), told("call_1", "on"), thoughts=thoughts)
    assert made[1] == ("assistant", [first, {"type": "text", "text": "Sure."}, USED, second, USED_TOO])


@pytest.mark.parametrize("odd", ["functions.lamp:0", "", "ü", "a b"])
def test_ids_of_other_vendors_are_written_as_claude_takes_them(odd):
    used, answered = turns(HELLO, asks(ToolCall(odd, "lamp", "{}")), told(odd, "on"))[1:]
    assert re.fullmatch("[a-zA-Z0-9_-]+", used[1][0]["id"])
    assert answered[1][0]["tool_use_id"] == used[1][0]["id"]


def test_ids_stay_apart_and_claudes_own_stay_as_they_are():
    assert plain_id("toolu_01-A") == "toolu_01-A"
    assert len({plain_id(call_id) for call_id in ("a.b", "a:b", "a_b")}) == 3


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        ('{"on":true}', {"on": True}),
        ("", {}),
        ("[1]", {"invalid_arguments": "[1]"}),
        ('{"on":', {"invalid_arguments": '{"on":'}),
        ("[" * 100_000, {"invalid_arguments": "[" * 100_000}),
    ],
)
def test_arguments_are_an_object_whatever_the_model_wrote(arguments, written):
    assert given(arguments) == written


# Pictures and recordings


def image(url):
    return said("user", [{"type": "image_url", "image_url": {"url": url}}])


def test_pictures_are_shown_by_address_or_whole():
    asked = said("user", [{"type": "text", "text": "Which?"}])
    ((_, (*pictures, words)),) = turns(image("https://x/y.png"), image("data:image/png;base64,AA=="), asked)
    assert words == {"type": "text", "text": "Which?"}
    assert [block["source"] for block in pictures] == [
        {"type": "url", "url": "https://x/y.png"},
        {"type": "base64", "media_type": "image/png", "data": "AA=="},
    ]


@pytest.mark.parametrize(
    "url", ["data:image/png,AAAA", "data:;base64,AAAA", "data:image/png;base64,AA AA==", "data:image/png;base64,"]
)
def test_a_picture_that_is_none_is_an_error(url):
    with pytest.raises(SettingsError, match="data:image/png;base64"):
        body(image(url))


def test_a_recording_is_an_error_that_says_what_to_do():
    sound = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}
    with pytest.raises(SettingsError, match="transcribed, or choose another dialect"):
        body(said("user", [sound]))
