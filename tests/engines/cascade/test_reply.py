"""Replies: from the question to the last sound."""

from __future__ import annotations

import pytest

from engines.cascade.book import QUOTA, REFUSED, Book
from voiceloop.commands import CommitTurn, SendToolOutput
from voiceloop.dgrid.chat_answer import CallGrew, Stop, Thought
from voiceloop.engines.cascade.orders import Arrived, AskChat, Speak, Transcribe
from voiceloop.engines.services.seams import Transcript
from voiceloop.events import (
    EngineLost,
    ReplyAudioStarted,
    ReplyFinished,
    ReplyStarted,
    ReplyTextArrived,
    ToolCalled,
)
from voiceloop.vocabulary import AssistantTurn, Cause, ToolCall, ToolOutput, ToolSpec, Usage, UserTurn

CLOCK = ToolSpec("clock", "Tells the time.", {})


# An answer -----------------------------------------------------------------------------------------------------------


def test_a_turn_is_answered():
    book = Book()
    book.says("what time is it")
    assert book.question.instructions == "Be brief."
    assert book.shown == [UserTurn("turn-1", "what time is it")]
    book.writes("It is ", "noon.")
    book.ends("It is noon.", usage=Usage(input_tokens=9))
    assert book.asked_to_speak == ["It is noon."]
    book.spoken(600)
    assert book.told(ReplyStarted, ReplyTextArrived, ReplyAudioStarted, ReplyFinished) == [
        ReplyStarted("reply-1", "ask-1"),
        ReplyTextArrived("reply-1", "item-1", 0, "It is noon."),
        ReplyAudioStarted("reply-1", "item-1"),
        ReplyFinished("reply-1", "completed", "", Usage(input_tokens=9)),
    ]
    assert book.played == [("reply-1", 0, 600)]
    assert book.running == {}


def test_it_is_begun_before_the_words_are_known_and_asked_once_they_are():
    book = Book()
    book.says("hello")
    assert [type(event).__name__ for event in book.events][:3] == ["TurnCommitted", "ReplyStarted", "UserTranscribed"]
    assert len(book.of(AskChat)) == 1


def test_nothing_is_asked_when_nothing_was_said():
    book = Book()
    book.says("")
    assert book.of(AskChat) == []
    assert book.ended == [("completed", "")]


def test_thinking_is_not_spoken():
    book = Book()
    book.types()
    book.thinks(Thought("Hm. What could that mean?"))
    book.thinks(CallGrew(0, "call_0", "clock", "{}"))
    assert book.of(Speak) == []
    assert book.told(ReplyTextArrived) == []


def test_the_first_sentence_is_spoken_while_the_second_is_written():
    book = Book()
    book.types()
    book.writes("It is noon. And", " it")
    assert book.asked_to_speak == ["It is noon."]
    book.sounds(300)
    assert book.played == [("reply-1", 0, 300)]
    book.writes(" rains. ", "Bye")
    assert book.asked_to_speak == ["It is noon.", "And it rains."]


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


def test_words_without_anything_to_speak_are_left_out():
    book = Book()
    book.types()
    book.answers("Yes. \n---\n No.")
    assert book.asked_to_speak == ["Yes.", "No."]


def test_the_next_question_holds_what_was_said():
    book = Book()
    book.says("hello")
    book.answers("Hi. How are you?")
    book.spoken()
    book.spoken()
    book.types("fine")
    assert book.shown == [
        UserTurn("turn-1", "hello"),
        AssistantTurn("reply-1", "Hi. How are you?", None),
        UserTurn("typed-1", "fine"),
    ]


# Word for word -------------------------------------------------------------------------------------------------------


def test_what_is_to_be_said_is_said_without_the_chat_model():
    book = Book(pronounce={"GIF": "jif"})
    book.asks(say="Here is the GIF. Bye.")
    assert book.of(AskChat) == []
    assert book.asked_to_speak == ["Here is the jif.", "Bye."]
    book.spoken()
    book.spoken()
    assert book.texts == [(0, "Here is the GIF."), (1, " Bye.")]
    assert book.ended == [("completed", "")]


def test_it_does_not_wait_for_words():
    book = Book()
    book.hears_turn()
    book.obey(CommitTurn("turn-1"))
    book.asks(say="One moment.")
    assert book.asked_to_speak == ["One moment."]


def test_where_replies_are_read_nothing_is_spoken():
    book = Book(modality="text")
    book.asks(say="Hello. Bye.")
    book.types("hi")
    book.writes("One ", "two.")
    assert book.texts == [(0, "Hello. Bye."), (0, "One "), (0, "two.")]
    book.ends("One two.")
    assert book.ended == [("completed", "")] * 2
    assert book.of(Speak) == []


# Tools ---------------------------------------------------------------------------------------------------------------


def test_calls_are_told_once_they_are_complete_and_their_words_before_them():
    book = Book(tools=(CLOCK,))
    book.types("what time is it")
    assert book.question.tools == (CLOCK,)
    book.writes("Let me see.")
    book.ends("Let me see.", "clock", "clock")
    assert [type(event) for event in book.events][-3:] == [ReplyTextArrived, ToolCalled, ToolCalled]
    assert book.ended == []
    book.spoken()
    assert book.ended == [("completed", "")]
    book.obey(SendToolOutput("call_0", "noon"))
    book.obey(SendToolOutput("call_1", "noon"))
    book.asks("ask-2")
    assert book.shown == [
        UserTurn("typed-1", "what time is it"),
        AssistantTurn("reply-1", "Let me see.", None),
        ToolCall("call_0", "clock", "{}"),
        ToolCall("call_1", "clock", "{}"),
        ToolOutput("call_0", "noon"),
        ToolOutput("call_1", "noon"),
    ]


def test_calls_without_words_end_the_reply():
    book = Book(tools=(CLOCK,))
    book.types()
    book.ends("", "clock")
    assert book.told(ToolCalled)[0].call == ToolCall("call_0", "clock", "{}")
    assert book.ended == [("completed", "")]


def test_where_replies_are_read_calls_follow_the_words_too():
    book = Book(modality="text", tools=(CLOCK,))
    book.types()
    book.answers("Let me see.", "clock")
    assert [type(event) for event in book.events][-3:] == [ReplyTextArrived, ToolCalled, ReplyFinished]


def test_a_reply_that_may_call_nothing_is_offered_nothing_and_calls_nothing():
    book = Book(tools=(CLOCK,))
    book.asks(tools_allowed=False)
    assert book.question.tools == ()
    book.answers("It is noon.", "clock")
    assert book.told(ToolCalled) == []


# Cancelling ----------------------------------------------------------------------------------------------------------


def test_a_cancelled_reply_closes_its_requests_and_hands_nothing_over_any_more():
    book = Book()
    book.types()
    book.writes("It is noon. And it rains. ", "Bye")
    late = book.of(Speak)[0]
    book.sounds(300)
    book.cancels()
    assert [type(order) for order in book.dropped] == [AskChat, Speak, Speak]
    assert book.ended == [("cancelled", "")]
    book.do(book.desk.outcome(late.job, Arrived(b"\1\0" * 2400), book.now))
    assert book.played == [("reply-1", 0, 300)]
    book.passes(10)
    assert book.ended == [("cancelled", "")]


def test_a_reply_that_waits_for_words_is_never_asked_once_it_is_cancelled():
    book = Book()
    book.hears_turn()
    book.obey(CommitTurn("turn-1"))
    book.asks()
    book.cancels()
    book.recognised("hello")
    assert book.ended == [("cancelled", "")]
    assert book.of(AskChat) == []


def test_a_reply_that_is_over_cannot_be_cancelled():
    book = Book()
    book.asks(say="Hello.")
    book.spoken()
    book.cancels()
    book.cancels("reply-7")
    assert book.ended == [("completed", "")]


# Trouble with the chat model -----------------------------------------------------------------------------------------


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
    assert book.told(EngineLost) == [EngineLost(Cause.DROP, "the line broke")]


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
    book.writes("First one. Second one. Third one. Fo")
    book.sounds(500)
    book.fails(Speak, number=1)
    book.fails(Speak, number=2)
    assert [type(order) for order in book.dropped] == [Speak, AskChat]
    assert book.ended == []
    book.spoken(500)
    assert book.ended == [("incomplete", "the line broke")]
    assert book.texts == [(0, "First one.")]


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


# What makes no sense -------------------------------------------------------------------------------------------------


def test_what_does_not_fit_a_request_changes_nothing():
    book = Book()
    book.types()
    book.do(book.desk.outcome(book.of(AskChat)[0].job, Transcript("hello"), book.now))
    book.do(book.desk.outcome(999, Arrived(b""), book.now))
    assert book.of(Transcribe) == []
    assert book.ended == []
