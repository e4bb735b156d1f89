"""Services that ask a scripted server over a real connection."""

from __future__ import annotations

import contextlib

import pytest

from voiceloop.dgrid.client import Client, World
from voiceloop.testing.rest import ScriptedRest


async def no_wait(_):
    """A pause between two attempts that takes no time."""


@pytest.fixture
def asking():
    """Open a server that follows a script and a client of it; yields both."""

    @contextlib.asynccontextmanager
    async def opened(**script):
        routes = {f"POST /v1/{path.replace('__', '/')}": answers for path, answers in script.items()}
        async with ScriptedRest(routes) as rest, Client(rest.base_url, "sk-test", world=World(pause=no_wait)) as client:
            yield rest, client

    return opened
