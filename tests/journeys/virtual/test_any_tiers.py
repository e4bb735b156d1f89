"""Whole conversations in which any of three tiers fails at any time and is mended again, counted by samples."""

import pytest

from journeys import tier_any
from journeys.journey import tapes
from voiceloop.testing.clock import run_virtual
from voiceloop.testing.voices import numbers_are_speech

EVERY_DAY, ALL = range(40), range(500)
SEEDS = [pytest.param(seed, marks=[] if seed in EVERY_DAY else pytest.mark.long) for seed in ALL]


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_fails_nothing_is_lost_and_nothing_is_repeated(seed):
    with numbers_are_speech():
        outcome = run_virtual(tier_any.hold(seed))
    tapes[:] = [lambda: outcome.tape]
    found = "\n".join(outcome.problems)
    assert not outcome.problems, f"seed {seed}: {outcome.plan}\n{found}"
