"""Realtime goes and does not come back: the next tier answers the turn in hand, and gives it back when it is there."""

import pytest

from journeys import tier_outages
from journeys.journey import tapes

CELLS = tier_outages.cells()


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_the_next_tier_goes_on(cell):
    """Twenty of them share a loop; the first one that is asked for holds them all."""
    outcome = tier_outages.outcome_of(cell)
    tapes[:] = [lambda: outcome.tape]
    assert not outcome.problems, "\n".join(outcome.problems)
