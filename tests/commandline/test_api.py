from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from voiceloop.commandline.api import app
from voiceloop.testing.rest import RestAnswer

LISTS = RestAnswer({"object": "list", "data": [{"id": "openai/gpt-4o"}, {"id": "openai/whisper-1"}]})
ANSWER = RestAnswer({"choices": [{"index": 0, "message": {"content": "Hello."}, "finish_reason": "stop"}]})
CHAT = "POST /v1/chat/completions"
QUICKSTART = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Hello from DGrid."}]}
"""What DGrid's own page sends first."""

PNG = b"\x89PNG\r\n\x1a\n..."
WAV = b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(64)
COMMANDS = {
    "transcribe": (("transcribe", "a.wav"), "POST /v1/audio/transcriptions"),
    "translate": (("translate", "a.wav"), "POST /v1/audio/translations"),
    "say": (("say", "hi", "--output", "o.mp3"), "POST /v1/audio/speech"),
    "chat": (("chat", "hi"), CHAT),
    "complete": (("complete", "hi"), "POST /v1/completions"),
    "embed": (("embed", "hi"), "POST /v1/embeddings"),
    "moderate": (("moderate", "hi"), "POST /v1/moderations"),
    "image": (("image", "a loaf"), "POST /v1/images/generations"),
    "edit-image": (("edit-image", "a.png", "rye"), "POST /v1/images/edits"),
    "token": (("token",), "POST /v1/realtime/client_secrets"),
    "models": (("models",), "GET /v1/models"),
}


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a.wav").write_bytes(WAV)
    (tmp_path / "a.png").write_bytes(PNG)


def test_every_command_is_tried_here():
    names = {info.name or info.callback.__name__.replace("_", "-") for info in app.registered_commands}
    assert names == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_a_line_to_paste(api, name):
    status, out, _ = api(None, name, "--help")
    assert status == 0
    assert f"voiceloop api {name}" in out.split("Usage", 1)[1].split("\n", 1)[1]


@pytest.mark.real
@pytest.mark.parametrize("arguments", [["--help"], ["api", "--help"], ["api", "chat", "--help"]])
def test_help_loads_nothing_that_asks_servers(arguments):
    code = (
        f"import sys, runpy\nsys.argv = ['voiceloop', *{arguments}]\n"
        "try:\n runpy.run_module('voiceloop', run_name='__main__')\nexcept SystemExit:\n"
        " heavy = ('numpy', 'uvloop', 'asyncio', 'httpx', 'voiceloop.settings', 'voiceloop.dgrid')\n"
        " print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


# Who is asked --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("name", COMMANDS)
def test_without_a_server_both_ways_to_one_are_named(api, name):
    status, out, err = api(None, *COMMANDS[name][0])
    assert (status, out, err.count("\n")) == (3, "", 1)
    assert "DGRID_API_KEY" in err
    assert "voiceloop gateway" in err
    assert "DGRID_BASE_URL" in err


@pytest.mark.real
@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_refused_key_is_one_line_and_never_shown(api, serving, name):
    arguments, route = COMMANDS[name]
    refusal = RestAnswer({"error": {"message": "Incorrect API key provided: sk-canary-4711-abcdef"}}, 401)
    model = () if name == "models" else ("--model", "mine")
    with serving({route: [refusal] * 4, "POST /v1/realtime/sessions": [refusal]}) as rest:
        status, out, err = api(rest, *arguments, *model)
    assert (status, out, err.count("\n")) == (4, "", 1)
    assert rest.heard[0].headers["authorization"] == "Bearer sk-canary-4711-abcdef"


@pytest.mark.real
@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("name", sorted({*COMMANDS} - {"models", "moderate", "token"}))
def test_nobody_at_the_address(api, name):
    status, out, err = api(None, *COMMANDS[name][0], DGRID_BASE_URL="http://127.0.0.1:9")
    assert (status, out, err.count("\n")) == (5, "", 1)
    assert "127.0.0.1:9" in err


@pytest.mark.real
def test_settings_come_from_where_other_commands_have_them_from(api, serving, tmp_path):
    (tmp_path / "key").write_text("sk-from-a-file")
    with serving({CHAT: [ANSWER]}) as rest:
        (tmp_path / "v.toml").write_text(
            f'[backend]\nbase_url = "{rest.base_url}/v1"\n[agent.models]\nchat = "pinned"\n'
        )
        status, out, err = api(None, "chat", "hi", "--config", "v.toml", "--key-file", "key")
    assert (status, out, err) == (0, "Hello.\n", "")
    assert rest.heard[0].headers["authorization"] == "Bearer sk-from-a-file"
    assert rest.heard[0].json["model"] == "pinned"


@pytest.mark.real
def test_without_a_key_none_is_sent(api, serving):
    with serving({CHAT: [ANSWER]}) as rest:
        assert api(None, "chat", "hi", "--model", "m", DGRID_BASE_URL=rest.base_url)[0] == 0
    assert "authorization" not in rest.heard[0].headers


# What is sent --------------------------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("how", [("--model", "openai/gpt-4o"), ()], ids=["named", "best of the list"])
def test_the_quickstart_of_dgrid_byte_for_byte(api, serving, how):
    with serving({"GET /v1/models": [LISTS], CHAT: [ANSWER]}) as rest:
        status, out, _ = api(rest, "chat", "Hello from DGrid.", *how)
    assert (status, out) == (0, "Hello.\n")
    asked = rest.heard[-1]
    assert (asked.method, asked.path) == ("POST", "/v1/chat/completions")
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["authorization"] == "Bearer sk-canary-4711-abcdef"
    assert asked.json == QUICKSTART
    assert asked.body == json.dumps(QUICKSTART, separators=(",", ":")).encode()


@pytest.mark.real
def test_ctrl_c_ends_a_command_that_waits(api, serving):
    silent = RestAnswer(silent=True, ends="never")
    with serving({CHAT: [silent]}, once_asked=lambda: os.kill(os.getpid(), signal.SIGINT)) as rest:
        status, out, err = api(rest, "chat", "hi", "--model", "m")
    assert (status, out, err) == (130, "", "")
