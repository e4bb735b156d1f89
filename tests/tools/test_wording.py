from __future__ import annotations

import pytest

from voiceloop.tools.wording import describe, examples, fault, plainly, slots, strip
from voiceloop.vocabulary import ToolSpec


def spec(description: str) -> ToolSpec:
    return ToolSpec("order_status", description, {"type": "object", "properties": {}})


def test_phrases_travel_as_the_last_line_of_the_description():
    text = describe("Where an order is.", ["where is order {order_id}", "track order {order_id}"])
    assert text == "Where an order is.\nExamples: where is order {order_id} | track order {order_id}"


def test_a_tool_without_phrases_keeps_its_description():
    assert describe("Where an order is.", []) == "Where an order is."
    assert examples(spec("Where an order is.")) == ()
    assert strip(spec("Where an order is.\nUse it often.")) == "Where an order is.\nUse it often."


def test_what_was_written_is_read_back():
    phrases = ["(where|how) is [my] order {order_id}", "track [the|my] order"]
    written = spec(describe("Where an order is.", phrases))
    assert examples(written) == tuple(phrases)
    assert strip(written) == "Where an order is."


def test_slots_come_in_order():
    assert slots("add {quantity} {item} to the list") == ["quantity", "item"]


@pytest.mark.parametrize(
    "phrase", ["what time is it", "[please] set (a|the) {name} timer", "it's {x}", "[a|the] [big] {x}"]
)
def test_sound_phrases_have_no_fault(phrase):
    assert fault(phrase, ["name", "x"]) == ""


@pytest.mark.parametrize(
    ("phrase", "complaint"),
    [
        (" ", "1 to"),
        ("a " * 200, "1 to"),
        ("one\ntwo", "more than one"),
        ("one | two", "more than one"),
        ("set (a timer", "do not pair"),
        ("set [a) timer", "do not pair"),
        ("set a] timer", "do not pair"),
        ("say <word>", "character"),
        ("say {two words}", "character"),
        ("say (a|)", "empty part"),
        ("say (this)", "choice of one"),
        ("say []", "empty part"),
        ("where is {order}", "order, which is not a parameter"),
    ],
)
def test_a_phrase_that_cannot_work_is_named(phrase, complaint):
    assert complaint in fault(phrase, ["name"])


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("(set|start) [a|the] timer for {minutes} minute[s]", "set timer for minutes minute"),
        ("[please] (what|how (much|many)) is {order_id}", "what is order id"),
        ("what time is it", "what time is it"),
    ],
)
def test_a_phrase_can_be_read_out(phrase, said):
    assert plainly(phrase) == said
