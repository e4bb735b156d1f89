"""Requests that stall, and bodies that are too large, in memory on virtual time."""

from __future__ import annotations

import asyncio
import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from voiceloop.testing.clock import virtual_time
from voiceloop_local.rest import app as rest
from voiceloop_local.rest.problems import ApiProblem

SCOPE = {"type": "http", "method": "POST", "path": "/v1/x", "raw_path": b"/v1/x", "query_string": b"", "headers": []}


async def length(request: Request):
    return PlainTextResponse(str(len(await request.body())))


async def ask(sends, send=None, work=length):
    """Answer a client that sends these messages and then nothing; return what it got."""
    inner = Starlette(routes=[Route("/v1/x", work, methods=["POST"])], exception_handlers={ApiProblem: rest._problem})
    coming, got = iter(sends), []

    async def receive():
        for message in coming:
            return message
        return await asyncio.get_running_loop().create_future()

    async def keep(message):
        got.append(message)

    await rest._WhileConnected(inner)(SCOPE, receive, send or keep)
    return got


def part(size, *, more=True):
    return {"type": "http.request", "body": bytes(size), "more_body": more}


def told(got):
    return got[0]["status"], json.loads(got[1]["body"])["error"]["code"]


@virtual_time
async def test_a_body_that_fits_is_read():
    got = await ask([part(rest.LARGEST_BODY - 1), part(1, more=False)])
    assert (got[0]["status"], got[1]["body"]) == (200, str(rest.LARGEST_BODY).encode())


@virtual_time
async def test_a_body_in_many_pieces_waits_as_one():
    async def work(request: Request):
        pieces = [piece async for piece in request.stream() if piece]
        return PlainTextResponse(",".join(str(len(piece)) for piece in pieces))

    got = await ask([*[part(1)] * 5000, part(1, more=False)], work=work)
    assert got[1]["body"] == b"5001"


@virtual_time
async def test_a_body_that_is_too_large_is_refused_when_all_of_it_came():
    got = await ask([part(rest.LARGEST_BODY), part(1), part(1, more=False)])
    assert told(got) == (413, "too_large")


@virtual_time
async def test_a_body_without_end_is_refused_at_some_point():
    def endless():
        while True:
            yield part(rest.LARGEST_BODY)

    assert told(await ask(endless())) == (413, "too_large")


@virtual_time
async def test_a_body_that_stops_in_the_middle_is_not_waited_for():
    began = asyncio.get_running_loop().time()
    assert told(await ask([part(10)])) == (408, "timeout")
    assert asyncio.get_running_loop().time() - began == rest.STALLED_AFTER_S


@virtual_time
async def test_who_does_not_read_the_answer_is_let_go(caplog):
    async def never(_message):
        await asyncio.get_running_loop().create_future()

    began = asyncio.get_running_loop().time()
    await ask([part(1, more=False)], never)
    assert asyncio.get_running_loop().time() - began == rest.STALLED_AFTER_S
    assert not caplog.records
