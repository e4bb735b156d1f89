"""A client that waits for nothing, and servers that answer as told."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from datetime import UTC, datetime

import pytest

from voiceloop.dgrid.client import Client, OpenAnswer, Request, World
from voiceloop.dgrid.failures import Failure, Kind, RequestFailedError, RequestRefusedError
from voiceloop.dgrid.retries import Repeat, Retries
from voiceloop.testing.rest import RestAnswer, ScriptedRest

KEY = "sk-canary-4711-abcdef"  # pragma: allowlist secret
GET = Request("GET", "/v1/x", repeat=Repeat.SAFE)
POST = Request("POST", "/v1/x", b'{"a":1}')
FINE = RestAnswer({"fine": True})
BUSY = RestAnswer({"error": {"message": "busy"}}, 503)
ENDLESS = RestAnswer([b"data: 1\n\n"], ends="never")
SILENT = RestAnswer(silent=True, ends="never")
GONE = RestAnswer(silent=True, ends="cut")


class Waits(list):
    """Notes how long a client would have waited."""

    async def __call__(self, wait_s):
        self.append(wait_s)


def client(rest, **more):
    waits = Waits()
    world = World(chance=lambda: 0.0, pause=waits, now=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    made = Client(getattr(rest, "base_url", rest), KEY, world=world, **{"retries": Retries(first_s=1), **more})
    made.waits = waits
    return made


def script(*answers, request=GET):
    return ScriptedRest({f"{request.method} {request.path}": answers})


class Told(Client):
    """Hands out one stream, without a socket: some bytes, then the end that was chosen."""

    def __init__(self, *pieces, ends="well"):
        super().__init__("http://127.0.0.1:1", KEY)
        self._pieces = [piece for piece in pieces if piece]
        self._ends = ends
        self.status = 200
        self.headers = {"content-type": "text/event-stream"}
        self.request_id = "req_1"

    @contextlib.asynccontextmanager
    async def stream(self, request):
        yield OpenAnswer(self, self._apart, self.error)

    async def _apart(self, name, work):
        return await work

    async def chunk(self):
        await asyncio.sleep(0)
        if self._pieces:
            return self._pieces.pop(0)
        if self._ends == "never":
            await asyncio.Event().wait()
        return Failure(Kind.DROPPED) if self._ends == "cut" else None


async def refusal(asking):
    """The failure that a request ends with; the key is nowhere around it."""
    with pytest.raises((RequestRefusedError, RequestFailedError)) as caught:
        await asking
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))
    assert "canary" not in shown
    return caught.value.failure
