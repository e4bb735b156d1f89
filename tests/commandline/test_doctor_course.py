"""What doctor tells of a conversation is what its policy does."""

import pytest

from voiceloop.commandline.doctor_course import course
from voiceloop.failover import NOT_HIDDEN
from voiceloop.vocabulary import Cause, Tier

ALL = (Tier.REALTIME, Tier.REST, Tier.DEVICE)


def test_each_tier_follows_the_one_that_fails():
    assert list(course(ALL, {})) == list(ALL)


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("tier", [Tier.REST, Tier.DEVICE])
def test_a_lower_tier_that_cannot_be_opened_is_passed_over_whatever_the_cause(cause, tier):
    assert list(course(ALL, {tier: cause})) == [each for each in ALL if each is not tier]


@pytest.mark.parametrize("cause", Cause)
def test_a_first_tier_that_cannot_be_opened_is_passed_over_but_for_a_wrong_key_and_settings(cause):
    assert list(course(ALL, {Tier.REALTIME: cause})) == ([] if cause in NOT_HIDDEN else [Tier.REST, Tier.DEVICE])


def test_where_nobody_can_be_opened_nobody_answers():
    assert list(course(ALL, dict.fromkeys(ALL, Cause.UNREACHABLE))) == []
    assert list(course((), {})) == []
