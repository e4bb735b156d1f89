"""Conversations from behind a proxy, with a server whose certificate is the company's and that asks for one."""

from __future__ import annotations

import asyncio
import json

import pytest

from journeys.real.talking import KEY as GATEWAY_KEY
from journeys.real.talking import VOICELOOP, environ
from office import CA, CLIENT, LOCKED_KEY, NAME, PASSWORD_FILE, VARIABLES, WRITTEN, OfficeProxy, encrypted, server_tls
from office import KEY as CLIENT_KEY
from office import environment as network
from voiceloop.agent import Agent
from voiceloop.errors import SettingsError
from voiceloop.session import Session
from voiceloop.settings import BackendSettings, RealtimeSettings, Settings
from voiceloop.testing import ScriptedGateway, ScriptedServer
from voiceloop.testing.script import Reply, Spoken
from voiceloop.transcript import problems

pytestmark = pytest.mark.real

NOTHING_SET = dict.fromkeys([*VARIABLES, *map(str.lower, VARIABLES)], "")
CERTIFICATES = {
    "VOICELOOP_BACKEND__CA_FILE": CA,
    "VOICELOOP_BACKEND__CLIENT_CERT": CLIENT,
    "VOICELOOP_BACKEND__CLIENT_KEY": LOCKED_KEY,
    "VOICELOOP_BACKEND__CLIENT_KEY_PASSWORD_FILE": PASSWORD_FILE,
}


async def voiceloop(*arguments, folder, **variables):
    """Run a command to its end; returns exit status, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        VOICELOOP, *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        cwd=folder, env=environ(folder, **(NOTHING_SET | variables)),
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.models
async def test_a_typed_conversation_with_the_gateway_goes_through_the_proxy(gateways, tmp_path):
    port = int(gateways["local"].rpartition(":")[2])
    files = ("--transcript", "t.jsonl", "--tape", "t.tape")
    async with encrypted(port, server_tls(knows_clients=True)) as there, OfficeProxy(signs_in=True) as proxy:
        status, out, err = await voiceloop(
            "talk", "--text", "--say", "what time is it", *files, folder=tmp_path,
            DGRID_BASE_URL=f"https://{NAME}:{there}", DGRID_API_KEY=GATEWAY_KEY, HTTPS_PROXY=proxy.url(WRITTEN),
            **CERTIFICATES,
        )  # fmt: skip
    assert status == 0, err
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert problems(lines) == []
    assert [line["text"] for line in lines if line["event"] == "user_said"] == ["what time is it"]
    assert any(line["event"] == "tool_finished" and line["outcome"] == "ok" for line in lines), out
    assert set(proxy.asked) == {f"CONNECT {NAME}:{there} HTTP/1.1"}
    assert len(proxy.asked) >= 2, "its list of models, and the conversation"
    everything = out + err + "".join((tmp_path / name).read_text() for name in ("t.jsonl", "t.tape"))
    assert "canary" not in everything
    assert "office-password" not in everything


@pytest.mark.parametrize(
    ("variables", "status", "words"),
    [
        ({"HTTPS_PROXY": "{proxy}"}, 4, "wants a user and a password: write them into HTTPS_PROXY"),
        ({"HTTPS_PROXY": f"socks5://{WRITTEN}@p:1080"}, 3, "HTTPS_PROXY names a SOCKS proxy"),
        ({"ALL_PROXY": "http://ada:canary#@p:1080"}, 3, "ALL_PROXY holds no address of a proxy"),
        ({"VOICELOOP_BACKEND__CA_FILE": "no-such.pem"}, 3, "backend.ca_file: cannot read no-such.pem"),
        ({"VOICELOOP_BACKEND__CLIENT_KEY": CLIENT_KEY}, 3, "backend.client_key is set without backend.client_cert"),
        ({"SSL_CERT_FILE": "/no/such.pem"}, 3, "SSL_CERT_FILE: cannot read /no/such.pem"),
    ],
)
async def test_what_is_wrong_with_the_way_is_one_line_and_an_exit_status(tmp_path, variables, status, words):
    async with OfficeProxy(signs_in=True) as proxy:
        given = {name: value.replace("{proxy}", proxy.url()) for name, value in variables.items()}
        left, out, err = await voiceloop(
            "talk", "--text", "--say", "hi", "--engine", "realtime", folder=tmp_path,
            DGRID_BASE_URL=f"https://{NAME}", VOICELOOP_REALTIME__MODEL="m", **given,
        )  # fmt: skip
    assert left == status, err
    assert words in err
    assert "Traceback" not in err
    assert "canary" not in out + err


async def test_a_session_with_settings_of_its_own_takes_the_proxy_of_the_environment(monkeypatch):
    gateway = ScriptedGateway(Reply(says=(Spoken("One.", 0),)))
    listening = ScriptedServer(gateway, tls=server_tls(knows_clients=True))
    async with listening, OfficeProxy() as proxy:
        network(monkeypatch, all_proxy=proxy.url())
        backend = BackendSettings(
            base_url=f"https://{NAME}:{listening.port}", ca_file=CA, client_cert=CLIENT, client_key=CLIENT_KEY
        )
        said = []
        async with Session(
            Agent(), settings=Settings(backend=backend, realtime=RealtimeSettings(model="m"))
        ) as session:
            await session.send_text("first")
            session.input_ended()
            async for line in session:
                said += [line.as_dict()["text"]] if line.event == "agent_said" else []
        assert proxy.asked == [f"CONNECT {NAME}:{listening.port} HTTP/1.1"]
    assert said == ["One."]


def test_a_session_that_cannot_go_its_way_is_not_made(monkeypatch):
    network(monkeypatch)
    backend = BackendSettings(base_url="https://models.example", ca_file="/no/such.pem")
    with pytest.raises(SettingsError, match=r"backend\.ca_file: cannot read /no/such\.pem"):
        Session(Agent(), settings=Settings(backend=backend))
