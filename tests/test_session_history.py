"""A session that has its conversation summed up by a chat model over HTTP."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from voiceloop.agent import Agent
from voiceloop.engines.realtime import RealtimeEngine
from voiceloop.session import Session
from voiceloop.settings import BackendSettings, Settings
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.memory import MemoryNetwork
from voiceloop.testing.rest import RestAnswer, ScriptedRest
from voiceloop.testing.script import Reply, Spoken
from voiceloop.vocabulary import Summary

KEY = "sk-history-0123456789abcdef"  # pragma: allowlist secret
LONG = "bread with seeds, bread without seeds, rolls with seeds and rolls without seeds"


@pytest.mark.real
async def test_the_backends_chat_model_sums_up_and_a_new_connection_gets_it():
    summary = {"choices": [{"index": 0, "message": {"content": "They spoke of bread."}, "finish_reason": "stop"}]}
    gateway = ScriptedGateway(default=Reply((Spoken(LONG),)))
    agent = Agent(language="de", models={"chat": "talker"}, history={"limit": 100, "keep_turns": 1})
    async with ScriptedRest({"POST /v1/chat/completions": [RestAnswer(summary)]}) as rest:
        settings = Settings(backend=BackendSettings(base_url=rest.base_url, api_key=SecretStr(KEY)))
        engine = RealtimeEngine(settings, dial=MemoryNetwork(gateway).connect)
        async with Session(agent, settings=settings, engine=engine) as session, asyncio.timeout(20):
            lines = aiter(session)

            async def turn(text):
                await session.send_text(text)
                while (await anext(lines)).event != "agent_said":
                    pass

            for number in range(1, 5):
                await turn(f"number {number}")
            await gateway.until(lambda: any(each.conversation.items for each in gateway.connections[1:]))
        (heard,) = rest.heard
    assert heard.json["model"] == "talker"
    assert "in German" in heard.json["messages"][0]["content"]
    assert LONG in heard.json["messages"][1]["content"]
    assert session.history[0] == Summary("They spoke of bread.")
    told = [event["item"] for event in gateway.connections[1].received if event["type"] == "conversation.item.create"]
    assert told[0]["content"][0]["text"] == Summary("They spoke of bread.").told
