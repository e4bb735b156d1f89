from __future__ import annotations

import asyncio
import contextlib
import json
import threading

import pytest

from voiceloop import cli
from voiceloop.commandline.api import token
from voiceloop.dgrid.preferences import preferences
from voiceloop.errors import RefusedError, SettingsError
from voiceloop.sources import Origins
from voiceloop.testing.rest import RestAnswer, ScriptedRest

KEY = "sk-canary-4711-abcdef"  # pragma: allowlist secret
FIRST = preferences().roles["realtime"].first
LISTS = RestAnswer({"object": "list", "data": [{"id": "chat"}, {"id": FIRST}]})
MINTS = RestAnswer({"value": "ek_example", "expires_at": 1770000600})
VAGUE = RestAnswer({"value": "ek_example"})


@contextlib.contextmanager
def server(**script):
    """A server on a thread of its own, since the command has a loop of its own."""
    routes = {"lists": "GET /v1/models", "mints": "POST /v1/realtime/client_secrets"}
    rest = ScriptedRest({routes[name]: [answer] for name, answer in script.items()})
    started, ends = threading.Event(), []

    async def serve():
        over = asyncio.Event()
        async with rest:
            loop = asyncio.get_running_loop()
            ends.append(lambda: loop.call_soon_threadsafe(over.set))
            started.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(5)
    try:
        yield rest
    finally:
        ends[0]()
        thread.join(5)


def run(capsys, rest, model=None, *, as_json=False, **environ):
    """Mint a token; returns what stood on standard output and beside it."""
    named = {"DGRID_BASE_URL": rest.base_url, "DGRID_API_KEY": KEY, **environ}
    assert token(Origins(environ=named), model, as_json=as_json) == 0
    return capsys.readouterr()


@pytest.mark.real
def test_the_token_alone_is_printed_and_the_rest_told_beside_it(capsys):
    with server(mints=MINTS) as rest:
        printed = run(capsys, rest, "mine")
    assert printed.out == "ek_example\n"
    assert printed.err == "It starts sessions with mine and expires at 2026-02-02 02:50:00 UTC.\n"
    assert rest.heard[0].json["session"]["model"] == "mine"
    assert rest.heard[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.real
def test_a_server_that_does_not_tell_until_when(capsys):
    with server(mints=VAGUE) as rest:
        assert "expires at a time it did not tell" in run(capsys, rest, "mine").err


@pytest.mark.real
@pytest.mark.parametrize(("answer", "expires_at"), [(MINTS, 1770000600), (VAGUE, None)])
def test_a_script_gets_one_json_object(capsys, answer, expires_at):
    with server(mints=answer) as rest:
        printed = run(capsys, rest, "mine", as_json=True)
    assert json.loads(printed.out) == {"value": "ek_example", "expires_at": expires_at, "model": "mine"}
    assert printed.err == ""


@pytest.mark.real
def test_the_model_is_the_one_that_is_set_or_the_one_talk_would_take(capsys):
    with server(mints=MINTS) as rest:
        assert "with mine and" in run(capsys, rest, VOICELOOP_REALTIME__MODEL="mine").err
    with server(mints=MINTS, lists=LISTS) as rest:
        printed = run(capsys, rest)
    assert printed.out == "ek_example\n"
    assert f"Model {FIRST}, chosen of 1 that fit" in printed.err
    assert f"It starts sessions with {FIRST} and" in printed.err


@pytest.mark.real
def test_a_gateway_without_tokens_says_so():
    with server() as rest, pytest.raises(RefusedError, match="offers no ephemeral tokens") as error:
        token(Origins(environ={"DGRID_BASE_URL": rest.base_url, "DGRID_API_KEY": KEY}), "mine", as_json=False)
    assert "canary" not in str(error.value)


def test_without_a_server_there_is_nobody_to_ask():
    with pytest.raises(SettingsError, match="set DGRID_API_KEY or DGRID_BASE_URL"):
        token(Origins(), None, as_json=False)


@pytest.mark.real
def test_it_is_a_command(capsys, monkeypatch):
    with server(mints=MINTS) as rest:
        monkeypatch.setenv("DGRID_BASE_URL", rest.base_url)
        monkeypatch.setenv("DGRID_API_KEY", KEY)
        assert cli.outcome(["api", "token", "--model", "mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == "ek_example"
