"""Answers that go out while they are made."""

from __future__ import annotations

import asyncio

import pytest

from voiceloop_local.rest.streaming import EVENTS, Streamed, event

SCOPE = {"type": "http", "asgi": {"spec_version": "2.3"}}


def test_an_event_is_one_line_of_json_with_a_name_where_there_is_one():
    assert event({"delta": "so\n", "n": 1}) == b'data: {"delta":"so\\n","n":1}\n\n'
    assert event({}, "done") == b"event: done\ndata: {}\n\n"


async def test_chunks_go_out_as_they_come():
    sent = []

    async def chunks():
        yield b"one"
        assert sent[-1]["body"] == b"one"
        yield b"two"

    async def send(message):
        sent.append(message)

    await Streamed(chunks(), EVENTS)({**SCOPE}, asyncio.Event().wait, send)
    assert [message.get("body") for message in sent] == [None, b"one", b"two", b""]
    headers = dict(sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert headers[b"cache-control"] == b"no-cache"


async def test_what_makes_the_chunks_is_closed_when_the_client_leaves():
    closed = asyncio.Event()
    leaving = asyncio.Event()

    async def chunks():
        try:
            while True:
                yield b"more"
        finally:
            closed.set()

    async def send(message):
        if message.get("body"):
            leaving.set()
            await asyncio.Event().wait()

    async def receive():
        await leaving.wait()
        return {"type": "http.disconnect"}

    await Streamed(chunks(), EVENTS)({**SCOPE}, receive, send)
    assert closed.is_set()


async def test_it_is_closed_when_sending_fails():
    closed = asyncio.Event()

    async def chunks():
        try:
            yield b"more"
        finally:
            closed.set()

    async def send(message):
        if message.get("body"):
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await Streamed(chunks(), EVENTS)({**SCOPE}, asyncio.Event().wait, send)
    assert closed.is_set()
