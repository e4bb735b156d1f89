"""Tokens that open sessions for a while."""

from voiceloop_local.rest.tokens import MOST, Tokens


def test_a_token_counts_until_it_expires():
    tokens = Tokens()
    token, until = tokens.mint(1000.5, lasts_s=60)
    assert until == 1060
    assert tokens.counts(token, 1059.9)
    assert not tokens.counts(token, 1060.0)


def test_what_nobody_lent_does_not_count():
    assert not Tokens().counts("ek_made_up", 0.0)


def test_the_oldest_goes_when_there_are_many():
    tokens = Tokens()
    first, *_, last = [tokens.mint(1000.0)[0] for _ in range(MOST + 1)]
    assert not tokens.counts(first, 1001.0)
    assert tokens.counts(last, 1001.0)


def test_expired_ones_make_room_before_that():
    tokens = Tokens()
    for _ in range(MOST - 1):
        tokens.mint(0.0, lasts_s=10)
    kept, _ = tokens.mint(0.0, lasts_s=100)
    tokens.mint(50.0)
    assert tokens.counts(kept, 51.0)
