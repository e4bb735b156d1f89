"""The application by itself: who is let in, and what is said besides conversations."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from urllib.parse import parse_qs

import pytest

import voiceloop
from voiceloop.agent import Agent
from voiceloop.embedded import EmbeddedGateway
from voiceloop.errors import MisuseError, SettingsError, UnreachableError
from voiceloop.settings import AudioSettings, Settings
from voiceloop.testing.brain import PhraseBrain
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_server import ScriptedServer
from webclient import SETTINGS, WebClient, app_with

MODULE = sys.modules["voiceloop.asgi"]
"""Under its name in the package stands the function."""


async def request(method, app=None):
    """Answer one HTTP request; status, headers and body."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    app = app or voiceloop.asgi(Agent(), SETTINGS)
    await app({"type": "http", "method": method, "path": "/", "headers": []}, receive, send)
    start, body = sent
    return start["status"], dict(start["headers"]), body["body"]


# Who is let in --------------------------------------------------------------------------------------------------------

WELCOME = [
    ("", "talk.test", ()),
    ("https://talk.test", "talk.test", ()),
    ("http://talk.test:8000", "talk.test:8000", ()),
    ("https://talk.test", "talk.test:443", ()),
    ("http://talk.test", "talk.test:80", ()),
    ("http://[::1]:8000", "[::1]:8000", ()),
    ("https://TALK.test", "talk.test", ()),
    ("https://page.test", "talk.test", ("https://page.test",)),
    ("null", "talk.test", ("*",)),
]
UNWELCOME = [
    ("https://page.test", "talk.test", ()),
    ("https://page.test", "talk.test", ("https://other.test",)),
    ("http://talk.test:8001", "talk.test:8000", ()),
    ("https://talk.test:8000", "talk.test", ()),
    ("http://talk.test", "talk.test:443", ()),
    ("https://talk.test.evil.test", "talk.test", ()),
    ("null", "talk.test", ()),
    ("file://", "", ()),
    ("https://", "", ()),
    ("chrome-extension://talk.test", "talk.test", ()),
    ("https://talk.test:x", "talk.test", ()),
    ("https://talk.test", "", ()),
]


@pytest.mark.parametrize(("origin", "host", "allowed"), WELCOME)
@virtual_time
async def test_pages_of_this_server_and_those_allowed_are_let_in(origin, host, allowed):
    app = app_with(Agent(), ScriptedGateway(), allow_origins=allowed)
    async with WebClient(app, origin=origin, host=host) as client:
        await client.hears_of("ready")


@pytest.mark.parametrize(("origin", "host", "allowed"), UNWELCOME)
@virtual_time
async def test_other_pages_are_refused_before_there_is_a_socket(origin, host, allowed):
    gateway = ScriptedGateway()
    async with WebClient(app_with(Agent(), gateway, allow_origins=allowed), origin=origin, host=host) as client:
        await client.task
    assert [message["type"] for message in client.sent] == ["websocket.close"]
    assert gateway.upgrades == []


@virtual_time
async def test_a_server_that_can_say_why_says_why():
    extensions = {"websocket.http.response": {}}
    app = app_with(Agent(), ScriptedGateway())
    async with WebClient(app, origin="https://page.test", extensions=extensions) as client:
        await client.task
    start, body = client.sent
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
    assert "allow_origins" in json.loads(body["body"])["error"]


@pytest.mark.parametrize("rate", ["44100", "", "x", "-8000", "8000.0"])
@virtual_time
async def test_a_rate_that_cannot_be_had_is_refused(rate):
    async with WebClient(app_with(Agent(), ScriptedGateway()), f"rate={rate}") as client:
        assert await client.is_closed() == (1008, "rate must be one of 8000, 16000, 24000, 48000")


@virtual_time
async def test_one_session_more_than_allowed_is_sent_away_until_there_is_room():
    app = app_with(Agent(), ScriptedGateway(), max_sessions=2)
    async with WebClient(app) as one, WebClient(app) as two:
        await one.hears_of("ready")
        await two.hears_of("ready")
        async with WebClient(app) as three:
            assert await three.is_closed() == (1013, "too many sessions; try again later")
        one.leave()
        await one.task
        async with WebClient(app) as four:
            await four.hears_of("ready")


# Besides conversations ------------------------------------------------------------------------------------------------


async def test_a_plain_request_is_told_what_is_here():
    status, headers, body = await request("GET")
    assert (status, headers[b"content-type"]) == (200, b"application/json")
    assert json.loads(body) == {"service": "voiceloop", "connect": "websocket", "rates": [8000, 16000, 24000, 48000]}
    assert headers[b"content-length"] == str(len(body)).encode()


async def test_a_head_request_has_no_body():
    assert (await request("HEAD"))[::2] == (200, b"")


async def test_other_methods_are_not_allowed():
    status, headers, _ = await request("POST")
    assert (status, headers[b"allow"]) == (405, b"GET, HEAD")


async def test_what_is_no_web_scope_is_refused():
    with pytest.raises(ValueError, match="serves no 'mqtt'"):
        await voiceloop.asgi(Agent(), SETTINGS)({"type": "mqtt"}, asyncio.Queue().get, asyncio.Queue().put)


# The backend ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def bare(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("DGRID_API_KEY", "DGRID_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_the_backend_comes_from_the_environment(bare):
    bare.setenv("DGRID_BASE_URL", "http://127.0.0.1:9")
    assert voiceloop.asgi(Agent())._settings.backend.base_url == "http://127.0.0.1:9"


def test_the_environment_has_the_last_word_about_the_agent(bare):
    bare.setenv("DGRID_BASE_URL", "http://127.0.0.1:9")
    bare.setenv("VOICELOOP_AGENT__LANGUAGE", "de")
    app = voiceloop.asgi(Agent("Mine.", models={"realtime": "wished"}))
    assert (app._agent.settings.instructions, app._agent.settings.language) == ("Mine.", "de")
    assert app._settings.realtime.model == "wished"
    bare.setenv("VOICELOOP_AGENT__TOOLS", "basics")
    with pytest.raises(MisuseError, match="'basics' is loaded by"):
        voiceloop.asgi(Agent())


# What texts may name --------------------------------------------------------------------------------------------------


def queried(scope):
    """What an application lets callers say about themselves: one parameter of the address."""
    asked = parse_qs(scope["query_string"].decode())
    return {"caller": asked["caller"][0]} if "caller" in asked else {}


@virtual_time
async def test_each_caller_is_greeted_by_what_its_address_says():
    gateway = ScriptedGateway(brain=PhraseBrain())
    app = app_with(Agent(greeting="Hello {{ caller }}."), gateway, data=queried)
    said = []
    for query in ("caller=Ada", "", "caller=%7B%7B+session_id+%7D%7D%0A" + 600 * "x"):
        async with WebClient(app, query) as client:
            said.append((await client.hears_of("agent_said"))["text"])
    assert said[:2] == ["Hello Ada.", "Hello ."]
    assert said[2].startswith("Hello {{ session_id }} xxx")  # no template, one line, not endless
    assert len(said[2]) < 520


@virtual_time
async def test_data_that_cannot_be_had_or_does_not_suffice_closes_that_socket_alone(caplog):
    def known(scope):
        return {"shop": {b"1": "The bakery"}[scope["query_string"]]} if scope["query_string"] else {}

    app = app_with(Agent("You work at {{ shop }}."), ScriptedGateway(), data=known)
    for query, told in (("2", "data(scope) failed: KeyError"), ("", "nothing is called {{ shop }} here")):
        async with WebClient(app, query) as client:
            assert await client.is_closed() == (1011, "not ready")
        assert told in caplog.text
    async with WebClient(app, "1") as client:
        await client.hears_of("ready")


def test_a_price_file_that_is_not_there_is_refused_at_once():
    with pytest.raises(SettingsError, match=r"cannot read the price file none\.toml"):
        voiceloop.asgi(Agent(limits={"prices": "none.toml"}), SETTINGS)


def test_a_wake_word_that_nobody_knows_is_refused_at_once():
    with pytest.raises(SettingsError, match=r"did you mean okay_nabu\?"):
        voiceloop.asgi(Agent(), SETTINGS.model_copy(update={"audio": AudioSettings(wake_word="nabu")}))


def test_without_data_texts_that_need_some_are_refused_at_once():
    with pytest.raises(SettingsError, match=r"agent.greeting: nothing is called \{\{ shop \}\} here"):
        voiceloop.asgi(Agent(greeting="{{ shop }}"), SETTINGS)


@pytest.mark.usefixtures("bare")
def test_without_a_backend_it_is_said_what_to_do_and_no_model_is_started():
    with pytest.raises(SettingsError, match="set DGRID_API_KEY, or start `voiceloop gateway`"):
        voiceloop.asgi(Agent())
    with pytest.raises(SettingsError, match="base_url is missing"):
        voiceloop.asgi(Agent(), Settings())


@pytest.fixture
def gateway_process(monkeypatch):
    """The embedded gateway without its process; what happened to it."""
    happened = []

    @contextlib.asynccontextmanager
    async def embedded(told, *, language):
        assert language == "en"
        told(1.0)
        happened.append("started")
        yield EmbeddedGateway("http://127.0.0.1:9", "k" * 32)
        happened.append("stopped")

    monkeypatch.setattr(MODULE, "embedded_gateway", embedded)
    return happened


async def lifespan_of(app, happened):
    """Run the lifespan as a server does; the messages it sent."""
    sent, inbox = [], asyncio.Queue()

    async def send(message):
        sent.append(message["type"])
        happened.append(message["type"])

    inbox.put_nowait({"type": "lifespan.startup"})
    inbox.put_nowait({"type": "lifespan.shutdown"})
    await app({"type": "lifespan"}, inbox.get, send)
    return sent


@pytest.mark.usefixtures("bare")
async def test_models_on_this_machine_live_as_long_as_the_application(gateway_process):
    app = voiceloop.asgi(Agent(), local_models=True)
    await lifespan_of(app, gateway_process)
    assert gateway_process == ["started", "lifespan.startup.complete", "stopped", "lifespan.shutdown.complete"]


@pytest.mark.usefixtures("bare")
async def test_a_mounted_application_lends_its_lifespan(gateway_process):
    app = voiceloop.asgi(Agent(), local_models=True)
    async with app.lifespan(object()):
        assert app._settings.backend.base_url == "http://127.0.0.1:9"
        assert app._settings.backend.api_key.get_secret_value() == "k" * 32
    assert app._settings.backend.base_url is None
    assert gateway_process == ["started", "stopped"]


@pytest.mark.usefixtures("bare")
@virtual_time
async def test_without_its_lifespan_it_says_that_it_is_not_ready(caplog):
    async with WebClient(voiceloop.asgi(Agent(), local_models=True)) as client:
        assert await client.is_closed() == (1011, "not ready")
    assert "pass lifespan=voice.lifespan" in caplog.text


@pytest.mark.real
async def test_the_model_is_chosen_once_of_those_the_backend_lists():
    gateway = ScriptedGateway()
    async with ScriptedServer(gateway) as address:
        app = voiceloop.asgi(Agent(), Settings(backend={"base_url": address.removesuffix("/v1/realtime")}))
        for _ in range(2):
            async with WebClient(app) as client:
                await client.hears_of("ready")
    assert len({each.path for each in gateway.connections}) == 1
    assert app._settings.realtime.model in gateway.connection.path


async def test_a_backend_without_a_model_that_fits_closes_the_socket(monkeypatch, caplog):
    async def none_fits(settings, tell):
        raise UnreachableError("none of its models fits")

    monkeypatch.setattr(MODULE, "with_first_model", none_fits)
    async with WebClient(voiceloop.asgi(Agent(), SETTINGS)) as client:
        assert await client.is_closed() == (1011, "not ready")
    assert "none of its models fits" in caplog.text


async def test_a_backend_that_is_named_is_used_and_no_model_started(gateway_process):
    await lifespan_of(voiceloop.asgi(Agent(), SETTINGS, local_models=True), gateway_process)
    assert gateway_process == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.usefixtures("bare")
async def test_models_that_cannot_be_started_stop_the_server(monkeypatch):
    def failing(told):
        raise SettingsError("no models here")

    monkeypatch.setattr(MODULE, "embedded_gateway", failing)
    assert await lifespan_of(voiceloop.asgi(Agent(), local_models=True), []) == ["lifespan.startup.failed"]


# The name -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["", "import voiceloop.asgi", "from voiceloop.asgi import VoiceApp"])
def test_the_name_can_be_called_whoever_imported_the_module_before(first):
    settings = "voiceloop.settings.Settings(backend={'base_url': 'ws://x'})"
    program = f"{first}\nimport voiceloop\nvoiceloop.asgi(voiceloop.Agent(), {settings})"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
