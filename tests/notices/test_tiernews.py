"""What is news about the tiers."""

import pytest

from voiceloop.commands import ClearDeadline, SetDeadline
from voiceloop.notices.tiernews import TIER_NEWS, TierNews
from voiceloop.vocabulary import Tier

REALTIME, REST, DEVICE = Tier


@pytest.fixture
def news():
    """A conversation on the best tier."""
    news = TierNews(tuple(Tier))
    assert news.moved(REALTIME, 10.0) == []
    return news


def told(news, tier, now):
    """Move there, let it last, and tell it."""
    assert news.moved(tier, now) == [SetDeadline(TIER_NEWS, now + 2.0)]
    news.lasted()
    assert news.due
    return news.told()


def test_a_lower_tier_is_news_once_it_has_lasted(news):
    assert news.moved(REST, 20.0) == [SetDeadline(TIER_NEWS, 22.0)]
    assert not news.due
    news.lasted()
    assert news.due
    assert news.told() is True
    assert not news.due


def test_what_is_taken_back_at_once_is_none(news):
    news.moved(REST, 20.0)
    assert news.moved(REALTIME, 21.0) == [ClearDeadline(TIER_NEWS)]
    assert not news.due


def test_what_was_not_told_yet_when_it_is_taken_back_is_none_any_more(news):
    news.moved(REST, 20.0)
    news.lasted()
    assert news.moved(REALTIME, 25.0) == []
    assert not news.due


def test_lower_still_is_no_news_to_who_knows(news):
    told(news, REST, 20.0)
    assert news.moved(DEVICE, 30.0) == []
    assert not news.due


def test_half_the_way_up_is_no_news(news):
    told(news, DEVICE, 20.0)
    assert news.moved(REST, 30.0) == []
    assert not news.due


def test_all_the_way_up_is_news_to_who_knows(news):
    told(news, REST, 20.0)
    assert told(news, REALTIME, 30.0) is False


def test_the_next_outage_is_news_again(news):
    told(news, REST, 20.0)
    told(news, REALTIME, 30.0)
    assert told(news, REST, 40.0) is True


def test_a_better_tier_than_the_first_is_no_news():
    news = TierNews(tuple(Tier))
    news.moved(REST, 10.0)
    assert news.moved(REALTIME, 20.0) == []
    assert news.moved(REST, 30.0) == [SetDeadline(TIER_NEWS, 32.0)]


def test_which_tier_is_better_is_for_settings_to_say():
    news = TierNews((DEVICE, REALTIME))
    news.moved(DEVICE, 10.0)
    assert news.moved(REALTIME, 20.0) == [SetDeadline(TIER_NEWS, 22.0)]
