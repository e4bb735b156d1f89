"""The counters of a session's tiers."""

from voiceloop.tally import Tally
from voiceloop.vocabulary import Tier


def test_a_session_of_one_tier():
    tally = Tally()
    tally.came(Tier.REALTIME, 100.0)
    assert tally.told(160.0) == {"seconds": {"realtime": 60.0}, "outages": 0, "moves": 0}


def test_an_outage_belongs_to_nobody():
    tally = Tally()
    tally.came(Tier.REALTIME, 100.0)
    tally.gone(110.0)
    tally.gone(111.0)
    tally.came(Tier.REALTIME, 115.0)
    assert tally.told(120.0) == {"seconds": {"realtime": 15.0}, "outages": 1, "moves": 0}


def test_a_fall_and_a_return_are_two_moves_and_only_the_fall_is_an_outage():
    tally = Tally()
    tally.came(Tier.REALTIME, 100.0)
    tally.gone(110.0)
    tally.came(Tier.REST, 110.5)
    tally.came(Tier.REALTIME, 120.5)
    assert tally.told(121.0) == {"seconds": {"realtime": 10.5, "rest": 10.0}, "outages": 1, "moves": 2}


def test_a_session_that_nobody_answered():
    assert Tally().told(1.0) == {"seconds": {}, "outages": 0, "moves": 0}
