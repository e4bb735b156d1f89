"""Replies: from the question to the last sound."""

from __future__ import annotations

from engines.cascade.book import Book
from voiceloop.commands import CommitTurn, SendToolOutput
from voiceloop.dgrid.chat_answer import CallGrew, Thought
from voiceloop.engines.cascade.orders import Arrived, AskChat, Speak, Transcribe
from voiceloop.engines.services.seams import Transcript
from voiceloop.events import (
    ReplyAudioStarted,
    ReplyFinished,
    ReplyStarted,
    ReplyTextArrived,
    ToolCalled,
)
from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec, Usage, UserTurn

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


def test_an_answer_without_anything_to_speak_ends_unheard():
    book = Book()
    book.types()
    book.answers("---")
    assert book.ended == [("completed", "")]


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


# What makes no sense -------------------------------------------------------------------------------------------------


def test_what_does_not_fit_a_request_changes_nothing():
    book = Book()
    book.types()
    book.do(book.desk.outcome(book.of(AskChat)[0].job, Transcript("hello"), book.now))
    book.do(book.desk.outcome(999, Arrived(b""), book.now))
    assert book.of(Transcribe) == []
    assert book.ended == []
