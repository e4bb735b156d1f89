"""What becomes of a reply when the chat model fails."""

from __future__ import annotations

import pytest

from engines.cascade.book import QUOTA, REFUSED, Book
from voiceloop.dgrid.chat_answer import Stop
from voiceloop.engines.cascade.orders import AskChat, Deadlines, Trouble
from voiceloop.events import (
    EngineLost,
    ReplyStarted,
    ToolCalled,
)
from voiceloop.vocabulary import AssistantTurn, Cause, ToolSpec, UserTurn

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
    assert book.told(EngineLost) == [EngineLost(Cause.DROP, "the line broke", endpoint="chat")]
    book.asks("ask-2")
    assert book.told(ReplyStarted) == [ReplyStarted("reply-1", "ask-1")]


def test_without_money_it_is_not_asked_again():
    book = Book()
    book.types()
    book.fails(AskChat, QUOTA)
    assert book.told(EngineLost) == [EngineLost(Cause.QUOTA, "no money left", endpoint="chat")]


def test_a_question_that_is_refused_costs_only_its_answer():
    book = Book()
    book.types()
    book.fails(AskChat, REFUSED)
    assert book.ended == [("failed", "the request is refused")]
    assert book.told(EngineLost) == []


def breaks_off(book, how):
    book.writes("It is noon. And it")
    if how == "an error":
        book.fails(AskChat)
    else:
        book.ends("It is noon. And it", "clock", stop=Stop.TRUNCATED)


@pytest.mark.parametrize("how", ["an error", "a cut"])
def test_whole_sentences_of_an_answer_that_breaks_off_are_spoken_before_the_engine_counts_as_lost(how):
    book = Book(tools=(CLOCK,))
    book.types()
    breaks_off(book, how)
    assert book.asked_to_speak == ["It is noon."]
    assert book.told(EngineLost) == []
    book.spoken()
    ((cause, endpoint),) = [(lost.cause, lost.endpoint) for lost in book.told(EngineLost)]
    assert (cause, endpoint) == (Cause.DROP, "chat")
    assert book.told(ToolCalled) == []  # its arguments may be cut off
    assert book.played == [("reply-1", 0, 500)]
    assert book.ended == []


@pytest.mark.parametrize("how", ["an error", "a cut"])
def test_an_answer_that_goes_on_with_another_and_breaks_off_too_stands_as_it_is(how):
    book = Book()
    book.do(book.desk.recall([UserTurn("t1", "what time is it"), AssistantTurn("r1", "It is", 300)], dict))
    book.asks()
    breaks_off(book, how)
    book.spoken()
    book.spoken()
    assert book.ended[0][0] == "incomplete"
    assert book.told(EngineLost) == []
    assert [text for _, text in book.texts] == ["It is noon.", " And it"]


def test_a_request_that_is_refused_within_an_answer_costs_only_the_rest_of_it():
    book = Book()
    book.types()
    book.writes("It is noon. And it")
    book.fails(AskChat, REFUSED)
    book.spoken()
    book.spoken()
    assert book.ended == [("incomplete", "the request is refused")]


@pytest.mark.parametrize("begun", [False, True])
def test_where_another_can_answer_a_refusal_is_left_to_it(begun):
    book = Book(deadlines=Deadlines.hurried())
    book.types()
    if begun:
        book.writes("It is noon. And it")
    book.fails(AskChat, REFUSED)
    if begun:
        book.spoken()
    assert book.told(EngineLost) == [EngineLost(Cause.REFUSED, "the request is refused", endpoint="chat")]
    assert book.ended == []


def test_a_server_that_never_tells_why_it_ends_has_said_all():
    book = Book()
    book.types()
    book.writes("It is noon.")
    book.ends("It is noon.", stop=Stop.TRUNCATED)
    book.spoken()
    assert book.ended == [("incomplete", "the connection ended before the answer did")]


def test_an_answer_without_an_end_is_cut_off_where_the_server_tells_the_ends_of_others():
    book = Book()
    book.types("what time is it")
    book.answers("It is noon.")
    book.spoken()
    book.types("and what day")
    book.writes("It is Monday. The first.")
    book.ends("It is Monday. The first.", stop=Stop.TRUNCATED)
    book.spoken()
    assert book.told(EngineLost) == [
        EngineLost(Cause.DROP, "the connection ended before the answer did", endpoint="chat")
    ]


def test_where_nothing_of_it_was_told_an_answer_without_an_end_is_asked_for_again():
    book = Book()
    book.types("what time is it")
    book.answers("It is noon.")
    book.spoken()
    book.types("and what day")
    book.writes("It is Monday.")
    book.ends("It is Monday.", stop=Stop.TRUNCATED)
    book.answers("It is Monday, the first.")
    assert book.asked_to_speak == ["It is Monday, the first."]
    assert book.told(EngineLost) == []


def test_what_was_cancelled_meanwhile_costs_no_engine():
    book = Book()
    book.types()
    breaks_off(book, "an error")
    book.cancels()
    assert book.ended == [("cancelled", "")]
    assert book.told(EngineLost) == []


def test_a_failure_that_took_too_long_is_not_waited_for_again():
    book = Book(deadlines=Deadlines.hurried())
    book.types()
    book.fails(AskChat, after_s=1.1)
    assert book.told(EngineLost)[0].endpoint == "chat"


def test_what_the_service_tried_again_by_itself_is_not_tried_again():
    book = Book()
    book.types()
    book.fails(AskChat, Trouble(Cause.BUSY, "no", repeated=True))
    assert book.told(EngineLost) == [EngineLost(Cause.BUSY, "no", endpoint="chat")]


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
