"""Sentences on their way from words to sound."""

from __future__ import annotations

import pytest

from engines.cascade.book import QUOTA, REFUSED, Book
from voiceloop.engines.cascade.orders import AskChat, Speak
from voiceloop.events import (
    EngineLost,
)
from voiceloop.vocabulary import Cause, ToolSpec

CLOCK = ToolSpec("clock", "Tells the time.", {})


def test_the_next_words_are_told_when_all_sound_of_the_ones_before_is_there():
    book = Book()
    book.types()
    book.writes("It is noon. And it rains. ", "Bye")
    assert book.texts == [(0, "It is noon.")]
    book.sounds(300)
    book.sounds(400, number=1)
    assert book.played == [("reply-1", 0, 300)]
    book.spoken(200)
    assert book.texts == [(0, "It is noon."), (1, " And it rains.")]
    assert book.played == [("reply-1", 0, 300), ("reply-1", 0, 200), ("reply-1", 1, 400)]


def test_at_most_two_sentences_are_made_ahead_of_the_one_that_is_heard():
    book = Book()
    book.types()
    book.answers("First one. Second one. Third one. Fourth one. Fifth one.")
    assert book.asked_to_speak == ["First one.", "Second one.", "Third one."]
    for _ in range(3):
        book.spoken(1000)
    assert book.asked_to_speak == []
    book.passes(0.9)
    assert book.asked_to_speak == []
    book.passes(0.1)
    assert book.asked_to_speak == ["Fourth one."]
    book.passes(1.0)
    assert book.asked_to_speak == ["Fourth one.", "Fifth one."]
    book.spoken(1000)
    book.spoken(1000)
    assert book.ended == [("completed", "")]


def test_a_reply_after_another_is_paced_by_what_is_still_to_be_heard():
    book = Book()
    book.asks("ask-1", say="A long greeting.")
    book.spoken(10_000)
    book.asks("ask-2", say="One is it. Two is it. Three is it. Four is it.")
    for _ in range(3):
        book.spoken(500)
    book.passes(10.4)
    assert book.asked_to_speak == []
    book.passes(0.1)
    assert book.asked_to_speak == ["Four is it."]


def test_text_without_anything_to_speak_is_told_with_what_follows_it():
    book = Book()
    book.types()
    book.answers("Yes.\n---\nNo.\n---")
    assert book.asked_to_speak == ["Yes.", "No."]
    book.spoken()
    book.spoken()
    assert book.texts == [(0, "Yes."), (1, "\n---\nNo.")]


def test_captions_hold_what_was_written_and_not_how_it_is_read():
    book = Book()
    book.types()
    book.answers("It costs **$5** now.")
    assert book.asked_to_speak == ["It costs $5 now."]
    assert book.texts == [(0, "It costs **$5** now.")]


# Trouble with speech -------------------------------------------------------------------------------------------------


def test_a_sentence_that_fails_is_asked_for_again():
    book = Book()
    book.asks(say="Hello.")
    book.fails(Speak)
    assert book.asked_to_speak == ["Hello."]
    book.spoken()
    assert book.ended == [("completed", "")]


def test_a_first_sentence_that_fails_twice_costs_the_engine():
    book = Book()
    book.asks(say="Hello.")
    book.fails(Speak)
    book.fails(Speak)
    assert book.told(EngineLost) == [EngineLost(Cause.DROP, "the line broke", endpoint="speak")]


def test_a_speech_service_that_makes_no_sound_has_failed():
    book = Book()
    book.asks(say="Hello.")
    book.spoken(0)
    book.spoken(0)
    assert book.told(EngineLost)[0].cause is Cause.BROKEN_PEER


def test_a_sentence_that_is_refused_costs_only_the_reply():
    book = Book()
    book.asks(say="Hello.")
    book.fails(Speak, REFUSED)
    assert book.ended == [("failed", "the request is refused")]


def test_a_later_sentence_that_fails_ends_the_reply_before_it():
    book = Book()
    book.types()
    book.writes("First one. Second one. Third one. Fourth")
    book.sounds(500)
    book.fails(Speak, REFUSED, number=1)
    assert [type(order) for order in book.dropped] == [Speak, AskChat]
    assert book.ended == []
    book.spoken(500)
    assert book.ended == [("incomplete", "the request is refused")]
    assert book.texts == [(0, "First one.")]


@pytest.mark.parametrize("broke", ["before its first sound", "in the middle"])
def test_what_was_spoken_of_an_answer_is_handed_over_before_the_engine_counts_as_lost(broke):
    book = Book()
    book.types()
    book.writes("First one. Second one. Third one. Fourth")
    book.sounds(500)
    if broke == "in the middle":
        book.sounds(300, number=1)
    book.fails(Speak, QUOTA, number=1)
    assert book.told(EngineLost) == []
    book.spoken(400)
    assert book.told(EngineLost) == [EngineLost(Cause.QUOTA, "no money left", endpoint="speak")]
    assert book.ended == []
    assert book.played[:2] == [("reply-1", 0, 500), ("reply-1", 0, 400)]
    assert book.played[2:] == ([("reply-1", 1, 300)] if broke == "in the middle" else [])
    assert book.running == {}


def test_a_sentence_that_breaks_off_is_the_last():
    book = Book()
    book.asks(say="First one. Second one.")
    book.sounds(500)
    book.fails(Speak)
    assert book.ended == [("incomplete", "the line broke")]
    assert book.running == {}
    assert book.played == [("reply-1", 0, 500)]


def test_speech_without_end_is_left():
    book = Book()
    book.asks(say="Hello.")
    book.sounds(30_000)
    book.sounds(30_000)
    assert [type(order) for order in book.dropped] == [Speak]
    assert book.ended == [("completed", "")]


def test_a_later_sentence_is_asked_for_again_every_second_while_there_is_something_to_hear():
    book = Book()
    book.asks(say="First one. Second one. Third one.")
    book.spoken(2500)
    for wait_s in (0.0, 0.0, 1.0, 1.0):
        book.passes(wait_s)
        book.fails(Speak, number=book.asked_to_speak.index("Second one."))
    book.spoken(500, number=book.asked_to_speak.index("Third one."))
    assert book.ended == []
    book.passes(1.0)
    book.fails(Speak)
    assert book.ended == [("incomplete", "the line broke")]
    assert book.texts[0] == (0, "First one.")
    assert book.played == [("reply-1", 0, 2500)]
