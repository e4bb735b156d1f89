from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
from pydantic import SecretStr

from office import CA, CLIENT, KEY, NAME, OfficeProxy, encrypted, environment, server_tls
from voiceloop import backend
from voiceloop.backend import chat_servers, embedded_backend, with_backend, with_model
from voiceloop.dgrid.preferences import preferences
from voiceloop.embedded import EmbeddedGateway
from voiceloop.errors import SettingsError, UnreachableError
from voiceloop.settings import BackendSettings, RealtimeSettings, Settings
from voiceloop.testing import ScriptedGateway, ScriptedServer

FIRST = preferences().roles["realtime"].first


@contextlib.asynccontextmanager
async def listing(*models, owner=None):
    """A server that lists models of one owner."""
    data = [{"id": model, "owned_by": owner} for model in models]
    body = json.dumps({"object": "list", "data": data}).encode()

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def at(url, key=None, model=None):
    return Settings(
        backend=BackendSettings(base_url=url, api_key=key and SecretStr(key)), realtime=RealtimeSettings(model=model)
    )


async def model_of(settings):
    """The model that is taken, and what is told about it."""
    told = []
    ready = await with_model(settings, told.append)
    return ready.realtime.model, "\n".join(told)


# Models


async def test_a_model_that_is_set_stays_and_nobody_is_asked():
    assert await model_of(at("http://127.0.0.1:1", model="mine")) == ("mine", "")


@pytest.mark.real
async def test_the_best_listed_model_is_taken_and_the_way_to_pin_it_is_told():
    async with listing("chat", "x-realtime", FIRST) as url:
        model, told = await model_of(at(url, key="sk-1"))
    assert model == FIRST
    assert told == f"Model {FIRST}, chosen of 2 that fit; pin it: VOICELOOP_REALTIME__MODEL={FIRST}"


@pytest.mark.real
async def test_the_model_for_the_users_words_is_taken_from_the_list_unless_it_is_set():
    async with listing("x-realtime", "own-whisper") as url:
        settings = at(url)
        assert (await with_model(settings, print)).realtime.transcription_model == "own-whisper"
        silent = settings.model_copy(update={"realtime": RealtimeSettings(transcription_model=None)})
        assert (await with_model(silent, print)).realtime.transcription_model is None


@pytest.mark.real
async def test_a_server_without_a_list_is_tried_with_the_first_preference_and_that_is_said():
    server = ScriptedServer(ScriptedGateway())
    async with server:
        model, told = await model_of(at(server.base_url))
    assert model == FIRST
    assert f"has no list of models: taking {FIRST} by models-" in told
    assert "pin another: VOICELOOP_REALTIME__MODEL=ID" in told


@pytest.mark.real
async def test_a_server_that_fails_is_left_to_the_session_to_complain_about(unused_tcp_port):
    model, told = await model_of(at(f"http://127.0.0.1:{unused_tcp_port}"))
    assert model == FIRST
    assert "did not tell its models" in told


@pytest.mark.real
async def test_a_server_with_no_realtime_model_is_one_error_that_names_the_role():
    async with listing("chat", "tts-1") as url:
        with pytest.raises(UnreachableError, match="lists 2 models and none for the role realtime"):
            await model_of(at(url))


@pytest.mark.real
async def test_the_way_to_the_backend_is_that_of_settings_and_environment(monkeypatch):
    async with (
        listing(FIRST) as plain,
        encrypted(int(plain.rpartition(":")[2]), server_tls(knows_clients=True)) as port,
        OfficeProxy() as proxy,
    ):
        environment(monkeypatch, HTTPS_PROXY=proxy.url())
        settings = at(f"https://{NAME}:{port}")
        known = settings.backend.model_copy(update={"ca_file": CA, "client_cert": CLIENT, "client_key": KEY})
        model, told = await model_of(settings.model_copy(update={"backend": known}))
        assert proxy.asked == [f"CONNECT {NAME}:{port} HTTP/1.1"]
    assert model == FIRST
    assert "chosen of 1 that fit" in told


async def test_certificates_of_no_use_are_told_before_anybody_is_asked():
    backend = BackendSettings(base_url="https://models.example", ca_file="/no/such.pem")
    with pytest.raises(SettingsError, match=r"backend\.ca_file: cannot read /no/such\.pem"):
        await with_model(Settings(backend=backend), print)


# Chat servers on this machine


@pytest.mark.real
async def test_a_chat_server_that_answers_is_offered_and_an_embedded_gateway_is_none(monkeypatch, unused_tcp_port):
    async with (
        listing("llama3.2", "other", owner="library") as chat,
        listing("v", owner="voiceloop") as ours,
        listing() as empty,
    ):
        places = (chat, ours, empty, f"http://127.0.0.1:{unused_tcp_port}")
        monkeypatch.setattr(backend, "CHAT_SERVERS", places)
        assert await chat_servers() == [(chat, "llama3.2")]
        assert await backend.ways_to_more() == [
            "More than these sentences: set DGRID_API_KEY (voiceloop login keeps it), or let a chat server think:",
            f"  voiceloop talk --brain {chat}/v1    (llama3.2 answers there)",
        ]


@pytest.mark.real
async def test_a_port_that_is_silent_holds_nothing_up(monkeypatch):
    gone = asyncio.Event()

    async def silent(reader, writer):
        await reader.read()
        writer.close()
        gone.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, asyncio.timeout(2):
        monkeypatch.setattr(backend, "CHAT_SERVERS", (f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",))
        assert await chat_servers() == []
        await gone.wait()


async def test_who_names_a_brain_is_told_of_no_other(monkeypatch):
    asked = []

    @contextlib.asynccontextmanager
    async def embedded(told, *, brain, language):
        asked.append((brain, language))
        yield EmbeddedGateway("http://127.0.0.1:1", "k")

    monkeypatch.setattr(backend, "embedded_gateway", embedded)
    told = []
    async with contextlib.AsyncExitStack() as stack:
        gateway = await embedded_backend(stack, told.append, brain="scripted", language="de-AT")
    assert asked == [("scripted", "de-AT")]
    assert "--brain" not in "".join(told)
    ready = with_backend(Settings(), gateway).backend
    assert (ready.base_url, ready.api_key.get_secret_value()) == ("http://127.0.0.1:1", "k")
