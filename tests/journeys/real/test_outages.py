"""Conversations outlive their connections over real sockets as well; a proxy stands between client and server."""

import asyncio

import pytest

from journeys import outages
from journeys.journey import tapes
from journeys.outage_sockets import SocketTalk

NAMES = (
    "close 1001, user speaking, ga",
    "close 1011, thinking, beta",
    "reset, idle, ga",
    "reset, user speaking, beta",
    "reset, agent speaking, ga",
    "freeze, user speaking, ga",
    "freeze, tool running, beta",
    "refuse 3 s, user speaking, ga",
    "HTTP 503 for 3 s, audio queued, ga",
    "session_expired, tool running, ga",
    "cut in a frame down, agent speaking, beta",
    "HTTP 401, audio queued, ga",
)


@pytest.fixture(scope="module")
def outcomes():
    """All of them are held at the same time."""
    cells = {cell.name: cell for cell in outages.cells()}

    async def everyone():
        async with asyncio.TaskGroup() as group:
            return [group.create_task(outages.hold(cells[name], SocketTalk), name=name) for name in NAMES]

    return {task.result().cell.name: task.result() for task in asyncio.run(everyone())}


@pytest.mark.parametrize("name", NAMES)
def test_the_conversation_goes_on(name, outcomes):
    outcome = outcomes[name]
    tapes[:] = [lambda: outcome.tape]
    assert not outcome.problems, "\n".join(outcome.problems)
