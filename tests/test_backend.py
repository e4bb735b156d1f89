from __future__ import annotations

import asyncio
import contextlib

import pytest

from test_choosing import listing
from voiceloop import backend
from voiceloop.backend import chat_servers, embedded_backend, with_backend
from voiceloop.embedded import EmbeddedGateway
from voiceloop.settings import Settings

# Chat servers on this machine


@pytest.mark.real
async def test_a_chat_server_that_answers_is_offered_and_an_embedded_gateway_is_none(monkeypatch, unused_tcp_port):
    async with (
        listing("llama3.2", "other", owner="library") as chat,
        listing("v", owner="voiceloop") as ours,
        listing() as empty,
    ):
        places = (chat, ours, empty, f"http://127.0.0.1:{unused_tcp_port}")
        monkeypatch.setattr(backend, "CHAT_SERVERS", places)
        assert await chat_servers() == [(chat, "llama3.2")]
        assert await backend.ways_to_more() == [
            "More than these sentences: set DGRID_API_KEY (voiceloop login keeps it), or let a chat server think:",
            f"  voiceloop talk --brain {chat}/v1    (llama3.2 answers there)",
        ]


@pytest.mark.real
async def test_a_port_that_is_silent_holds_nothing_up(monkeypatch):
    gone = asyncio.Event()

    async def silent(reader, writer):
        await reader.read()
        writer.close()
        gone.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, asyncio.timeout(2):
        monkeypatch.setattr(backend, "CHAT_SERVERS", (f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",))
        assert await chat_servers() == []
        await gone.wait()


async def test_who_names_a_brain_is_told_of_no_other(monkeypatch):
    asked = []

    @contextlib.asynccontextmanager
    async def embedded(told, *, brain, language):
        asked.append((brain, language))
        yield EmbeddedGateway("http://127.0.0.1:1", "k")

    monkeypatch.setattr(backend, "embedded_gateway", embedded)
    told = []
    async with contextlib.AsyncExitStack() as stack:
        gateway = await embedded_backend(stack, told.append, brain="scripted", language="de-AT")
    assert asked == [("scripted", "de-AT")]
    assert "--brain" not in "".join(told)
    ready = with_backend(Settings(), gateway).backend
    assert (ready.base_url, ready.api_key.get_secret_value()) == ("http://127.0.0.1:1", "k")
