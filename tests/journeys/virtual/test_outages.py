"""A conversation outlives whatever a network, a gateway and the age of a session do to its connection."""

import pytest

from journeys import outages
from journeys.journey import tapes

CELLS = outages.cells()


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_the_conversation_goes_on(cell):
    """Twenty of them share a loop; the first one that is asked for holds them all."""
    outcome = outages.outcome_of(cell)
    tapes[:] = [lambda: outcome.tape]
    assert not outcome.problems, "\n".join(outcome.problems)
