from __future__ import annotations

import asyncio
import base64
import json
import ssl
from pathlib import Path

import pytest
from openai import AsyncOpenAI
from websockets.asyncio.client import connect as stock_connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from voiceloop.engines.socket import connect
from voiceloop.errors import MisuseError
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_server import ScriptedServer
from voiceloop.testing.numbers import Run, numbered, runs
from voiceloop.testing.script import Call, Close, Quirks, Reply, Send, Spoken, Stall, Vanish

pytestmark = pytest.mark.real

BETA = {"OpenAI-Beta": "realtime=v1", "Authorization": "Bearer k"}


async def receive_until(websocket, last):
    """Events up to and with the first of type `last`."""
    events = []
    async with asyncio.timeout(5):
        while not events or events[-1]["type"] != last:
            events.append(json.loads(await websocket.recv()))
    return events


async def test_a_stock_websocket_client_gets_a_beta_conversation():
    gateway = ScriptedGateway(Reply((Spoken("hello you", 200),)), key="k")
    async with ScriptedServer(gateway) as url, stock_connect(f"{url}?model=m", additional_headers=BETA) as websocket:
        await receive_until(websocket, "conversation.created")
        await websocket.send(json.dumps({"type": "response.create"}))
        events = await receive_until(websocket, "response.done")
    audio = b"".join(base64.b64decode(event["delta"]) for event in events if event["type"] == "response.audio.delta")
    assert runs(audio) == [Run(0, 0, 4800)]
    assert gateway.connection.path == "/v1/realtime?model=m"
    assert gateway.connection.session.dialect == "beta"
    gateway.assert_complete()


async def test_the_stock_openai_client_reads_every_event_as_the_type_it_is():
    reply = Reply((Spoken("it is noon", 300),), (Call("lamp", '{"on":true}'),))
    gateway = ScriptedGateway(reply)
    gateway.heard_speech(100, 400, "what time is it")
    server = ScriptedServer(gateway)
    async with server:
        client = AsyncOpenAI(api_key="k", base_url=f"{server.base_url}/v1")
        async with client.realtime.connect(model="gpt-realtime") as connection:
            audio = {"input": {"transcription": {"model": "whisper-1"}}}
            await connection.session.update(session={"type": "realtime", "audio": audio})
            for at in range(0, 24_000, 480):
                chunk = base64.b64encode(numbered(at, 480)).decode()
                await connection.input_audio_buffer.append(audio=chunk)
            seen = []
            async with asyncio.timeout(5):
                async for event in connection:
                    seen.append(event)
                    if event.type == "response.done":
                        break
        await client.close()
    generic = [event.type for event in seen if type(event).__name__ in ("BaseModel", "RealtimeServerEvent")]
    assert generic == []
    assert {
        "session.updated",
        "input_audio_buffer.speech_started",
        "conversation.item.input_audio_transcription.completed",
        "response.output_audio.delta",
        "response.function_call_arguments.done",
    } <= {event.type for event in seen}
    assert seen[-1].response.status == "completed"
    assert seen[-1].response.output[1].name == "lamp"
    assert gateway.errors == []


async def test_our_own_socket_gets_timed_replies():
    gateway = ScriptedGateway(Reply((Spoken("a b c", 300),), pace=3.0))
    done = asyncio.Event()
    arrivals = []
    loop = asyncio.get_running_loop()

    def on_message(payload):
        kind = json.loads(payload)["type"]
        if kind == "response.output_audio.delta":
            arrivals.append(loop.time())
        if kind == "response.done":
            done.set()

    async with ScriptedServer(gateway) as url:
        socket = await connect(url, headers={}, on_message=on_message, on_close=lambda *_: None)
        socket.send(b'{"type":"response.create"}')
        async with asyncio.timeout(5):
            await done.wait()
        await socket.close(1.0)
    assert len(arrivals) == 3
    assert arrivals[2] - arrivals[0] > 0.05
    assert gateway.connection.closed == (1000, "")


async def test_refusals_are_real_http_answers():
    gateway = ScriptedGateway(key="right")
    async with ScriptedServer(gateway) as url:
        with pytest.raises(InvalidStatus) as caught:
            await stock_connect(url, additional_headers=BETA)
    assert caught.value.response.status_code == 401
    assert b"invalid_api_key" in caught.value.response.body


@pytest.mark.parametrize(
    ("step", "code"), [(Close(1001, "cap"), 1001), (Close(4000, "no"), 4000), (Close(1008, ""), 1008)]
)
async def test_close_codes_reach_the_client(step, code):
    gateway = ScriptedGateway()
    async with ScriptedServer(gateway) as url, stock_connect(url) as websocket:
        await receive_until(websocket, "conversation.created")
        gateway.perform(step)
        with pytest.raises(ConnectionClosed) as caught:
            await websocket.recv()
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (code, step.reason)


async def test_vanishing_sends_no_close_frame():
    gateway = ScriptedGateway()
    async with ScriptedServer(gateway) as url, stock_connect(url) as websocket:
        await receive_until(websocket, "conversation.created")
        gateway.perform(Vanish())
        with pytest.raises(ConnectionClosed) as caught:
            await websocket.recv()
    assert caught.value.rcvd is None


async def test_a_stall_swallows_even_pongs():
    gateway = ScriptedGateway()
    async with ScriptedServer(gateway) as url, stock_connect(url, ping_interval=None, close_timeout=0.1) as websocket:
        await receive_until(websocket, "conversation.created")
        async with asyncio.timeout(1):
            await (await websocket.ping())
        gateway.perform(Stall())
        await asyncio.sleep(0.05)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await (await websocket.ping())


async def test_big_binary_and_broken_frames_go_out_as_they_stand():
    gateway = ScriptedGateway(Reply((Spoken("x", 20),), padding_bytes=2 * 2**20))
    async with ScriptedServer(gateway) as url, stock_connect(url, max_size=2**24) as websocket:
        await receive_until(websocket, "conversation.created")
        gateway.perform(Send(b"\x00\xff"), Send('{"type":'))
        assert await websocket.recv() == b"\x00\xff"
        assert await websocket.recv() == '{"type":'
        await websocket.send('{"type":"response.create"}')
        await receive_until(websocket, "response.done")


async def test_subprotocols_and_tls():
    certificate = Path(__file__).parent.parent / "fixtures" / "tls" / "localhost.pem"
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    gateway = ScriptedGateway()
    trusting = ssl.create_default_context(cafile=certificate)
    offered = ["realtime", "openai-insecure-api-key.k", "openai-beta.realtime-v1"]
    async with ScriptedServer(gateway, tls=tls) as url:
        assert url.startswith("wss://")
        async with stock_connect(url, ssl=trusting, subprotocols=offered) as websocket:
            assert websocket.subprotocol == "realtime"
    assert gateway.connection.session.dialect == "beta"


async def test_a_client_that_goes_away_is_noticed():
    gateway = ScriptedGateway(quirks=Quirks(greets=False))
    async with ScriptedServer(gateway) as url:
        async with stock_connect(url):
            pass
        await gateway.until(lambda: gateway.connection.closed is not None)
    assert gateway.connection.closed[0] == 1000


def test_it_has_no_address_before_it_is_open():
    with pytest.raises(MisuseError):
        _ = ScriptedServer(ScriptedGateway()).base_url


async def test_an_upgrade_that_is_never_answered_ends_with_the_client_or_the_server():
    gateway = ScriptedGateway()
    gateway.ignore_upgrades(times=2)
    async with ScriptedServer(gateway) as url:
        with pytest.raises(TimeoutError):
            await stock_connect(url, open_timeout=0.2)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.split(":")[2].split("/")[0]))
        writer.write(b"GET /v1/realtime HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n")
        await gateway.until(lambda: len(gateway.upgrades) == 2)
    assert await reader.read() == b""
    writer.close()


async def test_the_next_upgrades_are_refused_with_bodies_as_servers_send_them():
    gateway = ScriptedGateway()
    gateway.refuse(429, headers={"Retry-After": "1"})
    gateway.refuse(503)
    async with ScriptedServer(gateway) as url:
        seen = []
        for _ in range(2):
            with pytest.raises(InvalidStatus) as caught:
                await stock_connect(url)
            response = caught.value.response
            seen.append((response.status_code, json.loads(response.body)["error"]["code"]))
        async with stock_connect(url) as websocket:
            await receive_until(websocket, "conversation.created")
    assert seen == [(429, "rate_limit_exceeded"), (503, "do_request_failed")]


async def test_a_relay_answers_pings_while_nothing_progresses():
    gateway = ScriptedGateway()
    async with ScriptedServer(gateway) as url, stock_connect(url) as websocket:
        await receive_until(websocket, "conversation.created")
        gateway.perform(Stall(answers_pings=True))
        await websocket.send('{"type":"response.create"}')
        await gateway.until(lambda: gateway.got("response.create"))
        async with asyncio.timeout(5):
            await (await websocket.ping())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await websocket.recv()


async def test_a_second_connection_beside_the_first_has_its_own_session():
    gateway = ScriptedGateway()
    async with ScriptedServer(gateway) as url, stock_connect(url) as one, stock_connect(url) as two:
        first = (await receive_until(one, "conversation.created"))[0]
        second = (await receive_until(two, "conversation.created"))[0]
        assert first["session"]["id"] != second["session"]["id"]
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "replayed"}]}
        await two.send(json.dumps({"type": "conversation.item.create", "item": item}))
        await receive_until(two, "conversation.item.done")
        await one.close()
        await gateway.until(lambda: gateway.connections[0].closed)
    assert [len(each.items) for each in gateway.connections] == [0, 1]


async def test_a_session_ends_at_its_cap_as_the_vendor_does_it():
    gateway = ScriptedGateway(quirks=Quirks(session_lasts_s=0.1))
    async with ScriptedServer(gateway) as url, stock_connect(url) as websocket:
        events = await receive_until(websocket, "error")
        with pytest.raises(ConnectionClosed) as caught:
            await websocket.recv()
    assert isinstance(events[0]["session"]["expires_at"], int)
    assert events[-1]["error"]["code"] == "session_expired"
    assert caught.value.rcvd.code == 1001
