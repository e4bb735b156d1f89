from __future__ import annotations

import pytest

from voiceloop.tools.utterance import MAX_CHARS, readings, tolerant


def all_readings(text: str) -> list[str]:
    return [reading.plain for group in readings(text) for reading in group]


@pytest.mark.parametrize(
    ("heard", "plain"),
    [
        ("Um, what time is it?", "what time is it"),
        ("Hey, could you please set a timer?", "set a timer"),
        ("Okay, so, can you tell me the time, please?", "the time"),
        ("I'd like you to stop the timer, thanks.", "stop the timer"),
        ("What\u2019s the time?", "What's the time"),
        ("a twenty-five minute timer", "a twenty five minute timer"),
        ("an hour and a half", "an and a half hour"),
        ("set a timer for me for 5 min", "set a timer for 5 minutes"),
        ("20% of 80", "20 percent of 80"),
        ("72°F in Celsius", "72 degrees F in Celsius"),
        ("5km in miles", "5 km in miles"),
        ("at 3 p.m.", "at 3 pm"),
        ("order 12,345", "order 12345"),
        ("it is -5 outside", "it is -5 outside"),
    ],
)
def test_what_recognition_writes_is_brought_into_one_form(heard, plain):
    assert plain in all_readings(heard)


def test_the_text_as_it_is_comes_first_for_a_phrase_may_begin_with_please():
    assert all_readings("Please hold")[0] == "Please hold"


def test_sentences_are_tried_one_by_one_after_the_whole():
    assert all_readings("I am hungry. Set a timer.") == ["I am hungry. Set a timer", "I am hungry", "Set a timer"]


def test_values_keep_their_hyphens_at_the_same_place():
    reading = next(iter(readings("add t-shirts")))[0]
    assert (reading.spoken, reading.plain) == ("add t-shirts", "add t shirts")


@pytest.mark.parametrize("text", ["", "   ", "um", "a" * (MAX_CHARS + 1)])
def test_nothing_and_speeches_are_no_commands(text):
    assert all_readings(text) in ([], [""])


def test_templates_take_contractions_and_hyphens():
    assert tolerant("what's on my to-do list") == "(what is|what's|whats) on my to do list"
    assert tolerant("(where is|find) it") == "((where is|where's|wheres)|find) it"
