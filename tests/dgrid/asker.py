"""A client that waits for nothing, and servers that answer as told."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime

import pytest

from voiceloop.dgrid.client import Client, Request, World
from voiceloop.dgrid.failures import RequestFailedError, RequestRefusedError
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


async def refusal(asking):
    """The failure that a request ends with; the key is nowhere around it."""
    with pytest.raises((RequestRefusedError, RequestFailedError)) as caught:
        await asking
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))
    assert "canary" not in shown
    return caught.value.failure
