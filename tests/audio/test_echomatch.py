"""The loudspeaker's sound is known at any delay, a user is not taken for it."""

from __future__ import annotations

import numpy as np
import pytest

from journeys.echoroom import speech
from voiceloop.audio.echomatch import EchoMatch

AGENT, USER = ("two_questions", "order"), "time_question_c"


def shares(rate_hz, *, echo=1.0, user=0.0, delay_ms=60, clipped_at=1.0):
    """What the loudspeaker explains, every 50 ms of three seconds of it."""
    said, late = speech(rate_hz, *AGENT, seconds=3.0), int(delay_ms * rate_hz / 1000)
    near = echo * np.clip(np.concatenate((np.zeros(late), said)), -clipped_at, clipped_at)[: len(said)]
    near += user * np.resize(speech(rate_hz, USER), len(near))
    match, found = EchoMatch(rate_hz), []
    for number, start in enumerate(range(0, len(said), rate_hz // 100)):
        block = slice(start, start + rate_hz // 100)
        match.follow(near[block], said[block], near[block])
        if number >= 60 and number % 5 == 0:
            found.append(match.share())
    return np.array(found)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
@pytest.mark.parametrize("delay_ms", [60, 153.3, 350])
def test_an_echo_is_explained_at_any_delay(rate_hz, delay_ms):
    assert np.median(shares(rate_hz, delay_ms=delay_ms)) > 0.85


def test_most_of_a_clipped_one_too():
    assert np.median(shares(24_000, clipped_at=0.12)) > 0.6


@pytest.mark.parametrize(("user", "share"), [(1.0, 0.6), (1.4, 0.45)])
def test_a_user_is_not(user, share):
    assert np.median(shares(24_000, user=user)) < share
    assert np.median(shares(24_000, echo=0.0, user=user)) < 0.35


def test_what_subtraction_leaves_is_looked_at_by_itself():
    agent, user = speech(24_000, *AGENT, seconds=3.0), 0.3 * speech(24_000, USER, seconds=3.0)
    match, shares, left = EchoMatch(24_000), [], []
    for start in range(0, len(agent), 240):
        block = slice(start, start + 240)
        match.follow(agent[block] + user[block], agent[block], user[block])
        shares.append(match.share())
        left.append(match.share_left())
    assert np.median(shares[60:]) > 0.8
    assert np.median(left[60:]) < 0.3


def test_silence_is_nobodys():
    match = EchoMatch(24_000)
    match.follow(np.zeros(240), np.zeros(240), np.zeros(240))
    assert match.share() == 0.0
