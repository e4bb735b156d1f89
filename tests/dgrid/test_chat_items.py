from __future__ import annotations

import itertools
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.dgrid.chat_items import NO_OUTPUT, messages_of
from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.dialects.claude import Claude
from voiceloop.vocabulary import AssistantTurn, Summary, ToolCall, ToolOutput, UserImage, UserTurn

PNG = b"\x89PNG\r\n\x1a\n."
LAMP, DOOR = ToolCall("1", "lamp", '{"on":true}'), ToolCall("2", "door", "{}")


def written(items, *more):
    """What is sent, in one line each."""
    messages = messages_of(items, *more)
    return ChatRequest(model="m", messages=messages).to_json()["messages"] if messages else []


def asks(*calls, content=None):
    made = [
        {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]
    return {"role": "assistant", "content": content, "tool_calls": made}


def told(call, output):
    return {"role": "tool", "tool_call_id": call.call_id, "content": output}


def said(role, content):
    return {"role": role, "content": content}


def user(text):
    return UserTurn("t", text)


def agent(text):
    return AssistantTurn("r", text, 900)


def test_who_said_what():
    items = [Summary("They met."), user("Hello?"), agent("Hi."), user("Bye.")]
    assert written(items, "Be brief.") == [
        said("system", "Be brief."),
        said("system", items[0].told),
        said("user", "Hello?"),
        said("assistant", "Hi."),
        said("user", "Bye."),
    ]


def test_nothing_said_is_nothing_sent():
    assert messages_of([user(""), user(" \n"), agent(" ")], " ") == ()


def test_a_picture_is_shown_whole():
    (shown,) = written([UserImage("t", "image/png", PNG)])
    url = f"data:image/png;base64,{b64encode(PNG).decode()}"
    assert shown == said("user", [{"type": "image_url", "image_url": {"url": url}}])


def test_a_turn_without_words_is_heard_where_it_stood():
    items = [user(""), agent("What?"), user(""), UserImage("t", "image/png", PNG)]
    sound = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    before, heard, picture = written(items, "", b"RIFF")
    assert (before, heard) == (said("assistant", "What?"), said("user", [sound]))
    assert picture["content"][0]["type"] == "image_url"


@pytest.mark.parametrize("words", ["", "Moment."])
def test_calls_of_one_answer_stand_together_with_the_words_before_them(words):
    items = [user("Go."), agent(words), LAMP, DOOR, ToolOutput("2", "shut"), ToolOutput("1", "lit"), agent("Done.")]
    assert written(items) == [
        said("user", "Go."),
        asks(LAMP, DOOR, content=words or None),
        told(LAMP, "lit"),
        told(DOOR, "shut"),
        said("assistant", "Done."),
    ]


def test_calls_of_two_answers_stand_apart():
    items = [LAMP, ToolOutput("1", "lit"), DOOR, ToolOutput("2", "shut")]
    assert written(items) == [asks(LAMP), told(LAMP, "lit"), asks(DOOR), told(DOOR, "shut")]


def test_an_output_that_came_after_more_was_said_stands_after_its_call():
    items = [LAMP, user("Well?"), ToolOutput("1", "lit")]
    assert written(items) == [asks(LAMP), told(LAMP, "lit"), said("user", "Well?")]


@pytest.mark.parametrize("more", [[], [user("Well?")], [ToolOutput("7", "of a call that is forgotten")]])
def test_a_call_without_an_output_gets_a_note_in_its_place(more):
    assert written([LAMP, DOOR, ToolOutput("2", "shut"), *more])[:3] == [
        asks(LAMP, DOOR),
        told(LAMP, NO_OUTPUT),
        told(DOOR, "shut"),
    ]


def test_ids_that_repeat_are_told_apart_with_their_outputs():
    again = ToolCall("1", "lamp", '{"on":false}')
    items = [LAMP, ToolOutput("1", "lit"), again, ToolOutput("1", "dark")]
    other = ToolCall("1_2", "lamp", '{"on":false}')
    assert written(items) == [asks(LAMP), told(LAMP, "lit"), asks(other), told(other, "dark")]


def test_an_output_without_its_call_is_left_out():
    assert written([ToolOutput("1", "lit"), user("Hi")]) == [said("user", "Hi")]


IDS = st.sampled_from(["1", "2", "call:3"])
WORDS = st.sampled_from(["", " ", "Hello."])
ITEMS = st.one_of(
    st.builds(UserTurn, st.just("t"), WORDS),
    st.builds(AssistantTurn, st.just("r"), WORDS, st.just(0)),
    st.builds(ToolCall, IDS, st.just("lamp"), st.sampled_from(["{}", "", "{no"])),
    st.builds(ToolOutput, IDS, WORDS),
    st.just(UserImage("t", "image/png", PNG)),
)


@given(st.lists(ITEMS, max_size=12))
def test_whatever_the_record_each_vendor_takes_it(items):
    messages = messages_of(items, "Be brief.")
    waiting, seen = [], set()
    for message in written(items, "Be brief.")[1:]:
        if message["role"] == "tool":
            assert message["tool_call_id"] == waiting.pop(0)
            continue
        assert not waiting
        assert message["content"] is None or message["content"]
        waiting = [call["id"] for call in message.get("tool_calls", ())]
        assert len(set(waiting) - seen) == len(waiting)
        seen.update(waiting)
    assert not waiting
    turns = Claude().asked(ChatRequest(model="m", messages=messages), streamed=False).body["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * (len(turns) // 2) + ["user"]
    for asking, answering in itertools.pairwise(turns):
        called = [block["id"] for block in asking["content"] if isinstance(block, dict) and block["type"] == "tool_use"]
        if called:
            assert [block["tool_use_id"] for block in answering["content"][: len(called)]] == called
