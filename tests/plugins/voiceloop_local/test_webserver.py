"""The web server as a guest: it ends at once whatever clients do, and keeps their keys out of the log."""

from __future__ import annotations

import asyncio
import json
import logging
import socket

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from voiceloop_local import gateway as front
from voiceloop_local.gateway import Gateway
from voiceloop_local.scripted import ScriptedBrain
from voiceloop_local.webserver import _Socket

pytestmark = pytest.mark.real

KEY = "sk-planted"
HANDSHAKE = (
    b"GET /v1/realtime?model=m HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Authorization: Bearer sk-planted\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.fixture
def gateway(fakes):
    def make(brain=None):
        return Gateway("127.0.0.1", 0, KEY, fakes.transcriber("x"), fakes.speaker(0), brain or ScriptedBrain())

    return make


class Pondering(ScriptedBrain):
    """Never comes to an end."""

    def __init__(self):
        self.began, self.ended = asyncio.Event(), asyncio.Event()

    async def think(self, *_asked):
        self.began.set()
        try:
            await asyncio.get_running_loop().create_future()
            yield
        finally:
            self.ended.set()


async def deaf_client(port):
    """A client that asks for more than it ever reads."""
    loop = asyncio.get_running_loop()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)  # noqa: FBT003 - the standard library's signature
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, HANDSHAKE)
    assert (await loop.sock_recv(client, 12)) == b"HTTP/1.1 101"
    update = {"type": "session.update", "session": {"type": "realtime", "instructions": "i" * 200_000}}
    frame = Frame(Opcode.TEXT, json.dumps(update).encode()).serialize(mask=True)
    for _ in range(25):
        await loop.sock_sendall(client, frame)
    return client


@pytest.fixture
def clogged(monkeypatch):
    """Set as soon as a socket's client leaves too much unread."""
    event = asyncio.Event()
    pause = _Socket.pause_writing

    def pause_and_tell(self):
        pause(self)
        event.set()

    monkeypatch.setattr(_Socket, "pause_writing", pause_and_tell)
    return event


async def test_it_ends_although_a_client_does_not_read(gateway, clogged):
    async with asyncio.timeout(10):
        async with gateway() as server:
            client = await deaf_client(server.port)
            url = f"ws://127.0.0.1:{server.port}/v1/realtime?model=m"
            other = await connect(url, additional_headers={"Authorization": f"Bearer {KEY}"})
            await clogged.wait()
        async for _ in other:
            pass
    client.close()
    assert other.close_code == 1001


async def test_it_ends_although_an_answer_is_under_way(gateway, caplog):
    brain = Pondering()
    async with asyncio.timeout(10):
        async with gateway(brain) as server, httpx.AsyncClient(base_url=server.base_url) as client:
            headers = {"Authorization": f"Bearer {KEY}"}
            body = {"model": "m", "prompt": "hello"}
            asked = asyncio.get_running_loop().create_task(client.post("/v1/completions", json=body, headers=headers))
            await brain.began.wait()
            await server.__aexit__(None, None, None)
            with pytest.raises(httpx.RemoteProtocolError):
                await asked
    assert brain.ended.is_set()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_keys_stay_out_of_the_log(gateway, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("websockets.client").setLevel(logging.WARNING)  # it tells what it sends itself
    async with gateway() as server:
        shown = {"Authorization": f"Bearer {KEY}"}
        async with connect(f"ws://127.0.0.1:{server.port}/v1/realtime?model=m&key={KEY}", additional_headers=shown):
            pass
    assert "session" in caplog.text
    assert KEY not in caplog.text


async def test_more_requests_than_fit_in_memory_are_put_off(gateway, monkeypatch):
    monkeypatch.setattr(front, "MOST_REQUESTS", 1)
    brain = Pondering()
    async with gateway(brain) as server, httpx.AsyncClient(base_url=server.base_url) as client:
        headers = {"Authorization": f"Bearer {KEY}"}
        body = {"model": "m", "prompt": "hello"}
        asked = asyncio.get_running_loop().create_task(client.post("/v1/completions", json=body, headers=headers))
        await brain.began.wait()
        refused = await client.post("/v1/completions", json=body, headers=headers)
        asked.cancel()
        await brain.ended.wait()
        served = await client.post("/v1/embeddings", json={"model": "m", "input": "hello"}, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "rate_limit_exceeded")
    assert served.status_code == 200
