"""How a realtime session starts: what its first audio does not wait for."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import wave

import pytest

from voiceloop.testing import ScriptedGateway, ScriptedServer

PROGRAM = """
import json, os, sys
from voiceloop import cli
from voiceloop.engines.realtime import RealtimeEngine

def first_append(self, pcm, first_sample):
    print(json.dumps(sorted(sys.modules)), flush=True)
    os._exit(0)

RealtimeEngine.hear = first_append
cli.main()
"""
LATER = {
    "numpy": "the first frames need no arithmetic",
    "httpx": "requests are another tier's",
    "voiceloop.engines.rest": "as above",
    "voiceloop.engines.cascade": "as above",
    "voiceloop.choosing": "the model is named: nobody is asked which there are",
    "voiceloop.dgrid.client": "as above",
    "keyring": "no key was ever kept",
    "rich": "nobody sits at a terminal",
    "sounddevice": "the line is a file",
    "pydub": "the file is a WAV file",
    "voiceloop.tape": "no tape was asked for",
    "sqlite3": "nobody asked for a list",
    "voiceloop_basics.arithmetic": "nobody asked for a sum",
    "voiceloop_basics.units": "nobody asked for a conversion",
    "voiceloop_local": "the models are the server's",
    "hassil": "as above",
    "voiceloop.commandline.doctor": "another command",
    "voiceloop.commandline.api": "the others, too many to look at",
    "voiceloop.testing": "for tests",
}
"""Modules that a realtime session has not loaded when its first audio goes out, and why it can do without."""


@pytest.mark.real
async def test_a_realtime_session_loads_nothing_its_first_audio_does_not_need(tmp_path):
    with wave.open(str(tmp_path / "in.wav"), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(bytes(48_000))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOICELOOP_", "DGRID_"))}
    server = ScriptedServer(ScriptedGateway())
    async with server, asyncio.timeout(60):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, "talk", "--engine", "realtime"),
            *("--input", "in.wav", "--output", "out.wav"),
            env={**kept, "DGRID_BASE_URL": server.base_url, "VOICELOOP_REALTIME__MODEL": "any"},
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await child.communicate()
    loaded = set(json.loads(told.splitlines()[-1]))
    assert {"voiceloop.engines.realtime", "voiceloop.session", "voiceloop_basics.figures"} <= loaded
    assert {name: why for name, why in LATER.items() if name in loaded} == {}
