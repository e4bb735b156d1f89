from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
from pydantic import SecretStr

from office import CA, CLIENT, KEY, NAME, OfficeProxy, encrypted, environment, server_tls
from voiceloop.agent import Agent
from voiceloop.choosing import ChoosingEngine, with_model
from voiceloop.commands import CommitTurn
from voiceloop.dgrid.preferences import preferences
from voiceloop.errors import SettingsError, UnreachableError
from voiceloop.events import EngineLost
from voiceloop.session import Session
from voiceloop.settings import BackendSettings, RealtimeSettings, Settings, TierSettings
from voiceloop.testing import ScriptedGateway, ScriptedServer
from voiceloop.vocabulary import Cause

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
        backend=BackendSettings(base_url=url, api_key=key and SecretStr(key)),
        realtime=RealtimeSettings(model=model),
        tiers=TierSettings(engine="realtime"),
    )


async def model_of(settings):
    """The model that is taken, and what is told about it."""
    told = []
    ready = await with_model(settings, told.append)
    return ready.realtime.model, "\n".join(told)


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


# A session that nobody chose a model for


class Engine:
    """Writes down what reaches it."""

    def __init__(self, settings):
        self.model = settings.realtime.model
        self.happened = []

    def fresh(self, connection):
        return f"engine {connection} with {self.model}"

    async def open(self, seed, port):
        self.happened.append(("open", seed))

    def hear(self, pcm, first_sample):
        self.happened.append((pcm, first_sample))
        return True

    def recall(self, items, open_turn):
        self.happened.append((items, open_turn))

    def obey(self, command):
        self.happened.append(command)

    async def close(self, within_s):
        self.happened.append(within_s)


class Port:
    """Keeps what is reported."""

    def __init__(self):
        self.events = []

    def happened(self, event):
        self.events.append(event)


@pytest.mark.real
async def test_the_backend_is_asked_before_the_engine_opens_and_every_connection_takes_its_model():
    made = []
    async with listing("x-realtime") as url:
        engine = ChoosingEngine(at(url), make=lambda settings: made.append(Engine(settings)) or made[-1])
        await engine.open("seed", Port())
    assert engine.hear(b"pcm", 7)
    engine.recall([], "turn")
    engine.obey(CommitTurn("turn"))
    await engine.close(0.5)
    assert [each.model for each in made] == [None, "x-realtime"]
    assert made[1].happened == [("open", "seed"), (b"pcm", 7), ([], "turn"), CommitTurn("turn"), 0.5]
    assert engine.fresh(2) == "engine 2 with x-realtime"


@pytest.mark.real
async def test_who_is_closed_while_the_backend_is_asked_connects_to_nobody():
    made = []
    async with listing("x-realtime") as url:
        engine = ChoosingEngine(at(url), make=lambda settings: made.append(Engine(settings)) or made[-1])
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(engine.open("seed", Port()))
            await asyncio.sleep(0)
            await engine.close(0.5)
    assert [each.happened for each in made] == [[0.5]]


@pytest.mark.real
async def test_a_session_ends_when_no_model_fits_and_says_so():
    async with listing("chat", "tts-1") as url:
        ended = await Session(Agent(), settings=at(url)).run()
    assert (ended.reason, ended.exit_status) == ("engine_lost_bad_model", 4)
    assert "lists 2 models and none for the role realtime" in ended.detail
    assert "VOICELOOP_REALTIME__MODEL=ID" in ended.detail


async def test_settings_that_turn_out_to_be_of_no_use_are_told_as_settings(monkeypatch):
    async def useless(settings, tell):
        raise SettingsError("no such proxy")

    monkeypatch.setattr("voiceloop.choosing.with_model", useless)
    port = Port()
    await ChoosingEngine(at("http://127.0.0.1:1"), make=Engine).open("seed", port)
    assert port.events == [EngineLost(Cause.SETTINGS, "no such proxy")]
