import pytest

from voiceloop.commands import ClearDeadline, PausePlayback, ResumePlayback, SetDeadline
from voiceloop.turn.floor import BARGE_IN, Floor
from voiceloop.turn.states import Ear, EarTrigger, Mouth, MouthTrigger


@pytest.fixture
def floor():
    floor = Floor(interrupt_after_s=0.25, silence_s=0.5)
    floor.speak(MouthTrigger.STARTED)
    return floor


def test_speech_over_the_agent_holds_it_until_a_stop_would_have_been_reported(floor):
    floor.speech_began("u1", 3.0)
    assert floor.hold(103.1) == [PausePlayback(), SetDeadline(BARGE_IN, 103.85)]
    assert floor.held
    assert not floor.free


def test_a_cough_gives_the_floor_back_and_is_remembered_by_its_turn(floor):
    floor.speech_began("u1", 3.0)
    floor.hold(103.1)
    assert floor.too_short("u2", 3.2)
    assert floor.resume(sounding=True) == [ClearDeadline(BARGE_IN), ResumePlayback()]
    assert floor.mouth is Mouth.SPEAKING
    assert floor.was_cough("u2")
    assert not floor.was_cough("u1")


def test_a_hold_that_began_before_the_first_sound_ends_in_quiet():
    floor = Floor(0.25, 0.5)
    floor.speech_began("u1", 0.0)
    floor.hold(100.0)
    floor.resume(sounding=False)
    assert floor.mouth is Mouth.QUIET


def test_speech_that_goes_on_counts_from_its_first_onset(floor):
    floor.speech_began("u1", 3.0)
    floor.hold(103.0)
    floor.speech_began("u1", 3.2)
    floor.hold(103.2)
    assert not floor.too_short("u2", 3.3)


def test_without_a_hold_nothing_is_a_cough(floor):
    floor.speech_began("u1", 3.0)
    assert not floor.too_short("u2", 3.1)


def test_giving_up_ends_the_hold(floor):
    floor.speech_began("u1", 3.0)
    floor.hold(103.0)
    floor.give_up()
    assert not floor.held
    assert floor.mouth is Mouth.QUIET
    assert not floor.quiet
    floor.hear(EarTrigger.STOPPED)
    floor.hear(EarTrigger.COMMITTED)
    assert floor.quiet
    assert floor.free


def test_illegal_steps_change_nothing_and_are_kept_by_name(floor):
    floor.hear(EarTrigger.STOPPED)
    floor.speak(MouthTrigger.RESUME_QUIET)
    assert floor.ear is Ear.QUIET
    assert floor.mouth is Mouth.SPEAKING
    assert floor.out_of_order == ["ear: stopped while quiet", "mouth: resume_quiet while speaking"]
