"""When the next engine is opened, and when nobody tries any more."""

import pytest

from voiceloop.reopening import HOPELESS, GiveUp, Reopening, Retry
from voiceloop.vocabulary import Cause


@pytest.fixture
def reopening():
    """A session whose engine has been ready for a minute, at 100 s."""
    reopening = Reopening(60.0, seed=7)
    reopening.ready(40.0)
    return reopening


def attempts(reopening, since, count, cause=Cause.UNREACHABLE):
    """The distances between attempts that fail at once, and that of the first from the loss."""
    found, now = [], since
    for _ in range(count):
        verdict = reopening.lost(cause, now)
        assert isinstance(verdict, Retry)
        found.append(verdict.at_s - now)
        now = verdict.at_s
    return found


def test_the_first_attempt_comes_at_once_and_is_worth_a_word(reopening):
    assert reopening.lost(Cause.DROP, 100.0) == Retry(100.0, begins=True)


def test_the_next_ones_come_at_growing_distances_and_are_worth_none(reopening):
    found = attempts(reopening, 100.0, 8)
    assert found == pytest.approx([0.0, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0], rel=0.25)
    assert reopening.lost(Cause.DROP, 110.0).begins is False


def test_sessions_of_one_server_do_not_return_as_one():
    found = []
    for seed in (1, 2, 2):
        reopening = Reopening(60.0, seed)
        reopening.ready(0.0)
        found.append(attempts(reopening, 100.0, 5))
    assert found[0] != found[1] == found[2]


@pytest.mark.parametrize("cause", Cause)
def test_what_another_engine_cannot_cure_is_never_tried(reopening, cause):
    verdict = reopening.lost(cause, 100.0)
    assert (verdict == GiveUp()) is (cause in HOPELESS)


def test_an_engine_that_was_never_ready_is_not_tried_again():
    assert Reopening(60.0).lost(Cause.DROP, 1.0) == GiveUp()


def test_an_outage_that_lasts_too_long_is_the_end(reopening):
    reopening.lost(Cause.DROP, 100.0)
    assert isinstance(reopening.lost(Cause.UNREACHABLE, 158.0), Retry)
    assert reopening.lost(Cause.UNREACHABLE, 159.9) == GiveUp()


def test_with_no_time_at_all_there_is_one_attempt():
    reopening = Reopening(0.0)
    reopening.ready(0.0)
    assert reopening.lost(Cause.DROP, 100.0) == Retry(100.0, begins=True)
    assert reopening.lost(Cause.DROP, 100.1) == GiveUp()


def test_an_engine_that_breaks_down_at_once_does_not_end_the_outage(reopening):
    reopening.lost(Cause.DROP, 100.0)
    reopening.ready(101.0)
    again = reopening.lost(Cause.DROP, 105.9)
    assert again.begins is False
    assert again.at_s > 105.9
    reopening.ready(107.0)
    assert reopening.lost(Cause.DROP, 112.1) == Retry(112.1, begins=True)


def test_a_server_that_breaks_every_engine_down_at_once_is_given_up(reopening):
    now = 100.0
    while isinstance(verdict := reopening.lost(Cause.DROP, now), Retry):
        assert now < 170.0
        reopening.ready(verdict.at_s + 0.5)
        now = verdict.at_s + 3.0
    assert verdict == GiveUp()
    assert now > 155.0


def test_an_engine_that_took_over_in_a_quiet_moment_does_not_go_on_with_an_old_outage(reopening):
    reopening.lost(Cause.DROP, 100.0)
    reopening.ready(101.0)
    reopening.ready(3000.0)
    assert reopening.lost(Cause.DROP, 3002.0) == Retry(3002.0, begins=True)


def test_there_are_never_more_than_thirty_attempts_a_minute():
    reopening = Reopening(600.0)
    reopening.ready(0.0)
    now, times = 100.0, []
    for _ in range(20):  # short outages, each with an engine that is well for a while
        times.append(reopening.lost(Cause.DROP, now).at_s)
        reopening.ready(now)
        now += 5.0
    now = 200.0
    for _ in range(100):
        now = reopening.lost(Cause.UNREACHABLE, now).at_s
        times.append(now)
    for at in times:
        assert len([each for each in times if at <= each < at + 59.999]) <= 30


def test_an_engine_that_asked_nobody_does_not_end_the_outage():
    reopening = Reopening(60.0)
    reopening.opened(0.0)
    assert reopening.lost(Cause.UNREACHABLE, 20.0) == Retry(20.0, begins=True)
    reopening.opened(20.0)
    again = reopening.lost(Cause.UNREACHABLE, 50.0)
    assert again.begins is False
    reopening.opened(51.0)
    assert reopening.lost(Cause.UNREACHABLE, 81.0) == GiveUp()


def test_an_engine_that_answered_ends_it():
    reopening = Reopening(60.0)
    reopening.opened(0.0)
    reopening.lost(Cause.UNREACHABLE, 20.0)
    reopening.opened(20.0)
    reopening.ready(22.0)
    assert reopening.lost(Cause.UNREACHABLE, 90.0) == Retry(90.0, begins=True)


def test_what_a_server_never_had_is_not_waited_for():
    reopening = Reopening(60.0)
    reopening.opened(0.0)
    assert reopening.lost(Cause.UNSUPPORTED_DIALECT, 20.0) == GiveUp()
    reopening.ready(1.0)
    assert isinstance(reopening.lost(Cause.UNSUPPORTED_DIALECT, 20.0), Retry)


def test_an_engine_that_nobody_needed_for_long_does_not_go_on_with_an_old_outage():
    reopening = Reopening(60.0)
    reopening.opened(0.0)
    reopening.lost(Cause.DROP, 20.0)
    reopening.opened(21.0)
    assert reopening.lost(Cause.UNREACHABLE, 300.0) == Retry(300.0, begins=True)
    assert reopening.lost(Cause.UNREACHABLE, 300.1).begins is False
