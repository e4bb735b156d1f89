"""What a listener hears when nothing of a turn was understood, stepped without a loop."""

from __future__ import annotations

import pytest

from conversation import MANUAL, Talk
from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.core import Profile
from voiceloop.unclear import SPOKEN_S
from voiceloop.vocabulary import ReplyStatus, ToolCall

SORRY = "Sorry, I didn't catch that."
POLITE = Profile(unclear=SORRY)


def nothing(talk, reply_id="r1", status=ReplyStatus.COMPLETED):
    """The engine's reply holds nothing."""
    return talk.heard(on.ReplyStarted(reply_id), on.ReplyFinished(reply_id, status))


def says_sorry(talk, reply_id="s1"):
    """The agent asks for its sentence, and it is spoken."""
    ask = talk.only(do.AskReply)
    assert ask.say == SORRY
    talk.played("r1", 0).playing(reply_id, SORRY, ask.ask_id).finished(reply_id).played(reply_id)
    return talk


def test_a_turn_without_words_and_an_empty_reply_are_followed_by_a_sentence():
    says_sorry(nothing(Talk(POLITE).user_turn("u1", "")))


def test_words_may_come_after_the_reply():
    talk = nothing(Talk(POLITE).user_turn("u1", "").user_turn("u2", "what time is it"), "r0")
    talk.heard(on.SpeechStarted("u3", 9.0), on.SpeechStopped("u3", 9.0 + SPOKEN_S), on.TurnCommitted("u3"))
    nothing(talk, "r3").never(do.AskReply)
    assert talk.heard(on.UserTranscribed("u3", " ")).only(do.AskReply).say == SORRY


def test_it_is_said_once_until_a_turn_is_understood():
    talk = says_sorry(nothing(Talk(POLITE).user_turn("u1", "")))
    nothing(talk.user_turn("u2", ""), "r2").never(do.AskReply).played("r2", 0)
    talk.user_turn("u3", "what time is it").playing("r3").finished("r3").played("r3")
    assert nothing(talk.user_turn("u4", ""), "r4").only(do.AskReply).say == SORRY


def test_a_typed_turn_is_understood_too():
    talk = says_sorry(nothing(Talk(POLITE).user_turn("u1", "")))
    ask = talk.heard(on.TextTyped("t1", "hello")).only(do.AskReply)
    talk.playing("r2", "Hello.", ask.ask_id).finished("r2").played("r2")
    assert nothing(talk.user_turn("u2", ""), "r3").only(do.AskReply).say == SORRY


def test_a_cough_is_passed_over():
    talk = Talk(POLITE).heard(on.SpeechStarted("u1", 0.0), on.SpeechStopped("u1", SPOKEN_S - 0.1))
    talk.heard(on.TurnCommitted("u1"), on.UserTranscribed("u1", ""))
    nothing(talk).never(do.AskReply)


@pytest.mark.parametrize(
    "held",
    [
        on.ReplyTextArrived("r1", "a", 0, "Pardon?"),
        on.ReplyAudioStarted("r1", "a"),
        on.ToolCalled("r1", ToolCall("c1", "clock", "{}")),
    ],
)
def test_an_engine_that_answers_all_the_same_has_the_word(held):
    talk = Talk(POLITE).user_turn("u1", "").heard(on.ReplyStarted("r1"), held)
    talk.finished().never(do.AskReply)


@pytest.mark.parametrize("status", [ReplyStatus.CANCELLED, ReplyStatus.INCOMPLETE])
def test_a_reply_that_was_not_completed_is_another_matter(status):
    nothing(Talk(POLITE).user_turn("u1", ""), status=status).never(do.AskReply)


def test_who_speaks_on_is_not_interrupted_by_it():
    talk = Talk(POLITE).heard(on.SpeechStarted("u1", 0.0), on.SpeechStopped("u1", 2.0), on.TurnCommitted("u1"))
    nothing(talk).heard(on.SpeechStarted("u2", 3.0), on.UserTranscribed("u1", "")).never(do.AskReply)


def test_a_reply_to_nobody_says_nothing_of_a_turn():
    Talk(POLITE).user_turn("u1", "").heard(on.ReplyFinished("stray", ReplyStatus.COMPLETED)).never(do.AskReply)


def test_what_the_local_gate_hears_counts_where_it_ends_turns():
    talk = Talk(POLITE, MANUAL).heard(on.SpeechStarted("u1", 0.0, "gate"), on.SpeechStopped("u1", 1.0, "gate"))
    ask = talk.heard(on.TurnCommitted("u1"), on.UserTranscribed("u1", "")).only(do.AskReply)
    talk.heard(on.ReplyStarted("r1", ask.ask_id), on.ReplyFinished("r1", ReplyStatus.COMPLETED))
    assert talk.only(do.AskReply).say == SORRY


def test_what_the_local_gate_hears_does_not_count_where_the_engine_ends_turns():
    talk = (
        Talk(POLITE).user_turn("u1", "").heard(on.SpeechStarted("g1", 5.0, "gate"), on.SpeechStopped("g1", 9.0, "gate"))
    )
    assert nothing(talk).only(do.AskReply).say == SORRY


def test_a_session_without_a_sentence_stays_silent():
    nothing(Talk().user_turn("u1", "")).never(do.AskReply)
