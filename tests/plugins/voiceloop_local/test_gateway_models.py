"""The gateway with the models on this machine and the stock client: what a first user meets."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import difflib
import socket
import wave
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from voiceloop.audio.resample import Resampler
from voiceloop.errors import UsageError
from voiceloop_local.gateway import serve_gateway
from voiceloop_local.models import open_models

pytestmark = [pytest.mark.real, pytest.mark.models]

SPEECH = Path(__file__).parents[2] / "fixtures/speech"
KEY = "sk-planted"
SPOKEN_TO_HEARD_S = 3.0
"""From the last speech sample to the first audio: 0.6 s on two idle cores. A bound for a busy machine, no claim."""
ORDER = {
    "type": "function",
    "name": "order_status",
    "description": "Where an order is.\nExamples: where is order {order_id}",
    "parameters": {"type": "object", "properties": {"order_id": {"type": "integer"}}, "required": ["order_id"]},
}


@contextlib.asynccontextmanager
async def serving(brain):
    urls = []
    ready = asyncio.Event()

    def announce(url):
        urls.append(url)
        ready.set()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(serve_gateway("127.0.0.1", 0, KEY, brain, announce))
        async with asyncio.timeout(60):
            await ready.wait()
        yield AsyncOpenAI(base_url=f"{urls[0]}/v1", api_key=KEY)
        assert len(urls) == 1
        task.cancel()


def spoken_24k(name):
    with wave.open(str(SPEECH / name)) as file:
        resampler = Resampler(file.getframerate(), 24_000)
        return resampler.feed(file.readframes(file.getnframes())) + resampler.drain()


async def speak(connection, pcm):
    """Stream in real time; returns when the last sample that is not zero was sent."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    last_loud = len(pcm.rstrip(b"\0"))
    for n, start in enumerate(range(0, len(pcm), 960)):
        await asyncio.sleep(max(0.0, begin + (n + 1) * 0.02 - loop.time()))
        await connection.input_audio_buffer.append(audio=base64.b64encode(pcm[start : start + 960]).decode())
    return begin + last_loud / 48_000


async def ask(connection, name):
    """Say a fixture; returns the answer's events and how long the first audio took."""
    loop = asyncio.get_running_loop()
    events, first_audio_s = [], None
    async with asyncio.TaskGroup() as group, asyncio.timeout(30):
        speaking = group.create_task(speak(connection, spoken_24k(name) + bytes(48_000)))
        async for event in connection:
            assert event.type != "error", event
            events.append(event)
            if event.type == "response.output_audio.delta" and first_audio_s is None:
                first_audio_s = loop.time()
            if event.type == "response.done":
                break
    return events, (first_audio_s or loop.time()) - speaking.result()


async def hear_back(events):
    """What the answer's audio says, recognised again."""
    pcm = b"".join(base64.b64decode(event.delta) for event in events if event.type == "response.output_audio.delta")
    async with open_models() as models:
        return await models.transcriber.transcribe(pcm, 24_000)


@pytest.mark.timeout(180)
async def test_a_spoken_question_is_answered_soon_and_audibly():
    async with serving("scripted") as client, client.realtime.connect(model="m") as connection:
        await connection.session.update(
            session={"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
        )
        events, took_s = await ask(connection, "hello.wav")
    words = next(event.transcript for event in events if event.type.endswith("input_audio_transcription.completed"))
    assert words == "Hello, how are you?"
    assert took_s <= SPOKEN_TO_HEARD_S
    said = await hear_back(events)
    assert difflib.SequenceMatcher(None, said.lower(), "you said hello, how are you?").ratio() > 0.85


@pytest.mark.timeout(180)
async def test_the_local_brain_calls_a_tool_for_a_spoken_sentence_and_tells_its_result():
    async with serving("local") as client, client.realtime.connect(model="m") as connection:
        await connection.session.update(session={"type": "realtime", "tools": [ORDER]})
        events, _ = await ask(connection, "order.wav")
        [call] = events[-1].response.output
        assert (call.name, call.arguments) == ("order_status", '{"order_id": 17}')
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "Order 17 leaves today."}
        await connection.conversation.item.create(item=output)
        await connection.response.create()
        async with asyncio.timeout(20):
            async for event in connection:
                if event.type == "response.done":
                    break
    assert "leaves today" in event.response.output[0].content[0].transcript


async def test_a_busy_port_is_named_before_any_model_is_loaded():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="is busy"):
        await serve_gateway("127.0.0.1", taken.getsockname()[1], None, "local", lambda _: None)
