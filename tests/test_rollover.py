"""When an engine is replaced before its server ends it. Times are seconds on the session's clock."""

import pytest

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.rollover import ROLL_OVER, ROLL_OVER_NOW, RollOver
from voiceloop.vocabulary import Tier, Traits


def engine(expires_in_s=None, tier=Tier.REALTIME):
    return on.EngineReady(tier, "m", Traits(), "ga", expires_in_s)


def times(commands):
    """When the next engine is prepared, and when nobody waits any more."""
    prepare, latest = commands
    assert (prepare.name, latest.name) == (ROLL_OVER, ROLL_OVER_NOW)
    return prepare.at_s, latest.at_s


@pytest.mark.parametrize(
    ("expires_in_s", "prepare_s", "latest_s"),
    [
        (None, 3300.0, 3570.0),
        (3600.0, 3300.0, 3570.0),
        (1800.0, 1500.0, 1770.0),
        (400.0, 300.0, 380.0),
        (60.0, 45.0, 57.0),
        (0.0, 0.0, 0.0),
    ],
)
def test_the_next_engine_is_prepared_early_and_taken_before_the_end(expires_in_s, prepare_s, latest_s):
    found = times(RollOver(3300.0).running(engine(expires_in_s), 1000.0))
    assert found == pytest.approx((1000.0 + prepare_s, 1000.0 + latest_s))


def test_a_standby_is_prepared_and_its_life_counts_from_then():
    roll_over = RollOver(3300.0)
    roll_over.running(engine(3600.0), 0.0)
    assert roll_over.standby is None
    assert roll_over.due() == [do.PrepareEngine(Tier.REALTIME)]
    standby = engine(3600.0)
    roll_over.prepared(standby, 3301.0)
    assert roll_over.standby is standby
    assert times(roll_over.running(standby, 3500.0)) == (6601.0, 6871.0)
    assert roll_over.standby is None


def test_the_life_of_an_engine_of_another_tier_counts_from_when_it_stood_by():
    roll_over = RollOver(3300.0)
    roll_over.running(engine(tier=Tier.REST), 0.0)
    better = engine(3600.0)
    roll_over.stands_by(better, 100.0)
    assert times(roll_over.running(better, 1000.0)) == (3400.0, 3670.0)


def test_the_life_of_one_that_was_let_go_says_nothing_about_the_next():
    roll_over = RollOver(3300.0)
    roll_over.stands_by(engine(3600.0), 100.0)
    assert times(roll_over.running(engine(3600.0), 1000.0)) == (4300.0, 4570.0)


def test_a_standby_that_waits_is_not_prepared_again():
    roll_over = RollOver(3300.0)
    roll_over.running(engine(), 0.0)
    roll_over.prepared(engine(), 3301.0)
    assert roll_over.due() == []


def test_a_standby_of_no_use_is_followed_by_another():
    roll_over = RollOver(3300.0)
    roll_over.running(engine(), 0.0)
    roll_over.prepared(engine(), 3301.0)
    assert roll_over.failed(3310.0) == [do.SetDeadline(ROLL_OVER, 3315.0)]
    assert roll_over.standby is None
    assert roll_over.due() == [do.PrepareEngine(Tier.REALTIME)]


def test_the_next_engine_is_of_the_same_tier():
    roll_over = RollOver(3300.0)
    roll_over.running(engine(tier=Tier.DEVICE), 0.0)
    assert roll_over.due() == [do.PrepareEngine(Tier.DEVICE)]


def test_without_an_engine_nothing_is_due_and_a_standby_stays():
    roll_over = RollOver(3300.0)
    roll_over.running(engine(), 0.0)
    roll_over.prepared(engine(), 3301.0)
    assert roll_over.stopped() == [do.ClearDeadline(ROLL_OVER), do.ClearDeadline(ROLL_OVER_NOW)]
    assert roll_over.standby is not None


def test_a_standby_that_fails_again_and_again_is_tried_less_and_less_often():
    roll_over = RollOver(100.0)
    assert [roll_over.failed(10.0)[0].at_s for _ in range(3)] == [15.0, 20.0, 30.0]
