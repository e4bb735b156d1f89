"""The REST families with the models on this machine: what is spoken by one is understood by the other."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import re
import shutil

import pytest
from openai import AsyncOpenAI

from voiceloop.clips import to_wav
from voiceloop.languages.shelf import language_for
from voiceloop_local.gateway import serve_gateway
from voiceloop_local.models.tts import EspeakVoice, narrate

pytestmark = [
    pytest.mark.real,
    pytest.mark.models,
    pytest.mark.timeout(180),
    pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning"),
]

TALE = (
    "The old harbour lay still in the morning light. A fisherman mended his nets beside the water. "
    "His daughter carried a basket of bread along the wall. Far out, a white sail turned towards the land. "
    "The bell in the tower struck seven times. Two dogs chased each other around the empty market. "
    "An old woman opened her window and shook out a blanket. Slowly the streets filled with people and noise. "
    "The baker shouted the price of his rolls. By noon the fog had gone and the sea was blue. "
    "Nobody remembered the storm of the night before. Only the broken mast on the beach told of it."
)


@contextlib.asynccontextmanager
async def serving():
    ready = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(serve_gateway("127.0.0.1", 0, None, "scripted", ready.put_nowait))
        async with asyncio.timeout(60):
            base_url = await ready.get()
        async with AsyncOpenAI(base_url=f"{base_url}/v1", api_key="none", max_retries=0) as client:
            yield client
        task.cancel()


def alike(one, other):
    words = [re.findall(r"\w+", text.lower()) for text in (one, other)]
    return difflib.SequenceMatcher(None, *words, autojunk=False).ratio()


async def test_what_is_spoken_is_written_down():
    async with serving() as client:
        short = await client.audio.speech.create(model="tts", voice="alloy", input="What time is it in Berlin?")
        told = await client.audio.transcriptions.create(model="m", file=("short.mp3", short.content))
        assert alike(told.text, "What time is it in Berlin?") == 1.0

        long = await client.audio.speech.create(model="tts", voice="alloy", input=TALE, response_format="wav")
        file = ("long.wav", long.content)
        whole = await client.audio.transcriptions.create(model="m", file=file, response_format="verbose_json")
        assert alike(whole.text, TALE) > 0.93
        assert len(whole.segments) > 1
        assert all(one.end <= other.start for one, other in zip(whole.segments, whole.segments[1:], strict=False))
        assert whole.segments[-1].end <= whole.duration

        if shutil.which("espeak-ng"):
            german = language_for("de")
            pcm = b"".join(narrate(EspeakVoice(german), "Hallo, wie kann ich dir helfen?", german))
            english = await client.audio.translations.create(model="m", file=("de.wav", to_wav(pcm, 24_000)))
            assert alike(english.text, "Hello, how can I help you?") > 0.9
