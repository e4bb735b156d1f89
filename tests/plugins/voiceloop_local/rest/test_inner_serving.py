"""Answers on their way: whole, streamed, left by their client."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from chatting import KEY, served
from voiceloop_local.models.chat import ChatBrain
from voiceloop_local.seams import Say

pytestmark = pytest.mark.real

CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


class Lingers:
    """A brain that says one word and then thinks for ever."""

    def __init__(self):
        self.ended = asyncio.Event()

    async def think(self, instructions, items, tools, say, language="en"):
        try:
            yield Say("One")
            await asyncio.get_running_loop().create_future()
        finally:
            self.ended.set()


def client_of(gateway):
    return httpx.AsyncClient(base_url=f"{gateway.base_url}/v1", headers={"Authorization": f"Bearer {KEY}"})


async def test_words_go_out_while_the_brain_thinks_and_it_stops_when_its_client_leaves(fakes):
    brain = Lingers()
    async with served(fakes, brain) as gateway, client_of(gateway) as client, asyncio.timeout(10):
        async with client.stream("POST", "/chat/completions", json=CHAT | {"stream": True}) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            lines = response.aiter_lines()
            while "One" not in await anext(lines):
                assert not brain.ended.is_set()
            await lines.aclose()
        await brain.ended.wait()


async def test_a_brain_stops_when_nobody_waits_for_the_whole_answer(fakes):
    brain = Lingers()
    async with served(fakes, brain) as gateway, asyncio.timeout(10):
        async with client_of(gateway) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post("/chat/completions", json=CHAT, timeout=0.5)
        await brain.ended.wait()


async def test_one_gateway_can_be_the_brain_of_another(fakes):
    async with served(fakes) as behind:
        brain = ChatBrain(behind.base_url, "m", KEY)
        async with served(fakes, brain) as gateway, client_of(gateway) as client:
            told = await client.post("/chat/completions", json=CHAT)
        await brain.aclose()
    assert told.json()["choices"][0]["message"]["content"] == "You said: Hi."
