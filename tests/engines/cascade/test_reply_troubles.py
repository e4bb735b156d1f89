"""What becomes of a reply when the chat model fails."""

from __future__ import annotations

import pytest

from engines.cascade.book import QUOTA, REFUSED, Book
from voiceloop.dgrid.chat_answer import Stop
from voiceloop.engines.cascade.orders import AskChat
from voiceloop.events import (
    EngineLost,
    ReplyStarted,
    ToolCalled,
)
from voiceloop.vocabulary import Cause, ToolSpec

CLOCK = ToolSpec("clock", "Tells the time.", {})


def test_a_question_that_fails_is_asked_again_from_the_start():
    book = Book()
    book.types()
    book.writes("It is ")
    book.fails(AskChat)
    book.answers("It is noon.")
    assert book.asked_to_speak == ["It is noon."]
    assert book.told(EngineLost) == []


def test_a_question_that_fails_twice_costs_the_engine():
    book = Book()
    book.types()
    book.fails(AskChat)
    book.fails(AskChat)
    assert book.told(EngineLost) == [EngineLost(Cause.DROP, "the line broke")]
    book.asks("ask-2")
    assert book.told(ReplyStarted) == [ReplyStarted("reply-1", "ask-1")]


def test_without_money_it_is_not_asked_again():
    book = Book()
    book.types()
    book.fails(AskChat, QUOTA)
    assert book.told(EngineLost) == [EngineLost(Cause.QUOTA, "no money left")]


def test_a_question_that_is_refused_costs_only_its_answer():
    book = Book()
    book.types()
    book.fails(AskChat, REFUSED)
    assert book.ended == [("failed", "the request is refused")]
    assert book.told(EngineLost) == []


@pytest.mark.parametrize("how", ["an error", "a cut"])
def test_of_an_answer_that_breaks_off_stands_what_was_said(how):
    book = Book(tools=(CLOCK,))
    book.types()
    book.writes("It is noon. And it")
    if how == "an error":
        book.fails(AskChat)
    else:
        book.ends("It is noon. And it", "clock", stop=Stop.TRUNCATED)
    assert book.asked_to_speak == ["It is noon.", "And it"]
    assert book.told(ToolCalled) == []  # its arguments may be cut off
    book.spoken()
    book.spoken()
    assert book.ended[0][0] == "incomplete"


def test_an_answer_that_breaks_off_before_a_sentence_is_asked_for_again():
    book = Book()
    book.types()
    book.writes("It is")
    book.ends("It is", stop=Stop.TRUNCATED)
    assert len(book.of(AskChat)) == 1
    book.ends("", stop=Stop.TRUNCATED)
    assert book.told(EngineLost)[0].cause is Cause.DROP


def test_an_empty_answer_is_asked_for_once_more():
    book = Book()
    book.types()
    book.ends("")
    book.ends("")
    assert book.ended == [("incomplete", "the model said nothing")]


@pytest.mark.parametrize(("stop", "why"), [(Stop.LENGTH, "limit of tokens"), (Stop.FILTERED, "filtered")])
def test_an_answer_that_was_cut_short_is_spoken_as_far_as_it_goes(stop, why):
    book = Book()
    book.types()
    book.answers("It is noon. And it", stop=stop)
    book.spoken()
    book.spoken()
    assert book.ended[0][0] == "incomplete"
    assert why in book.ended[0][1]


def test_an_answer_without_end_is_left():
    book = Book()
    book.types()
    book.writes(*["This is the same sentence. "] * 202)
    assert book.of(AskChat) == []
    while book.running:
        book.spoken(100)
        book.passes(1.0)
    assert book.ended == [("incomplete", "the answer had too many sentences")]
    assert len(book.texts) == 200


def test_a_text_that_is_to_be_said_and_has_no_end_is_cut():
    book = Book()
    book.asks(say="This is the same sentence. " * 202)
    while book.running:
        book.spoken(100)
        book.passes(1.0)
    assert len(book.texts) == 200
