"""Commands that say nothing aloud: what they change is seen in the next question."""

from __future__ import annotations

from engines.cascade.book import Book
from voiceloop.commands import SendImage, SendSaid, SendText, TrimReply, UpdateEngine
from voiceloop.engines.cascade.orders import AskChat
from voiceloop.events import EngineLost
from voiceloop.vocabulary import AssistantTurn, HeardSpan, ToolSpec, UserImage, UserTurn

PICTURE = UserImage("image-1", "image/png", b"\x89PNG\r\n\x1a\n")
CLOCK = ToolSpec("clock", "Tells the time.", {})


def test_what_the_user_types_and_shows_is_part_of_the_question():
    book = Book()
    book.obey(SendImage(PICTURE))
    book.obey(SendText("typed-1", "what is this"))
    book.asks()
    assert book.shown == [PICTURE, UserTurn("typed-1", "what is this")]


def test_what_an_earlier_engine_said_is_part_of_the_question():
    book = Book()
    book.obey(SendSaid("reply-9", "It is noon."))
    book.obey(SendText("typed-1", "and now"))
    book.asks()
    assert book.shown == [AssistantTurn("reply-9", "It is noon.", None), UserTurn("typed-1", "and now")]


def test_what_was_not_heard_is_no_part_of_it():
    book = Book()
    book.asks(say="One sentence. Another sentence.")
    book.spoken(1000)
    book.sounds(200)
    book.cancels()
    book.obey(TrimReply(HeardSpan("reply-1", "item-1", 0, 1000, 1000)))
    book.obey(TrimReply(HeardSpan("reply-1", "item-1", 1, 0, 200)))
    book.obey(SendText("typed-1", "stop"))
    book.asks("ask-2")
    assert book.shown == [AssistantTurn("reply-1", "One sentence.", None), UserTurn("typed-1", "stop")]


def test_after_an_interruption_the_next_reply_is_not_paced_by_what_nobody_hears():
    book = Book()
    book.asks(say="One sentence.")
    book.spoken(60_000)
    book.obey(TrimReply(HeardSpan("reply-1", "item-1", 0, 100, 60_000)))
    book.asks("ask-2", say="One is it. Two is it. Three is it. Four is it.")
    for _ in range(3):
        book.spoken(500)
    book.passes(0.5)
    assert book.asked_to_speak == ["Four is it."]


def test_other_instructions_and_tools_hold_from_the_next_question_on():
    book = Book()
    book.obey(UpdateEngine("Be long.", (CLOCK,)))
    book.obey(UpdateEngine())
    book.asks()
    assert (book.question.instructions, book.question.tools) == ("Be long.", (CLOCK,))


def test_a_lost_engine_answers_nothing_any_more():
    book = Book()
    book.types()
    book.fails(AskChat)
    book.fails(AskChat)
    told = len(book.events)
    assert isinstance(book.events[-1], EngineLost)
    book.types()
    book.passes(100)
    assert len(book.events) == told
