from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.wire.items import (
    CallItem,
    CallOutputItem,
    ItemReference,
    MessageItem,
    OtherItem,
    Part,
    WireError,
    read_error,
    read_item,
    write_item,
)

words = st.text(max_size=9)
parts = st.builds(
    Part,
    st.sampled_from(["text", "audio", "input_text", "input_audio", "input_image"]),
    words,
    words,
    words,
    words,
    words,
)
items = st.one_of(
    st.builds(MessageItem, words, st.sampled_from(["system", "user", "assistant"]), st.lists(parts).map(tuple)),
    st.builds(CallItem, words, words, words, words),
    st.builds(CallOutputItem, words, words, words),
    st.builds(ItemReference, words),
    st.builds(lambda id_: OtherItem(id_, "mcp_call", {"type": "mcp_call", "id": id_}), words),
)


@given(items, st.sampled_from(["beta", "ga"]))
def test_an_item_comes_back_from_either_dialect(item, dialect):
    assert read_item(write_item(item, dialect)) == item


def test_only_ga_has_its_own_words_for_the_assistants_parts():
    item = MessageItem("", "assistant", (Part("text", text="Hi"), Part("audio", transcript="Hi")))
    assert [part["type"] for part in write_item(item, "beta")["content"]] == ["text", "audio"]
    assert [part["type"] for part in write_item(item, "ga")["content"]] == ["output_text", "output_audio"]


def test_an_image_goes_as_a_part():
    item = MessageItem("", "user", (Part("input_image", image_url="data:image/png;base64,AA==", detail="low"),))
    assert write_item(item, "ga") == {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"}],
    }


@pytest.mark.parametrize("role", ["system", "user", "assistant"])
def test_parts_that_are_no_objects_are_left_out(role):
    raw = {"type": "message", "id": "x", "role": role, "content": [None, "words", {"type": "text", "text": "Hi"}]}
    assert read_item(raw) == MessageItem("x", role, (Part("text", text="Hi"),))


@pytest.mark.parametrize(
    ("value", "error"),
    [(None, WireError()), (7, WireError()), ("words", WireError(message="words")), ({"code": 5}, WireError(code="5"))],
)
def test_an_error_is_read_from_whatever_stands_there(value, error):
    assert read_error(value) == error
