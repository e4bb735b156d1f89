import pytest

from voiceloop.commands import (
    ClearDeadline,
    DuckPlayback,
    ForgetTurn,
    PausePlayback,
    ResumePlayback,
    SetDeadline,
)
from voiceloop.turn.doubts import Doubt
from voiceloop.turn.floor import BARGE_IN, WORDS_DUE, Floor
from voiceloop.turn.interruption import Interruptions, Verdict
from voiceloop.turn.states import Ear, EarTrigger, Mouth, MouthTrigger
from voiceloop.vocabulary import Flow

DUCK, LOUD = DuckPlayback(0.25), DuckPlayback(1.0)


@pytest.fixture
def floor():
    floor = Floor(Interruptions(), silence_s=0.5)
    floor.speak(MouthTrigger.STARTED)
    return floor


@pytest.fixture
def talked_over(floor):
    floor.speech_began("u1", 3.0)
    floor.hold(103.1)
    return floor


def test_speech_over_the_agent_ducks_it_until_a_stop_would_have_been_reported(floor):
    floor.speech_began("u1", 3.0)
    assert floor.hold(103.0) == [DUCK, SetDeadline(BARGE_IN, 103.0 + 0.6 + 0.5)]
    assert floor.held
    assert not floor.free


def test_a_cough_gives_the_floor_back_and_is_remembered_by_its_turn(talked_over):
    assert talked_over.judge(3.15) is Verdict.GO_ON
    assert talked_over.go_on("u1", Verdict.GO_ON, 103.7, sounding=True) == [ClearDeadline(BARGE_IN), LOUD]
    assert talked_over.mouth is Mouth.SPEAKING
    assert talked_over.doubts.cough("u1")
    assert not talked_over.doubts.cough("u2")


def test_a_word_or_two_are_in_doubt_until_their_words_come(talked_over):
    assert talked_over.judge(3.4) is Verdict.WAIT
    out = talked_over.go_on("u1", Verdict.WAIT, 103.9, sounding=True)
    assert out == [ClearDeadline(BARGE_IN), SetDeadline(WORDS_DUE, 107.9), LOUD]
    assert talked_over.doubts.of("u1") is Doubt.SPOKEN


@pytest.mark.parametrize(
    ("text", "verdict"), [("mm-hmm", Verdict.GO_ON), ("stop", Verdict.STOP), ("make it louder", Verdict.STOP)]
)
def test_words_that_come_early_decide_before_the_end_is_told(talked_over, text, verdict):
    assert talked_over.words(text) is verdict
    assert talked_over.judge(3.4) is verdict


def test_words_that_come_only_with_the_end_decide_nothing(talked_over):
    assert talked_over.words("") is Verdict.WAIT
    assert talked_over.judge(3.4) is Verdict.WAIT


def test_what_is_said_after_a_backchannel_is_judged_anew(talked_over):
    talked_over.words("yeah")
    talked_over.flows("u1", Flow.PAUSED)
    talked_over.flows("u1", Flow.WENT_ON)
    assert talked_over.judge(3.5) is Verdict.WAIT


def test_in_a_gap_the_agent_is_as_loud_as_before(talked_over):
    assert talked_over.flows("u1", Flow.PAUSED) == [LOUD]
    assert talked_over.flows("u1", Flow.PAUSED) == []
    assert talked_over.flows("u1", Flow.WENT_ON) == [DUCK]
    assert talked_over.held


def test_words_with_gaps_between_them_are_short_speech_however_far_apart(talked_over):
    talked_over.flows("u1", Flow.PAUSED)
    assert talked_over.judge(3.9) is Verdict.WAIT
    talked_over.flows("u1", Flow.WENT_ON)
    assert talked_over.judge(3.9) is Verdict.STOP


def test_what_is_told_of_another_turn_changes_nothing(talked_over):
    assert talked_over.flows("u0", Flow.PAUSED) == []


def test_who_has_said_all_while_the_user_speaks_has_not_been_interrupted(talked_over):
    assert talked_over.said_all(more=False) == [ClearDeadline(BARGE_IN), LOUD]
    assert talked_over.mouth is Mouth.QUIET
    assert not talked_over.held


def test_what_is_still_to_come_waits_for_the_user(talked_over):
    assert talked_over.said_all(more=True) == [LOUD, PausePlayback()]
    assert talked_over.mouth is Mouth.HELD
    assert talked_over.held


def test_what_has_not_sounded_yet_is_kept_back_and_any_word_goes_on_with_the_turn():
    floor = Floor(Interruptions(), 0.5)
    floor.speech_began("u1", 0.0)
    assert floor.hold(100.0)[0] == PausePlayback()
    assert floor.flows("u1", Flow.PAUSED) == []
    assert floor.judge(0.3) is Verdict.STOP
    assert floor.judge(0.1) is Verdict.GO_ON
    assert ResumePlayback() in floor.go_on("u1", Verdict.GO_ON, 101.0, sounding=False)
    assert floor.mouth is Mouth.QUIET


def test_speech_that_goes_on_counts_from_its_first_onset(talked_over):
    talked_over.speech_began("u1", 3.5)
    talked_over.hold(103.6)
    assert talked_over.judge(3.7) is Verdict.STOP


def test_doubts_that_nothing_comes_of_are_forgotten_by_who_holds_them(talked_over):
    talked_over.go_on("u1", Verdict.WAIT, 103.9, sounding=True)
    talked_over.doubts.note("u1", Doubt.HANDED_OVER)
    talked_over.doubts.note("u2", Doubt.SPOKEN)
    assert talked_over.doubts.dismiss("u1") == [ForgetTurn("u1")]
    assert talked_over.doubts.dismiss("u2") == []
    assert talked_over.doubts.open == ()
    assert talked_over.doubts.cough("u2")


def test_giving_up_ends_the_hold(talked_over):
    talked_over.give_up()
    assert not talked_over.held
    assert talked_over.mouth is Mouth.QUIET
    assert not talked_over.quiet
    talked_over.hear(EarTrigger.STOPPED)
    talked_over.hear(EarTrigger.COMMITTED)
    assert talked_over.quiet
    assert talked_over.free


def test_illegal_steps_change_nothing_and_are_kept_by_name(floor):
    floor.hear(EarTrigger.STOPPED)
    floor.speak(MouthTrigger.RESUME_QUIET)
    assert floor.ear is Ear.QUIET
    assert floor.mouth is Mouth.SPEAKING
    assert floor.out_of_order == ["ear: stopped while quiet", "mouth: resume_quiet while speaking"]
