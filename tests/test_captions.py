import pytest

from voiceloop.captions import TRANSCRIPT_WITHIN_S, Captions, Milestones


@pytest.fixture
def captions():
    return Captions(transcribes=True)


def test_words_wait_for_those_of_every_earlier_turn(captions):
    captions.committed("u1", 0.0)
    captions.committed("u2", 1.0)
    assert captions.arrived("u2", "second") == []
    assert captions.waiting
    assert captions.arrived("u1", "first") == [("u1", "first"), ("u2", "second")]
    assert not captions.waiting


def test_words_that_come_before_their_turn_is_handed_over_wait_for_it(captions):
    assert captions.arrived("u1", "early") == []
    assert captions.committed("u1", 0.0) == [("u1", "early")]


def test_words_that_never_come_hold_nobody_up(captions):
    captions.committed("u1", 0.0)
    captions.committed("u2", 1.0)
    captions.arrived("u2", "second")
    assert captions.arrived("u1", "") == [("u2", "second")]


def test_overdue_words_are_not_waited_for_but_told_when_they_come_after_all(captions):
    captions.committed("u1", 0.0)
    captions.committed("u2", 5.0)
    captions.arrived("u2", "second")
    assert captions.give_up(TRANSCRIPT_WITHIN_S - 0.1) == []
    assert captions.give_up(TRANSCRIPT_WITHIN_S) == [("u2", "second")]
    assert captions.arrived("u1", "late") == [("u1", "late")]


def test_a_forgotten_turn_is_not_waited_for(captions):
    captions.committed("u1", 0.0)
    captions.committed("u2", 0.0)
    captions.arrived("u2", "words")
    assert captions.forget("u1") == [("u2", "words")]
    assert captions.arrived("u1", "khm") == []


def test_a_session_that_transcribes_nothing_waits_for_nothing():
    captions = Captions(transcribes=False)
    captions.committed("u1", 0.0)
    assert not captions.waiting
    assert captions.arrived("u1", "unasked") == [("u1", "unasked")]


def test_milestones_keep_the_first_time_and_are_told_once():
    milestones = Milestones()
    milestones.first("u1", "first_text_ms", 900)
    milestones.first("u1", "first_text_ms", 1000)
    milestones.ended("u1", "engine", last_speech_ms=500)
    milestones.ended("u1", "engine", last_speech_ms=700)
    assert milestones.take("u1") == {"first_text_ms": 900, "last_speech_ms": 700, "end_of_turn_by": "engine"}
    assert milestones.take("u1") is None


def test_the_agents_own_words_have_no_milestones():
    milestones = Milestones()
    milestones.first("", "first_text_ms", 900)
    assert milestones.take("") is None


def test_words_of_turns_that_are_never_handed_over_are_not_kept_for_ever():
    captions = Captions(transcribes=True)
    for number in range(300):
        captions.arrived(f"u{number}", "hm")
    assert captions.committed("u0", 1.0) == []
    assert captions.committed("u299", 1.0) == []
    assert captions.give_up(1.0 + TRANSCRIPT_WITHIN_S) == [("u299", "hm")]


def test_the_milestones_of_turns_that_nobody_answers_are_not_kept_for_ever():
    milestones = Milestones()
    for number in range(300):
        milestones.first(f"u{number}", "first_text_ms", number)
    assert milestones.take("u0") is None
    assert milestones.take("u299") == {"first_text_ms": 299}
    milestones.first("u299", "transcript_ms", 300)
    assert milestones.take("u299") is None, "told once"
