"""Speech on its way to words."""

from __future__ import annotations

from engines.cascade.book import QUOTA, REFUSED, Book, pcm, quiet
from voiceloop.commands import CommitTurn, ForgetTurn
from voiceloop.engines.cascade.listening import MOST_GUESSES
from voiceloop.engines.cascade.orders import Arrived, AskChat, Deadlines, Transcribe, Trouble
from voiceloop.engines.services.seams import Transcript
from voiceloop.events import (
    EngineComplained,
    EngineLost,
    TranscriptionFailed,
    TurnCommitted,
    UserTranscribed,
)
from voiceloop.turn.machine import NO_TURN
from voiceloop.vocabulary import Cause, Usage, UserTurn

WORDS = (TurnCommitted, UserTranscribed)
SLOW = Trouble(Cause.SLOW_MODEL, "no words in time")


def test_a_turn_is_recognised_while_the_gate_still_waits_for_its_end():
    book = Book()
    book.hears(pcm(600))
    assert book.of(Transcribe) == []
    book.hears(quiet(200))
    (early,) = book.of(Transcribe)
    assert early.pcm == pcm(600) + quiet(200)
    book.hears(quiet(300))
    book.obey(CommitTurn("turn-1"))
    assert book.of(Transcribe) == [early]
    book.recognised(" hello ")
    assert book.told(*WORDS) == [TurnCommitted("turn-1"), UserTranscribed("turn-1", "hello", Usage(seconds=1.0))]


def test_words_that_are_known_before_the_end_are_told_with_it():
    book = Book()
    book.hears(pcm(600))
    book.hears(quiet(200))
    book.recognised("hello")
    assert book.events == []
    book.hears(quiet(300))
    book.obey(CommitTurn("turn-1"))
    assert [type(event) for event in book.events] == list(WORDS)
    assert book.running == {}


def test_the_words_up_to_a_pause_are_told_at_once():
    book = Book()
    book.hears(pcm(600))
    book.hears(quiet(200))
    assert book.said_so_far == []
    book.recognised("my number is")
    assert book.said_so_far == ["my number is"]
    book.hears(pcm(400))
    book.hears(quiet(200))
    book.fails(Transcribe, REFUSED)
    assert book.said_so_far == ["my number is", ""]


def test_who_pauses_too_often_is_not_waited_for():
    book = Book()
    for _ in range(MOST_GUESSES):
        book.hears(pcm(300))
        book.hears(quiet(200))
    assert book.said_so_far == []
    book.hears(pcm(300))
    book.hears(quiet(200))
    assert book.said_so_far == [""]


def test_a_long_silence_after_the_last_word_needs_no_second_recognition():
    book = Book()
    book.hears(pcm(600))
    book.hears(quiet(200))
    book.recognised("my number is")
    book.hears(quiet(1300))
    book.obey(CommitTurn("turn-1", 0.6))
    assert [event.text for event in book.told(UserTranscribed)] == ["my number is"]


def test_a_word_too_soft_for_us_that_the_gate_has_heard_is_recognised_as_well():
    book = Book()
    book.hears(pcm(600))
    book.hears(quiet(200))
    book.recognised("my number is")
    book.hears(quiet(1300))
    book.obey(CommitTurn("turn-1", 1.1))
    assert len(book.of(Transcribe)) == 1


def test_what_was_begun_too_early_is_dropped_when_the_user_goes_on():
    book = Book()
    book.hears(pcm(600))
    book.hears(quiet(300))
    (early,) = book.of(Transcribe)
    book.hears(pcm(400))
    assert book.dropped == [early]
    book.hears(quiet(500))
    book.obey(CommitTurn("turn-1"))
    assert [order.pcm for order in book.of(Transcribe)] == [pcm(600) + quiet(300) + pcm(400) + quiet(500)]


def test_what_was_known_too_early_counts_for_nothing():
    book = Book()
    book.hears(pcm(600))
    book.hears(quiet(200))
    book.recognised("what")
    book.hears(pcm(400))
    book.hears(quiet(500))
    book.obey(CommitTurn("turn-1"))
    book.recognised("what time is it")
    assert [event.text for event in book.told(UserTranscribed)] == ["what time is it"]


def test_words_too_soft_for_us_but_not_for_the_gate_are_recognised_all_the_same():
    book = Book()
    book.hears(pcm(600))
    book.hears(quiet(200))
    book.recognised("what")
    book.hears(quiet(900))
    book.obey(CommitTurn("turn-1"))
    assert len(book.of(Transcribe)) == 1


def test_a_hesitant_speaker_is_not_recognised_again_and_again():
    book = Book()
    for _ in range(MOST_GUESSES + 3):
        book.hears(pcm(300))
        book.hears(quiet(300))
    assert len(book.dropped) == MOST_GUESSES
    book.hears(quiet(200))
    book.obey(CommitTurn("turn-1"))
    assert len(book.of(Transcribe)) == 1
    book.hears(pcm(300))
    book.hears(quiet(300))
    assert len(book.of(Transcribe)) == 2  # the next turn has tries of its own


def test_a_turn_has_all_its_tries_after_coughs():
    book = Book()
    for number in range(MOST_GUESSES + 1):
        book.hears(pcm(300), first_sample=number * 48_000)
        book.hears(quiet(300))
        assert len(book.of(Transcribe)) == 1
    book.hears(quiet(200))
    book.obey(CommitTurn("turn-1"))
    assert [order.pcm for order in book.of(Transcribe)] == [pcm(300) + quiet(300)]


def test_a_turn_in_which_nothing_was_heard_is_complained_of_as_servers_do():
    book = Book()
    book.obey(CommitTurn("turn-1"))
    assert [event.code for event in book.told(EngineComplained)] == [NO_TURN]
    assert book.told(*WORDS) == []


def test_of_a_turn_that_is_too_long_the_user_is_told():
    book = Book()
    for _ in range(125):
        book.hears(pcm(1000))
    book.obey(CommitTurn("turn-1"))
    (complaint,) = book.told(EngineComplained)
    assert (complaint.code, "5 s" in complaint.detail) == ("turn_too_long", True)
    assert len(book.of(Transcribe)) == 1


def test_recognition_that_fails_is_tried_once_more():
    book = Book()
    book.hears_turn()
    book.obey(CommitTurn("turn-1"))
    (first,) = book.of(Transcribe)
    book.fails(Transcribe)
    (second,) = book.of(Transcribe)
    assert second.job != first.job
    book.recognised("hello")
    assert book.told(UserTranscribed)[0].text == "hello"


def test_what_failed_before_the_end_is_begun_anew():
    book = Book()
    book.hears(pcm(600))
    book.hears(quiet(300))
    book.fails(Transcribe, QUOTA)
    assert book.events == []
    book.hears(quiet(200))
    book.obey(CommitTurn("turn-1"))
    assert [len(order.pcm) for order in book.of(Transcribe)] == [len(pcm(1100))]


def test_recognition_that_fails_twice_costs_the_engine():
    book = Book()
    book.hears_turn()
    book.obey(CommitTurn("turn-1"))
    book.fails(Transcribe)
    book.fails(Transcribe)
    assert book.told(EngineLost) == [EngineLost(Cause.DROP, "the line broke", endpoint="transcribe")]


def test_without_money_nothing_is_tried_again():
    book = Book()
    book.hears_turn()
    book.obey(CommitTurn("turn-1"))
    book.fails(Transcribe, QUOTA)
    assert book.told(EngineLost) == [EngineLost(Cause.QUOTA, "no money left", endpoint="transcribe")]


def test_a_laugh_is_told_and_gets_no_answer():
    book = Book()
    book.hears_turn()
    book.obey(CommitTurn("turn-1"))
    book.recognised("Ha ha ha!")
    book.asks()
    assert [event.text for event in book.told(UserTranscribed)] == ["Ha ha ha!"]
    assert book.of(AskChat) == []


def test_speech_that_is_refused_has_no_words_and_gets_no_answer():
    book = Book()
    book.hears_turn()
    book.obey(CommitTurn("turn-1"))
    book.asks()
    book.fails(Transcribe, REFUSED)
    assert book.told(TranscriptionFailed) == [TranscriptionFailed("turn-1", "the request is refused")]
    assert book.ended == [("failed", "what was said could not be recognised")]
    assert book.told(EngineLost) == []


def test_a_turn_that_was_not_meant_is_forgotten_with_its_request():
    book = Book()
    book.types("hello")
    book.cancels()
    book.hears_turn()
    book.obey(CommitTurn("turn-1"))
    book.asks("ask-2")
    assert book.of(AskChat) == []
    book.obey(ForgetTurn("turn-1"))
    assert book.of(Transcribe) == []
    assert book.shown == [UserTurn("typed-1", "hello")]


def test_what_a_dropped_request_still_brings_changes_nothing():
    book = Book()
    book.hears_turn()
    book.obey(CommitTurn("turn-1"))
    (order,) = book.of(Transcribe)
    book.obey(ForgetTurn("turn-1"))
    book.do(book.desk.outcome(order.job, Transcript("hello"), book.now))
    assert book.told(UserTranscribed) == []


def test_sound_is_no_answer_to_speech():
    book = Book()
    book.hears_turn()
    book.obey(CommitTurn("turn-1"))
    book.do(book.desk.outcome(book.of(Transcribe)[0].job, Arrived(b"\0\0"), book.now))
    assert book.told(UserTranscribed) == []


# Turns of an earlier engine ------------------------------------------------------------------------------------------


def recalls(book, speech=b"\1\0"):
    book.do(book.desk.recall([UserTurn("turn-1", ""), UserTurn("turn-2", "hi")], {"turn-1": speech}.__getitem__))


def test_an_earlier_turn_without_words_is_recognised_first():
    book = Book()
    recalls(book)
    book.asks()
    assert book.of(AskChat) == []
    book.recognised("hello")
    assert book.shown == [UserTurn("turn-1", "hello"), UserTurn("turn-2", "hi")]
    assert book.told(UserTranscribed)[0].turn_id == "turn-1"


def test_an_earlier_turn_without_sound_is_left_out():
    book = Book()
    recalls(book, speech=b"")
    book.asks()
    assert book.shown == [UserTurn("turn-2", "hi")]


def test_an_earlier_turn_that_takes_too_long_does_not_cost_every_engine():
    book = Book()
    recalls(book)
    book.fails(Transcribe, SLOW)
    book.fails(Transcribe, SLOW)
    assert book.told(TranscriptionFailed)[0].turn_id == "turn-1"
    assert book.told(EngineLost) == []


def test_where_another_kind_of_engine_stands_by_it_hears_what_took_too_long_here():
    book = Book(deadlines=Deadlines.hurried())
    recalls(book)
    book.fails(Transcribe, SLOW, after_s=4.0)
    assert book.told(TranscriptionFailed) == []
    assert [(lost.cause, lost.endpoint) for lost in book.told(EngineLost)] == [(Cause.SLOW_MODEL, "transcribe")]


# A model that listens itself -----------------------------------------------------------------------------------------


def test_a_model_that_listens_is_given_the_newest_turn_as_sound():
    book = Book(transcribes=False)
    book.hears_turn(400)
    book.obey(CommitTurn("turn-1"))
    book.asks()
    assert book.of(Transcribe) == []
    assert book.told(UserTranscribed) == [UserTranscribed("turn-1", "")]
    assert book.question.speech == pcm(20) * 20 + quiet(500)
    assert book.question.speech_rate_hz == 24_000
    book.answers("Hello.")
    book.spoken()
    book.hears_turn(200)
    book.obey(CommitTurn("turn-2"))
    book.asks("ask-2")
    assert book.question.speech == pcm(20) * 10 + quiet(500)
    assert [item.turn_id for item in book.shown if isinstance(item, UserTurn)] == ["turn-1", "turn-2"]
