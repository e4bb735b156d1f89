from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from datetime import datetime

import pytest

from voiceloop.commandline.models import models
from voiceloop.commandline.probes import keep_probes
from voiceloop.dgrid.preferences import ROLES, preferences
from voiceloop.errors import RefusedError, SettingsError, UnreachableError
from voiceloop.sources import Origins

FIRST = preferences().roles["realtime"].first
LIST = [
    {"id": FIRST, "supported_endpoint_types": ["openai", "openai-response"]},
    {"id": "own-realtime"},
    {"id": "own-tts"},
    {"id": "odd\x1b[31m"},
]


@contextlib.contextmanager
def server(listed=None, status=200):
    """A server on a thread of its own, since the command has a loop of its own; yields its address."""
    body = json.dumps({"object": "list", "data": listed or []}).encode()
    started, ports, ends = threading.Event(), [], []

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
        writer.close()
        await writer.wait_closed()

    async def serve():
        over = asyncio.Event()
        listening = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with listening:
            ports.append(listening.sockets[0].getsockname()[1])
            loop = asyncio.get_running_loop()
            ends.append(lambda: loop.call_soon_threadsafe(over.set))
            started.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(5)
    try:
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        ends[0]()
        thread.join(5)


def told(capsys, url, role=None, **environ):
    """What the command prints, line by line without the blanks of its columns."""
    assert models(Origins(environ={"DGRID_BASE_URL": url, **environ}), role) == 0
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.real
def test_every_model_is_listed_with_what_it_is_good_for(capsys):
    with server(LIST) as url:
        lines = told(capsys, url)
    assert f"{FIRST} openai, openai-response realtime -" in lines
    assert "own-tts - speech -" in lines
    assert "odd[31m - - -" in lines


@pytest.mark.real
def test_how_a_model_was_last_found_is_told(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    with server(LIST) as url:
        keep_probes({}, url, {"own-tts": "refused", "gone": "ok"}, datetime(2026, 11, 23, 5, 41))  # noqa: DTZ001
        lines = told(capsys, url)
    assert lines[0] == "model endpoints fits last probe"
    assert "own-tts - speech refused, 2026-11-23 05:41" in lines
    assert "own-realtime - realtime -" in lines


@pytest.mark.real
def test_the_choice_of_each_role_and_how_to_pin_another_are_told(capsys):
    with server(LIST) as url:
        lines = told(capsys, url)
    assert f"realtime {FIRST} best of 2 that fit; VOICELOOP_REALTIME__MODEL=ID" in lines
    words = preferences().roles["transcription"].first
    assert f"transcription {words} none is listed, so the first preference; " in " ".join(lines) + " "
    assert "image none voiceloop api takes it with --model" in lines
    assert len(lines) == 1 + len(LIST) + 1 + 1 + len(ROLES)


@pytest.mark.real
def test_a_model_that_is_set_is_told_with_where_it_was_set(capsys):
    with server(LIST) as url:
        lines = told(capsys, url, VOICELOOP_REALTIME__MODEL="mine")
    assert "realtime mine set by VOICELOOP_REALTIME__MODEL" in lines


@pytest.mark.real
def test_what_the_agent_wishes_is_told_too(capsys):
    wishes = {
        "VOICELOOP_AGENT__MODELS__REALTIME": "mine",
        "VOICELOOP_AGENT__MODELS__CHAT": "talker",
        "VOICELOOP_AGENT__MODELS__SPEECH": "voice",
    }
    with server(LIST) as url:
        lines = told(capsys, url, **wishes)
    assert "realtime mine set by VOICELOOP_AGENT__MODELS__REALTIME" in lines
    assert "chat talker set by VOICELOOP_AGENT__MODELS__CHAT" in lines
    assert "speech voice set by VOICELOOP_AGENT__MODELS__SPEECH" in lines


@pytest.mark.real
def test_one_role_shows_only_what_fits_it(capsys):
    with server(LIST) as url:
        lines = told(capsys, url, "realtime")
        assert [line.split()[0] for line in lines if line] == ["model", FIRST, "own-realtime", "role", "realtime"]
        with pytest.raises(UnreachableError, match="none for the role moderation"):
            models(Origins(environ={"DGRID_BASE_URL": url}), "moderation")


@pytest.mark.real
def test_a_server_without_a_list_gets_the_first_preferences(capsys):
    with server(status=404) as url:
        lines = told(capsys, url)
    assert lines[0] == f"{url} has no list of models; these are the first preferences of {preferences().file}."
    assert f"realtime {FIRST} first preference; VOICELOOP_REALTIME__MODEL=ID" in lines


@pytest.mark.real
def test_a_refused_key_is_an_error_here():
    environ = {"DGRID_API_KEY": "sk-1"}  # pragma: allowlist secret
    with server(status=401) as url, pytest.raises(RefusedError, match="refuses the key"):
        models(Origins(environ={"DGRID_BASE_URL": url, **environ}), None)


def test_without_a_backend_there_is_nobody_to_ask():
    with pytest.raises(SettingsError, match="set DGRID_API_KEY or DGRID_BASE_URL"):
        models(Origins(), None)
