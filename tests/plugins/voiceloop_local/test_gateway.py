from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import subprocess
import sys
import wave
from pathlib import Path

import httpx
import pytest
from openai import AsyncOpenAI, AuthenticationError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from voiceloop.audio.resample import Resampler
from voiceloop.dgrid.client import Client
from voiceloop.dgrid.tokens import mint_token
from voiceloop.errors import MisuseError, UsageError
from voiceloop_local.gateway import MODEL_IDS, Gateway, serve_gateway
from voiceloop_local.realtime.session import Limits
from voiceloop_local.scripted import ScriptedBrain
from voiceloop_local.webserver import WebServer

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[3]
SPEECH = ROOT / "tests/fixtures/speech"
KEY = "sk-planted"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture
def gateway(fakes):
    def make(key=KEY, host="127.0.0.1", port=0, **models):
        transcriber = models.get("transcriber") or fakes.transcriber("what is up", takes_s=0.05)
        return Gateway(host, port, key, transcriber, models.get("speaker") or fakes.speaker(0), ScriptedBrain())

    return make


def spoken_24k(name):
    with wave.open(str(SPEECH / name)) as file:
        resampler = Resampler(file.getframerate(), 24_000)
        return resampler.feed(file.readframes(file.getnframes())) + resampler.drain()


async def read_until(connection, kind, seen=None):
    async with asyncio.timeout(30):
        async for event in connection:
            if seen is not None:
                seen.append(event)
            if event.type == kind:
                return event
            assert event.type != "error", event
    raise AssertionError(f"the connection ended before {kind}")


async def type_in(connection, text):
    content = [{"type": "input_text", "text": text}]
    await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
    await connection.response.create()


async def stream(connection, pcm, *, tail_s=1.0):
    pcm += bytes(int(24_000 * tail_s) * 2)
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for n, start in enumerate(range(0, len(pcm), 960)):
        await asyncio.sleep(max(0.0, begin + n * 0.02 - loop.time()))
        await connection.input_audio_buffer.append(audio=base64.b64encode(pcm[start : start + 960]).decode())


# The stock clients ---------------------------------------------------------------------------------------------------


async def test_a_stock_ga_client_types_and_calls_a_tool(gateway):
    async with gateway() as server, AsyncOpenAI(base_url=f"{server.base_url}/v1", api_key=KEY) as client:
        assert [model.id async for model in client.models.list()] == list(MODEL_IDS)
        assert (await client.models.retrieve(MODEL_IDS[1])).id == MODEL_IDS[1]
        async with client.realtime.connect(model="some/model:1") as connection:
            created = await read_until(connection, "session.created")
            assert created.session.model == "some/model:1"
            assert created.session.type == "realtime"
            await connection.session.update(session={"type": "realtime", "tools": [WEATHER]})
            updated = await read_until(connection, "session.updated")
            assert updated.session.tools[0].name == "get_weather"

            await type_in(connection, "Hi you")
            done = await read_until(connection, "response.done")
            assert done.response.output[0].content[0].transcript == "You said: Hi you."

            await type_in(connection, "Weather in Paris")
            done = await read_until(connection, "response.done")
            call = done.response.output[0]
            assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Weather in Paris"})
            output = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
            await connection.conversation.item.create(item=output)
            await connection.response.create()
            done = await read_until(connection, "response.done")
            assert done.response.output[0].content[0].transcript == "The tool returned: rain."


async def test_a_stock_ga_client_speaks(gateway):
    async with (
        gateway() as server,
        AsyncOpenAI(base_url=f"{server.base_url}/v1", api_key=KEY) as client,
        client.realtime.connect(model="m") as connection,
    ):
        await read_until(connection, "conversation.created")
        seen = []
        async with asyncio.TaskGroup() as group:
            group.create_task(stream(connection, spoken_24k("order.wav")))
            await read_until(connection, "response.done", seen)
    started = next(event for event in seen if event.type == "input_audio_buffer.speech_started")
    stopped = next(event for event in seen if event.type == "input_audio_buffer.speech_stopped")
    assert 0 <= started.audio_start_ms <= 150  # speech begins at 300 ms, padding included that is 0
    assert 1900 <= stopped.audio_end_ms <= 2400  # the last word ends at about 1.6 s
    audio = b"".join(base64.b64decode(event.delta) for event in seen if event.type == "response.output_audio.delta")
    assert len(audio) == len("You said: what is up.") * 60 * 48
    assert all(type(event).__name__ != "RealtimeErrorEvent" for event in seen)


def beta_python():
    python = ROOT / ".venv-beta/bin/python"
    if not python.exists() and os.environ.get("CI") == "true":
        subprocess.run([ROOT / "scripts/beta_client_env"], check=True, env={**os.environ, "PYTHON": sys.executable})
    if not python.exists():
        pytest.skip("THE BETA DIALECT IS NOT TESTED AGAINST ITS STOCK CLIENT: run scripts/beta_client_env")
    return python


async def test_a_stock_beta_client_types_calls_a_tool_and_speaks(gateway, tmp_path):
    python = beta_python()
    (tmp_path / "speech.pcm").write_bytes(spoken_24k("order.wav"))
    async with gateway() as server:
        program = Path(__file__).with_name("beta_client.py")
        arguments = [program, f"{server.base_url}/v1", KEY, tmp_path / "speech.pcm"]
        process = await asyncio.create_subprocess_exec(
            python, "-W", "ignore", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(60):
            out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    report = json.loads(out)
    assert report["model"] == "any-realtime-preview"
    assert report["text"] == "You said: Hi you."
    assert report["usage"] > 0
    assert report["call"] == ["get_weather", '{"city": "Weather in Paris"}']
    assert report["followed"] == "The tool returned: rain."
    assert report["heard"] == "what is up"
    assert report["spoken"] == "You said: what is up."
    parsed = {kind: name for name, kind in report["seen"]}
    assert parsed["response.audio.delta"] == "ResponseAudioDeltaEvent"
    assert parsed["conversation.item.created"] == "ConversationItemCreatedEvent"
    assert not [kind for kind in parsed if kind.startswith(("response.output_audio", "conversation.item.added"))]


async def test_a_browser_talks_with_a_token_that_is_lent_for_a_while(gateway):
    async with gateway() as server, Client(server.base_url, KEY) as client:
        token = await mint_token(client, "m")
        protocols = ["realtime", f"openai-insecure-api-key.{token.value.get_secret_value()}"]
        url = f"ws://127.0.0.1:{server.port}/v1/realtime?model=m"
        async with connect(url, subprotocols=protocols, origin="https://page.example") as page:
            assert json.loads(await page.recv())["type"] == "session.created"
        async with httpx.AsyncClient(base_url=server.base_url) as http:
            shown = {"Authorization": f"Bearer {token.value.get_secret_value()}"}
            assert (await http.get("/v1/models", headers=shown)).status_code == 401


# The front door ------------------------------------------------------------------------------------------------------


async def test_a_wrong_key_is_refused_in_openais_form(gateway):
    async with gateway() as server:
        async with AsyncOpenAI(base_url=f"{server.base_url}/v1", api_key="sk-wrong", max_retries=0) as client:
            with pytest.raises(AuthenticationError) as refused:
                await client.models.list()
        assert refused.value.code == "invalid_api_key"
        with pytest.raises(InvalidStatus) as closed:
            await connect(f"ws://127.0.0.1:{server.port}/v1/realtime?model=m")
        assert closed.value.response.status_code == 401
        assert json.loads(closed.value.response.body)["error"]["type"] == "invalid_request_error"


async def test_a_keyless_gateway_lets_programs_in_and_web_pages_not(gateway):
    async with gateway(key=None) as server:
        url = f"ws://127.0.0.1:{server.port}/v1/realtime?model=m"
        with pytest.raises(InvalidStatus) as nowhere:
            await connect(f"ws://127.0.0.1:{server.port}/nowhere")
        assert nowhere.value.response.status_code == 404
        async with connect(url) as program:
            assert json.loads(await program.recv())["type"] == "session.created"
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, origin="http://localhost:3000")
        assert refused.value.response.status_code == 403


async def test_a_browser_shows_its_key_as_a_subprotocol(gateway):
    async with gateway() as server:
        url = f"ws://127.0.0.1:{server.port}/v1/realtime?model=m"
        protocols = ["realtime", f"openai-insecure-api-key.{KEY}", "openai-beta.realtime-v1"]
        async with connect(url, subprotocols=protocols, origin="https://page.example") as page:
            assert page.subprotocol == "realtime"
            assert "modalities" in json.loads(await page.recv())["session"]


async def test_it_answers_503_until_the_models_are_there(fakes):
    async with Gateway("127.0.0.1", 0) as server, httpx.AsyncClient(base_url=server.base_url) as http:
        early = await http.get("/v1/models")
        assert (early.status_code, early.headers["retry-after"]) == (503, "1")
        assert (await http.get("/healthz")).json() == {"status": "loading"}
        with pytest.raises(InvalidStatus):
            await connect(f"ws://127.0.0.1:{server.port}/v1/realtime?model=m")
        server.equip(fakes.transcriber(), fakes.speaker(), ScriptedBrain)
        assert (await http.get("/v1/models")).json()["object"] == "list"
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        assert (await http.get("/nowhere")).status_code == 404
        assert (await http.get("/v1/realtime?model=m")).status_code == 426


async def test_a_busy_port_is_named(gateway):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} on 127.0.0.1 is busy"):
            async with gateway(port=port):
                pass


async def test_a_web_server_that_fails_before_it_listens_is_not_waited_for(gateway, monkeypatch):
    async def fails(_server, sockets):
        raise RuntimeError("no luck")

    monkeypatch.setattr(WebServer, "startup", fails)
    async with asyncio.timeout(5):
        with pytest.raises(RuntimeError, match="no luck"):
            async with gateway():
                pass


async def test_an_address_of_another_machine_is_named(gateway):
    with pytest.raises(UsageError, match=r"Cannot listen on 192\.0\.2\.1"):
        async with gateway(host="192.0.2.1"):
            pass


def test_without_a_key_only_loopback_is_bound():
    with pytest.raises(UsageError, match="loopback"):
        Gateway("0.0.0.0", 0)
    with pytest.raises(UsageError, match="empty key"):
        Gateway("127.0.0.1", 0, "")
    with pytest.raises(MisuseError):
        _ = Gateway("127.0.0.1", 0).port


async def test_several_sessions_run_at_a_time_and_end_with_the_gateway(gateway):
    async with gateway(key=None) as server:
        url = f"ws://127.0.0.1:{server.port}/v1/realtime?model="
        async with connect(url + "a") as one, connect(url + "b") as two:
            for socket_, model in ((one, "a"), (two, "b")):
                assert json.loads(await socket_.recv())["session"]["model"] == model
                await socket_.recv()
            running = asyncio.current_task()
            assert running is not None
            await server.__aexit__(None, None, None)
            with pytest.raises(ConnectionClosed) as closed:
                await one.recv()
            assert closed.value.rcvd.code == 1001


async def test_large_frames_and_binary_ones_are_survived(gateway):
    async with (
        gateway(key=None) as server,
        connect(f"{server.base_url.replace('http', 'ws')}/v1/realtime?model=m") as ws,
    ):
        await ws.recv()
        await ws.recv()
        update = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
        await ws.send(json.dumps({"type": "session.update", "session": update}))
        await ws.recv()
        audio = base64.b64encode(bytes(48_000 * 180)).decode()
        await ws.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        await ws.send(b"\x00")
        assert json.loads(await ws.recv())["error"]["code"] == "invalid_message"
        await ws.send('{"type": "input_audio_buffer.commit"}')
        assert json.loads(await ws.recv())["type"] == "input_audio_buffer.committed"


async def test_the_session_cap_closes_with_1001(gateway):
    server = gateway(key=None)
    server.limits = Limits(minutes=0.005)
    async with server, connect(f"ws://127.0.0.1:{server.port}/v1/realtime?model=m") as ws:
        codes = [json.loads(frame).get("error", {}).get("code") async for frame in ws]
    assert codes[-1] == "session_expired"
    assert ws.close_code == 1001
    assert ws.close_reason.startswith("Your session hit the maximum duration")


async def test_an_unknown_brain_is_refused_before_anything_is_loaded():
    with pytest.raises(UsageError, match="Unknown brain 'gpt'"):
        await serve_gateway("127.0.0.1", 0, None, "gpt", lambda _: None)


async def test_run_serves_until_cancelled(gateway):
    server = gateway(key=None)
    task = asyncio.get_running_loop().create_task(server.run())
    async with asyncio.timeout(5):
        while True:
            await asyncio.sleep(0.01)
            try:
                port = server.port
                break
            except MisuseError:
                continue
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
