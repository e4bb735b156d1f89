"""A whole conversation with services that ask a server, over real connections."""

from __future__ import annotations

import asyncio
import json

import pytest
from pydantic import SecretStr

from engines.cascade.talk import recording
from voiceloop.agent import Agent
from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.engines.services.rest_services import rest_services
from voiceloop.session import Session
from voiceloop.settings import AgentSettings, BackendSettings, ModelSettings, Settings
from voiceloop.testing.line import NumberedLine
from voiceloop.testing.rest import RestAnswer, ScriptedRest

SPEECH = RestAnswer(b"\x01\x10" * 2400, headers={"Content-Type": "audio/pcm"})
MODELS = ModelSettings(chat="some-chat", speech="some-voice", transcription="some-ears")


def streamed(*texts):
    deltas = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in texts]
    deltas.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    deltas.append({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}})
    pieces = [f"data: {json.dumps(delta)}\n\n".encode() for delta in deltas]
    return RestAnswer([*pieces, b"data: [DONE]\n\n"], headers={"Content-Type": "text/event-stream"})


@pytest.mark.real
async def test_a_spoken_question_is_answered_by_a_rest_server():
    routes = {
        "POST /v1/audio/transcriptions": [RestAnswer({"text": "what time is it"})] * 3,
        "POST /v1/chat/completions": [streamed("It is ", "noon. ", "And it ", "rains.")],
        "POST /v1/audio/speech": [SPEECH, SPEECH],
    }
    async with ScriptedRest(routes) as rest:
        backend = BackendSettings(base_url=rest.base_url, api_key=SecretStr("sk-of-a-test"))
        settings = Settings(backend=backend, agent=AgentSettings(models=MODELS))
        engine = CascadeEngine(lambda seed: rest_services(settings, seed.language))
        line, said = NumberedLine(), []
        async with asyncio.timeout(30), Session(Agent(), line=line, settings=settings, engine=engine) as session:
            line.say_pcm(recording("time_question.wav", session.rate_hz))
            async for told in session:
                said.append(told.as_dict())
                if told.event == "agent_said":
                    break
    assert said[-1]["heard_text"] == "It is noon. And it rains."
    assert said[-1]["heard_ms"] == 200
    asked = [heard.path for heard in rest.heard]
    assert asked.count("/v1/chat/completions") == 1
    assert asked.count("/v1/audio/speech") == 2
