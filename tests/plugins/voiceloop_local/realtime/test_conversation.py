from __future__ import annotations

import pytest

from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, UserTurn
from voiceloop_local.realtime import conversation as module
from voiceloop_local.realtime.checks import ClientEventError
from voiceloop_local.realtime.config import Reference
from voiceloop_local.realtime.conversation import Conversation, context_of
from voiceloop_local.realtime.items import Part, StoredItem


def user(item_id, text="hi"):
    return StoredItem(item_id, "message", parts=[Part("text", text)])


def spoken(item_id, *words, word_ms=500):
    part = Part("audio")
    for word in words:
        part.add_words(word)
        part.add_audio(bytes(48 * word_ms))
    return StoredItem(item_id, "message", role="assistant", parts=[part])


def talk(*items):
    one = Conversation("conv")
    for item in items:
        one.insert(item)
    return one


def ids(one):
    return [item.item_id for item in one]


def refused(work):
    with pytest.raises(ClientEventError) as error:
        work()
    return error.value


def test_items_stand_where_they_are_put():
    one = talk(user("b"))
    assert one.last_id == "b"
    assert one.insert(user("a"), "root") is None
    assert one.insert(user("c"), "b") == "b"
    assert one.insert(user("d"), "a") == "a"
    assert one.insert(user("e")) == "c"
    assert ids(one) == ["a", "d", "b", "c", "e"]
    assert len(one) == 5
    assert Conversation("empty").last_id is None


def test_what_cannot_be_inserted_changes_nothing():
    one = talk(user("a"))
    assert refused(lambda: one.insert(user("a"))).code == "item_create_duplicate_item_id"
    assert refused(lambda: one.insert(user("b"), "zzz")).param == "previous_item_id"
    assert ids(one) == ["a"]


def test_a_call_gets_exactly_one_output():
    one = talk(StoredItem("f", "function_call", call_id="c", name="t"))
    output = StoredItem("o", "function_call_output", call_id="c", output="1")
    one.insert(output)
    again = StoredItem("p", "function_call_output", call_id="c", output="2")
    assert refused(lambda: one.insert(again)).code == "invalid_tool_call_id"
    stranger = StoredItem("q", "function_call_output", call_id="x", output="2")
    assert refused(lambda: one.insert(stranger)).message == "Tool call ID 'x' not found in conversation."


def test_items_are_found_shown_and_deleted():
    one = talk(user("a"), spoken("b", "hi"))
    assert one.retrieve("a") is one.find("a")
    assert one.has_spoken
    one.delete("b")
    assert not one.has_spoken
    assert refused(lambda: one.retrieve("b")).code == "item_retrieve_invalid_item_id"
    assert refused(lambda: one.delete("b")).code == "item_delete_invalid_item_id"
    assert refused(lambda: one.truncate("b", 0, 0)).code == "item_truncate_invalid_item_id"


@pytest.mark.parametrize(
    ("end_ms", "text"),
    [(0, ""), (499, ""), (500, "one"), (999, "one"), (1000, "one two"), (1500, "one two three")],
)
def test_truncation_keeps_the_words_that_were_said_whole(end_ms, text):
    one = talk(spoken("a", "one", " two", " three"))
    one.truncate("a", 0, end_ms)
    part = one.retrieve("a").parts[0]
    assert (part.text, part.audio_ms) == (text, end_ms)
    part.add_words(" late")
    part.add_audio(bytes(960))
    assert (part.text, part.audio_ms) == (text, end_ms)


def test_truncation_is_for_what_the_assistant_said_aloud():
    one = talk(user("u"), spoken("a", "one"), StoredItem("f", "function_call", role="assistant", call_id="c"))
    one.insert(StoredItem("t", "message", role="assistant", parts=[Part("text", "hi")]))
    for item_id, index in [("u", 0), ("f", 0), ("t", 0), ("a", 1)]:
        assert refused(lambda i=item_id, n=index: one.truncate(i, n, 0)).code == "unsupported_content_type"
    error = refused(lambda: one.truncate("a", 0, 501))
    assert error.message == "Audio content of 500ms is already shorter than 501ms"


def test_references_are_followed():
    one = talk(user("a"))
    new = user("n")
    assert one.resolve([Reference("a"), new]) == [one.find("a"), new]
    assert refused(lambda: one.resolve([Reference("z")])).param == "response.input"


def test_old_audio_is_dropped_but_its_length_is_remembered(monkeypatch):
    monkeypatch.setattr(module, "AUDIO_BUDGET_BYTES", 100_000)
    one = talk(spoken("a", "one"), spoken("b", "two"), spoken("c", "three"))
    one.insert(spoken("d", "four"))
    one.insert(spoken("e", "five"))
    first, second = one.retrieve("a").parts[0], one.retrieve("b").parts[0]
    assert (len(first.pcm), first.audio_ms) == (0, 500)
    assert len(second.pcm) == 24_000
    one.truncate("a", 0, 200)
    assert first.audio_ms == 200


def test_a_brain_sees_what_was_said_and_heard():
    items = [
        StoredItem("s", "message", role="system", parts=[Part("text", "Be kind.")]),
        user("u", "hello"),
        StoredItem("x", "message", parts=[Part("audio", None)]),
        StoredItem("f", "function_call", call_id="c", name="t", arguments="{}"),
        StoredItem("o", "function_call_output", call_id="c", output="1"),
        spoken("a", "yes", " sir"),
        StoredItem("w", "message", role="assistant", parts=[Part("text", "written")]),
        spoken("n"),
    ]
    assert context_of(items, "Help.") == (
        "Help.\nBe kind.",
        [
            UserTurn("u", "hello"),
            ToolCall("c", "t", "{}"),
            ToolOutput("c", "1"),
            AssistantTurn("a", "yes sir", 1000),
            AssistantTurn("w", "written", None),
        ],
    )
