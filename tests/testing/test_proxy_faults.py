"""What can be injected between a stock websocket client and a server on sockets; in memory: test_memory_faults.py."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from voiceloop.errors import MisuseError
from voiceloop.testing.faults import Answer, Close, Cut, Freeze, Lag, Refuse, Reset, refusal
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_server import ScriptedServer
from voiceloop.testing.proxy import FaultProxy
from voiceloop.testing.script import NoAnswer, Quirks, Send

pytestmark = pytest.mark.real

CERTIFICATE = Path(__file__).parent.parent / "fixtures" / "tls" / "localhost.pem"


@asynccontextmanager
async def stage(tls=None, **options):
    """A gateway that says nothing by itself, a proxy before it, and its address by way of the proxy."""
    gateway = ScriptedGateway(quirks=Quirks(greets=False))
    server = ScriptedServer(gateway, tls=tls)
    async with asyncio.timeout(20), server as url, FaultProxy(server.port, **options) as proxy:
        yield gateway, proxy, proxy.through(url)


@asynccontextmanager
async def talk(**options):
    async with stage(**options) as (gateway, proxy, url), connect(url, compression=None, max_size=2**24) as websocket:
        yield gateway, proxy, websocket


async def says(websocket, *texts):
    for text in texts:
        await websocket.send(json.dumps({"type": "note", "text": text}))


def said(gateway):
    return [event["text"] for event in gateway.got("note")]


async def nothing_comes(websocket):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.15):
            await websocket.recv()


async def ending(websocket):
    """What came before the connection ended, and the close frame if there was one."""
    came = []
    try:
        while True:
            came.append(await websocket.recv())
    except ConnectionClosed as closed:
        return came, closed.rcvd


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1013, 4000])
async def test_a_close_frame_in_the_name_of_the_server(code):
    async with talk() as (gateway, proxy, websocket):
        gateway.perform(Send("before"))
        assert await websocket.recv() == "before"
        proxy.inject(Close(code, "bye"))
        came, frame = await ending(websocket)
        assert (came, frame.code, frame.reason) == ([], code, "bye")
        await gateway.until(lambda: gateway.connection.closed)
        assert gateway.connection.closed[0] == 1006


async def test_a_close_frame_waits_for_the_end_of_a_message():
    async with talk() as (gateway, proxy, websocket):
        proxy.inject(Lag(bytes_per_s=1_000_000))
        gateway.perform(Send("x" * 200_000))
        await asyncio.sleep(0.05)
        proxy.inject(Close(1011, "oops"))
        came, frame = await ending(websocket)
        assert (came, frame.code) == (["x" * 200_000], 1011)


async def test_a_reset_reaches_both_ends_without_a_close_frame():
    async with talk() as (gateway, proxy, websocket):
        proxy.inject(Reset())
        assert await ending(websocket) == ([], None)
        await gateway.until(lambda: gateway.connection.closed)
        assert proxy.open_connections == 0


async def test_a_freeze_upwards_lets_the_server_speak():
    async with talk() as (gateway, proxy, websocket):
        proxy.freeze("up")
        await says(websocket, "late")
        gateway.perform(Send("down"))
        assert await websocket.recv() == "down"
        assert said(gateway) == []
        proxy.heal()
        await gateway.until(lambda: said(gateway))


async def test_a_freeze_downwards_lets_the_client_speak():
    async with talk() as (gateway, proxy, websocket):
        proxy.freeze("down")
        gateway.perform(Send("late"))
        await says(websocket, "up")
        await gateway.until(lambda: said(gateway))
        await nothing_comes(websocket)
        proxy.heal()
        assert await websocket.recv() == "late"


async def test_a_freeze_thaws_by_itself_and_swallows_upgrades_meanwhile():
    async with stage() as (gateway, proxy, url):
        proxy.inject(Freeze(for_s=1.0))
        with pytest.raises(TimeoutError):
            await connect(url, open_timeout=0.1)
        async with connect(url) as websocket:
            await says(websocket, "thawed")
            await gateway.until(lambda: said(gateway))


async def test_a_router_that_forgets_freezes_old_connections_only():
    async with talk() as (gateway, proxy, old):
        proxy.inject(Freeze(scope="open"))
        url = f"ws://127.0.0.1:{proxy.port}/v1/realtime"
        async with connect(url, compression=None) as fresh:
            await says(old, "old")
            await says(fresh, "fresh")
            await gateway.until(lambda: said(gateway))
            gateway.connections[0].perform(Send("never"))
            await nothing_comes(old)
        assert said(gateway) == ["fresh"]
        proxy.inject(Reset())


async def test_connections_are_refused_for_a_while_and_open_ones_go_on():
    async with talk() as (gateway, proxy, websocket):
        port = proxy.port
        proxy.inject(Refuse(for_s=0.3))
        refused = 0
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                refused += 1
                await says(websocket, str(refused))
                await asyncio.sleep(0.02)
            else:
                writer.close()
                break
        await gateway.until(lambda: len(said(gateway)) == refused)
        assert refused
        assert proxy.port == port


async def test_refusing_and_healing_at_once_leaves_it_open():
    async with stage() as (_, proxy, url):
        for _ in range(3):
            proxy.inject(Refuse())
            proxy.heal()
        async with connect(url):
            pass
        proxy.inject(Refuse())
        proxy.heal()
        proxy.inject(Refuse())
        with pytest.raises((OSError, InvalidMessage)):  # refused, or reset by who listened a moment ago
            await connect(url)
        assert proxy.accepted == 1


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503])
async def test_upgrades_are_answered_with_a_status_in_the_servers_place(status):
    async with stage() as (gateway, proxy, url):
        proxy.inject(Answer(refusal(status), times=1))
        with pytest.raises(InvalidStatus) as caught:
            await connect(url)
        response = caught.value.response
        assert (response.status_code, response.body) == (status, refusal(status).body)
        assert gateway.upgrades == []
        async with connect(url):
            assert len(gateway.upgrades) == 1


async def test_upgrades_are_left_unanswered():
    async with stage() as (gateway, proxy, url):
        proxy.inject(Answer(NoAnswer()))
        with pytest.raises(TimeoutError):
            await connect(url, open_timeout=0.1)
        assert gateway.upgrades == []
        proxy.heal()
        async with connect(url):
            assert len(gateway.upgrades) == 1


@pytest.mark.parametrize(("inside", "arrived"), [(False, ["1", "22", "333"]), (True, ["1", "22"])])
async def test_a_connection_is_cut_behind_or_inside_a_message(inside, arrived):
    async with talk() as (gateway, proxy, websocket):
        proxy.inject(Cut("down", messages=3, inside=inside))
        await (await websocket.ping())
        gateway.perform(*(Send(str(number) * number) for number in range(1, 6)))
        came, frame = await ending(websocket)
        assert frame is None
        assert came in (arrived, arrived[: len(came)])  # a reset may overtake what was not read yet


async def test_what_the_server_got_ends_behind_the_message_or_the_byte():
    for cut, whole in ((Cut("up", messages=2), 2), (Cut("up", messages=2, inside=True), 1), (Cut("up", size=80), 2)):
        async with talk() as (gateway, proxy, websocket):
            proxy.inject(cut)
            for number in range(5):  # 29 bytes of payload, a header of 6
                await websocket.send(json.dumps({"type": "note", "text": str(number)}))
            await gateway.until(lambda gateway=gateway: gateway.connection.closed)
            assert said(gateway) == [str(number) for number in range(whole)]
            assert gateway.connection.closed[0] == 1006


async def test_a_throttled_line_takes_as_long_as_the_bytes_need():
    async with talk() as (gateway, proxy, websocket):
        loop = asyncio.get_running_loop()
        proxy.inject(Lag(bytes_per_s=100_000))
        start = loop.time()
        gateway.perform(Send("x" * 30_000))
        await websocket.recv()
        assert loop.time() - start >= 0.27
        proxy.heal()
        gateway.perform(Send("y" * 3_000_000))
        async with asyncio.timeout(5):
            await websocket.recv()


async def test_with_tls_bytes_are_broken_and_frames_are_left_alone():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATE)
    trusting = ssl.create_default_context(cafile=CERTIFICATE)
    async with stage(tls) as (gateway, proxy, url), connect(url, ssl=trusting, compression=None) as websocket:
        with pytest.raises(MisuseError, match="TLS"):
            proxy.inject(Close(1000))
        proxy.freeze(for_s=0.1)
        gateway.perform(Send("still here"))
        assert await websocket.recv() == "still here"
        proxy.inject(Cut("down", size=2000))
        gateway.perform(Send("x" * 5000))
        assert await ending(websocket) == ([], None)


async def test_leaving_the_proxy_leaves_nothing_open():
    gateway = ScriptedGateway()
    server = ScriptedServer(gateway)
    async with asyncio.timeout(10), server as url:
        async with FaultProxy(server.port) as proxy:
            websocket = await connect(proxy.through(url))
            proxy.freeze()
            proxy.inject(Answer(NoAnswer()))
            with pytest.raises(TimeoutError):
                await connect(proxy.through(url), open_timeout=0.1)
        assert (await ending(websocket))[1] is None
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", proxy.port)


def test_faults_are_the_same_on_uvloop():
    uvloop = pytest.importorskip("uvloop")

    async def break_it():
        async with talk() as (gateway, proxy, websocket):
            proxy.inject(Freeze(for_s=0.1))
            await says(websocket, "thawed")
            await gateway.until(lambda: said(gateway))
            proxy.inject(Cut("down", messages=1, inside=True))
            gateway.perform(Send("never whole"))
            assert await ending(websocket) == ([], None)
            proxy.inject(Reset(), Refuse())
            url = f"ws://127.0.0.1:{proxy.port}/v1/realtime"
            with pytest.raises(OSError, match="Connect"):
                await connect(url)
            proxy.heal()
            async with connect(url) as again:
                proxy.inject(Close(1001, "bye"))
                assert (await ending(again))[1].code == 1001

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(break_it())
