"""Whole conversations in which any of three tiers fails at any time and is mended again, counted by samples."""

import pytest

from journeys import tier_any
from journeys.journey import tapes
from thorough import thorough
from voiceloop.testing.clock import run_virtual
from voiceloop.testing.voices import numbers_are_speech

pytestmark = pytest.mark.timeout(7200)  # with HYPOTHESIS_PROFILE=long

EVERY_DAY, LONG = 40, 500
SEEDS = EVERY_DAY if thorough.max_examples <= 500 else LONG


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_fails_nothing_is_lost_and_nothing_is_repeated(seed):
    with numbers_are_speech():
        outcome = run_virtual(tier_any.hold(seed))
    tapes[:] = [lambda: outcome.tape]
    found = "\n".join(outcome.problems)
    assert not outcome.problems, f"seed {seed}: {outcome.plan}\n{found}"
