"""What a canceller leaves: told from the user by how much it took away, with made-up cancellers."""

from __future__ import annotations

import pytest

from audio.echoes import Room
from voiceloop.audio.pcm import level_db
from voiceloop.audio.residual import PATIENCE_S, Trust, Verdict


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def proven(room):
    room.pass_s(4.0)
    assert room.evidence.trust is Trust.PROVEN
    return room


def test_while_the_agent_is_silent_everything_passes_as_it_is(room):
    assert set(room.pass_s(1.0, agent=0.0, user=0.1)) == {Verdict.FREE}
    assert room.out == room.clean


def test_what_is_left_of_an_echo_is_turned_down(proven):
    assert set(proven.pass_s(2.0)) == {Verdict.ECHO}
    assert level_db(proven.clean) - level_db(proven.out) > 35
    assert proven.evidence.ratio_db < -25


@pytest.mark.parametrize("ducked_db", [0.0, 4.0])
def test_a_user_as_loud_as_the_echo_is_heard_within_50_ms(proven, ducked_db):
    verdicts = proven.pass_s(0.5, user=0.1, ducked_db=ducked_db)
    assert Verdict.USER in verdicts[:5]
    assert set(verdicts[5:]) == {Verdict.USER}


def test_the_pauses_within_words_do_not_close_the_gate_but_silence_does(proven):
    proven.pass_s(0.3, user=0.1)
    assert set(proven.pass_s(0.3)) == {Verdict.USER}
    assert Verdict.ECHO in proven.pass_s(0.3)


def test_the_tail_of_an_echo_is_echo_too_and_then_the_room_is_free(proven):
    assert set(proven.pass_s(0.3, agent=0.0)) == {Verdict.ECHO}
    assert set(proven.pass_s(1.0, agent=0.0)[50:]) == {Verdict.FREE}


def test_a_canceller_that_has_not_found_its_echo_yet_is_not_believed(room):
    assert set(room.pass_s(1.0, removed_db=0.0)[5:]) == {Verdict.ECHO}
    assert room.evidence.trust is Trust.UNPROVEN
    assert level_db(room.out) < -60
    room.pass_s(1.5)
    assert room.evidence.trust is Trust.PROVEN


def test_who_speaks_when_the_agent_begins_is_not_cut_off(room):
    room.pass_s(1.0, agent=0.0, user=0.1)
    assert set(room.pass_s(1.0, user=0.1)) == {Verdict.USER}


def test_a_user_who_never_stops_is_heard_in_the_end_though_the_canceller_proves_nothing(room):
    verdicts = room.pass_s(PATIENCE_S + 0.5, user=0.1)
    assert set(verdicts[:200]) == {Verdict.ECHO}
    assert verdicts[-1] is Verdict.USER


def test_a_path_that_jumps_is_noticed_although_the_canceller_passes_all(proven):
    proven.pass_s(2.0)
    proven.delay = 18
    verdicts = proven.pass_s(1.5, removed_db=0.0)
    assert proven.evidence.trust is Trust.LOST
    assert verdicts.count(Verdict.USER) <= 10
    proven.pass_s(1.5)
    assert proven.evidence.trust is Trust.PROVEN
    assert Verdict.USER in proven.pass_s(0.2, user=0.1)


def test_an_echo_that_is_missing_where_it_is_subtracted_has_moved(proven):
    proven.pass_s(4.0)
    proven.delay = 18
    verdicts = proven.pass_s(0.2, removed_db=0.0)
    assert proven.evidence.trust is Trust.LOST
    assert verdicts.count(Verdict.USER) < 8, "too little to be taken for speech"


def test_what_subtraction_learned_wrong_is_forgotten(proven):
    proven.pass_s(4.0)
    proven.delay = 7
    proven.pass_s(4.0)
    assert proven.evidence.trust is Trust.PROVEN
    assert proven.evidence.takes_db > 20


def test_a_user_whom_the_canceller_swallows_is_heard_by_plain_subtraction(proven):
    proven.pass_s(2.0)
    assert proven.evidence.subtracts
    verdicts = proven.pass_s(0.5, user=0.1, ducked_db=60.0)
    assert Verdict.USER in verdicts[:20]
    assert set(verdicts[20:]) == {Verdict.USER}


def test_nor_does_he_have_to_be_as_loud_as_the_echo(proven):
    proven.pass_s(4.0)
    verdicts = proven.pass_s(0.5, user=0.04, ducked_db=60.0)
    assert Verdict.USER in verdicts[:20]


def test_an_echo_that_moves_is_no_user_though_plain_subtraction_leaves_all_of_it(proven):
    proven.pass_s(4.0)
    proven.delay = 8
    assert set(proven.pass_s(2.0)) == {Verdict.ECHO}
