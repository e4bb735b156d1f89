"""Hear a sentence, see which tool is called with what."""

from __future__ import annotations

import sys
from enum import Enum
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from voiceloop.errors import DeviceError
from voiceloop.tools.phrases import Phrasebook, PhraseMatch, examples, strip
from voiceloop.tools.tool import tool
from voiceloop.vocabulary import ToolSpec


class Size(Enum):
    SMALL = "small"
    EXTRA_LARGE = "extra-large"


@tool(
    phrases=[
        "(set|start) a timer for [{hours} hour[s]] [and] [{minutes} minute[s]]",
        "(set|start) a {name} timer for {minutes} minute[s]",
        "{minutes} minute timer",
    ]
)
def set_timer(minutes: float = 0, hours: float = 0, name: str | None = None) -> None: ...


@tool(phrases=["where is [my] order [number] {order_id}", "where is my order"])
def order_status(order_id: int) -> None: ...


@tool(phrases=["turn [the] {room} light[s] {on}", "turn {on} the {room} light[s]", "{on} is fine"])
def light(room: Literal["living_room", "kitchen"], on: bool) -> None: ...  # noqa: FBT001 - a model fills it by name


@tool(
    phrases=[
        "add {quantity} {item} to my list",
        "add {item} to my list",
        "put {item} on my {list_name} list",
        "level {level}",
    ]
)
def add_item(item: str, quantity: int = 1, list_name: str = "shopping", level: Literal[7] = 7) -> None: ...


@tool(phrases=["a {size} pizza", "what is {sum}", "please hold", "{anything}"])
def mixed(
    size: Size | None = None,
    sum: Annotated[str, Field(pattern=r"\d|plus")] = "",  # noqa: A002
    anything: Annotated[str, Field(pattern="^simon says")] = "",
) -> None: ...


BOOK = Phrasebook.from_specs([made.spec() for made in (set_timer, order_status, light, add_item, mixed)])


def hear(text: str) -> tuple[str, dict[str, object]] | None:
    match = BOOK.match(text)
    return None if match is None else (match.name, match.arguments)


@pytest.mark.parametrize(
    ("heard", "name", "arguments"),
    [
        ("Set a timer for five minutes.", "set_timer", {"minutes": 5}),
        ("um, could you please set a timer for twenty-five minutes, please?", "set_timer", {"minutes": 25}),
        ("start a timer for 2 and a half hours", "set_timer", {"hours": 2.5}),
        ("Set a timer for an hour and ten minutes", "set_timer", {"hours": 1, "minutes": 10}),
        ("set a timer for an hour and a half", "set_timer", {"hours": 1.5}),
        ("set a timer for half an hour", "set_timer", {"hours": 0.5}),
        ("start a pasta timer for 8 minutes", "set_timer", {"name": "pasta", "minutes": 8}),
        ("Ten-minute timer!", "set_timer", {"minutes": 10}),
        ("I am hungry. Set a timer for a hundred and ten minutes.", "set_timer", {"minutes": 110}),
        ("Where's order 4711?", "order_status", {"order_id": 4711}),
        ("where is my order number forty seven eleven", "order_status", {"order_id": 4711}),
        ("WHERE IS ORDER FOUR SEVEN ONE ONE", "order_status", {"order_id": 4711}),
        ("Where is order 1,234?", "order_status", {"order_id": 1234}),
        ("turn the living room lights on", "light", {"room": "living_room", "on": True}),
        ("Turn off the kitchen light.", "light", {"room": "kitchen", "on": False}),
        ("add two t-shirts to my list", "add_item", {"quantity": 2, "item": "t-shirts"}),
        ("add 50 apples and 5 pears to my list", "add_item", {"quantity": 50, "item": "apples and 5 pears"}),
        ("add milk, eggs and bread to my list", "add_item", {"item": "milk, eggs and bread"}),
        ("Put salt on the table on my kitchen list", "add_item", {"item": "salt on the table", "list_name": "kitchen"}),
        ("a small pizza", "mixed", {"size": "small"}),
        ("An extra large pizza, please", "mixed", None),
        ("A extra-large pizza, please", "mixed", {"size": "extra-large"}),
        ("What is 3 plus 4?", "mixed", {"sum": "3 plus 4"}),
        ("please hold", "mixed", {}),
        ("Simon says jump", "mixed", {"anything": "Simon says jump"}),
    ],
)
def test_a_sentence_calls_a_tool(heard, name, arguments):
    assert hear(heard) == (None if arguments is None else (name, arguments))


@pytest.mark.parametrize(
    "heard",
    [
        "",
        "hello there",
        "set a timer for many minutes",
        "set a timer for fiveminutes",
        "where is my order",
        "where is order two and a half",
        "turn the bedroom light on",
        "turn the kitchen light green",
        "yes is fine",
        "add to my list",
        "what is the capital of France",
        "level 7",
    ],
)
def test_a_sentence_no_phrase_fits_calls_nothing(heard):
    assert hear(heard) is None


def test_an_unfilled_required_slot_is_no_match_even_inside_optional_parts():
    spec = ToolSpec(
        "order_status",
        "Examples: where is my order [{order_id}]",
        {"type": "object", "properties": {"order_id": {"type": "integer"}}, "required": ["order_id"]},
    )
    book = Phrasebook.from_specs([spec])
    assert book.match("where is my order") is None
    assert book.match("where is my order seven") == PhraseMatch("order_status", {"order_id": 7})


def test_a_slot_filled_twice_is_no_match():
    spec = ToolSpec("x", "Examples: from {n} to {n}", {"properties": {"n": {"type": "integer"}}})
    assert Phrasebook.from_specs([spec]).match("from one to two") is None


def test_the_phrase_that_leaves_least_to_free_words_wins_whatever_the_order():
    @tool(phrases=["play {title}"])
    def play(title: str) -> None: ...

    @tool(phrases=["play {title} in the {room}"])
    def play_there(title: str, room: Literal["kitchen"]) -> None: ...

    for order in ([play, play_there], [play_there, play]):
        book = Phrasebook.from_specs([made.spec() for made in order])
        assert book.match("play jazz in the kitchen") == PhraseMatch("play_there", {"title": "jazz", "room": "kitchen"})
        assert book.match("play jazz in the garden") == PhraseMatch("play", {"title": "jazz in the garden"})


def test_of_two_equal_phrases_the_earlier_wins():
    @tool(phrases=["stop"])
    def first() -> None: ...

    @tool(phrases=["stop"])
    def second() -> None: ...

    assert Phrasebook.from_specs([first.spec(), second.spec()]).match("stop") == PhraseMatch("first", {})


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"properties": "nonsense"},
        {"properties": {"x": {"type": "array"}}},
        {"properties": {"x": {"$ref": "#/$defs/Gone"}}},
    ],
)
def test_a_phrase_whose_slot_cannot_be_said_is_left_out(parameters):
    assert Phrasebook.from_specs([ToolSpec("odd", "Examples: do {x}", parameters)]).match("do five") is None


@pytest.mark.parametrize("phrase", ["do (x", "do <rule>", "do {x} | | do it", "do " * 200])
def test_descriptions_of_other_servers_break_nothing(phrase):
    spec = ToolSpec("odd", f"Examples: {phrase}", {"properties": {"x": {"type": "string", "pattern": "(?P<"}}})
    assert Phrasebook.from_specs([spec]).match("something else") is None


def test_a_pattern_python_cannot_read_is_left_to_the_tool():
    spec = ToolSpec("odd", "Examples: do {x}", {"properties": {"x": {"type": "string", "pattern": r"\p{L}("}}})
    assert Phrasebook.from_specs([spec]).match("do it") == PhraseMatch("odd", {"x": "it"})


def test_a_constant_can_be_said():
    spec = ToolSpec("go", "Examples: go {way}", {"properties": {"way": {"const": "up"}}, "required": ["way"]})
    book = Phrasebook.from_specs([spec])
    assert book.match("go up") == PhraseMatch("go", {"way": "up"})
    assert book.match("go upwards") is None


def test_a_value_that_ends_within_a_word_is_no_value():
    @tool(phrases=["{n}th floor", "floor{n}"])
    def floor(n: int) -> None: ...

    book = Phrasebook.from_specs([floor.spec()])
    assert book.match("5 th floor") == PhraseMatch("floor", {"n": 5})
    assert book.match("seventh floor of 7") is None
    assert book.match("floor7 of 7") is None


def test_without_hassil_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "hassil", None)
    with pytest.raises(DeviceError, match=r"voiceloop\[local\]"):
        Phrasebook.from_specs([])


def test_phrases_and_purpose_can_be_told_apart():
    spec = order_status.spec()
    assert examples(spec) == ("where is [my] order [number] {order_id}", "where is my order")
    assert strip(spec) == "order status"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_no_text_breaks_the_book_and_the_same_text_gets_the_same_answer(text):
    assert BOOK.match(text) == BOOK.match(text)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_any_number_reaches_its_slot(number):
    assert hear(f"where is order {number}") == ("order_status", {"order_id": number})
    assert hear(f"where is order {number:,}") == ("order_status", {"order_id": number})
