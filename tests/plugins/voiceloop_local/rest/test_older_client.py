"""The gateway's families as OpenAI's client of the first version meets them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from voiceloop.clips import to_wav
from voiceloop_local.gateway import MODEL_IDS, Gateway
from voiceloop_local.scripted import ScriptedBrain

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[4]
KEY = "sk-planted"
CALL = ["get_weather", '{"city": "Weather in Paris"}']


@pytest.fixture
def python():
    path = ROOT / ".venv-beta/bin/python"
    if not path.exists() and os.environ.get("CI") == "true":
        subprocess.run([ROOT / "scripts/beta_client_env"], check=True, env={**os.environ, "PYTHON": sys.executable})
    if not path.exists():
        pytest.skip("THE FAMILIES ARE NOT TESTED AGAINST THE OLDER STOCK CLIENT: run scripts/beta_client_env")
    return path


async def test_the_older_stock_client_asks_every_family(python, fakes, tmp_path):
    recording = tmp_path / "speech.wav"
    recording.write_bytes(to_wav(fakes.tone(1000, 16_000), 16_000))
    ears, speaker = fakes.transcriber("Hello there, Ada.", takes_s=0, languages=[("en", 0.9)] * 9), fakes.speaker(0)
    async with Gateway("127.0.0.1", 0, KEY, ears, speaker, ScriptedBrain()) as gateway:
        program = Path(__file__).with_name("older_client.py")
        process = await asyncio.create_subprocess_exec(
            python, "-W", "ignore", program, f"{gateway.base_url}/v1", KEY, recording,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(60):
            out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    report = json.loads(out)
    kinds = report["responses"].pop("kinds")
    assert {"response.created", "response.function_call_arguments.delta", "response.completed"} <= set(kinds)
    assert report.pop("version").startswith("1.")
    assert report.pop("speech") > 1000
    assert report == {
        "models": len(MODEL_IDS),
        "chat": {"call": CALL, "text": "The tool returned: rain.", "usage": True},
        "responses": {"call": CALL, "text": "The tool returned: rain."},
        "completion": "You said: Hi you.",
        "embeddings": [256, 256],
        "flagged": True,
        "picture": 1,
        "transcript": "Hello there, Ada.",
        "translation": "Hello there, Ada.",
        "refused": "messages",
    }
