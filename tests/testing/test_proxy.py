from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from voiceloop.errors import MisuseError
from voiceloop.testing.faults import Answer, Refuse, Reset, refusal
from voiceloop.testing.proxy import FaultProxy
from voiceloop.testing.proxy_pair import reset

pytestmark = pytest.mark.real


@asynccontextmanager
async def echo_server():
    async def echo(reader, writer):
        try:
            while data := await reader.read(1000):
                writer.write(data.upper())
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def ask(connection, data):
    reader, writer = connection
    writer.write(data)
    async with asyncio.timeout(5):
        return await reader.read(1000)


@asynccontextmanager
async def through(port, **options):
    async with FaultProxy(port, **options) as proxy:
        connection = await asyncio.open_connection("127.0.0.1", proxy.port)
        yield proxy, connection
        connection[1].close()


async def test_bytes_go_both_ways_and_the_end_too():
    async with echo_server() as port, through(port) as (proxy, connection):
        assert await ask(connection, b"hello") == b"HELLO"
        assert proxy.open_connections == proxy.accepted == 1
        connection[1].write_eof()
        assert await connection[0].read() == b""


async def test_a_drop_is_a_reset_for_the_client():
    async with echo_server() as port, through(port) as (proxy, connection):
        await ask(connection, b"hello")
        proxy.drop()
        with pytest.raises(ConnectionResetError):
            await ask(connection, b"more")


async def test_a_black_hole_holds_everything_until_it_heals():
    async with echo_server() as port, through(port) as (proxy, connection):
        await ask(connection, b"hello")
        proxy.black_hole()
        connection[1].write(b"lost?")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await connection[0].read(1000)
        proxy.heal()
        async with asyncio.timeout(5):
            assert await connection[0].read(1000) == b"LOST?"


async def test_delay_is_added_each_way():
    async with echo_server() as port, through(port, delay_s=0.05) as (_, connection):
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await ask(connection, b"slow") == b"SLOW"
        assert loop.time() - start >= 0.1


async def test_refusing_keeps_open_connections_and_the_port():
    async with echo_server() as port, through(port) as (proxy, connection):
        await ask(connection, b"hello")
        await proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", proxy.port)
        assert await ask(connection, b"still here") == b"STILL HERE"
        await proxy.accept()
        _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.close()


async def test_a_dead_target_resets_the_client():
    async with echo_server() as port:
        dead = port
    async with through(dead) as (_, connection):
        with pytest.raises(ConnectionResetError):
            await ask(connection, b"anyone?")


async def test_urls_lead_through_it():
    async with FaultProxy(4321) as proxy:
        assert proxy.through("ws://127.0.0.1:4321/v1/realtime") == f"ws://127.0.0.1:{proxy.port}/v1/realtime"


def test_it_has_no_port_before_it_is_open():
    with pytest.raises(MisuseError):
        _ = FaultProxy(1).port


async def test_a_server_that_resets_is_a_reset_for_the_client():
    async def hang_up(reader, writer):
        await reader.read(1)
        reset(writer)

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server, through(server.sockets[0].getsockname()[1]) as (_, connection):
        with pytest.raises(ConnectionResetError):
            await ask(connection, b"anyone?")


async def test_faults_strike_only_what_is_asked_for_at_one_path():
    async with echo_server() as port, FaultProxy(port, only="/v1/realtime") as proxy:
        plain, upgrade = [await asyncio.open_connection("127.0.0.1", proxy.port) for _ in range(2)]
        assert await ask(plain, b"POST /v1/chat\r\n\r\n") == b"POST /V1/CHAT\r\n\r\n"
        assert await ask(upgrade, b"GET /v1/realtime?model=m\r\n\r\n") == b"GET /V1/REALTIME?MODEL=M\r\n\r\n"
        proxy.inject(Reset(), Refuse())
        with pytest.raises(ConnectionResetError):
            await ask(upgrade, b"more")
        late = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises(ConnectionResetError):
            await ask(late, b"GET /v1/realtime\r\n\r\n")
        assert await ask(plain, b"more") == b"MORE"
        proxy.heal()
        proxy.inject(Answer(refusal(503), times=1))
        back = [await asyncio.open_connection("127.0.0.1", proxy.port) for _ in range(3)]
        assert await ask(back[0], b"GET /v1/models\r\n\r\n") == b"GET /V1/MODELS\r\n\r\n"
        assert (await ask(back[1], b"GET /v1/realtime\r\n\r\n")).startswith(b"HTTP/1.1 503 ")
        assert await ask(back[2], b"GET /v1/realtime\r\n\r\n") == b"GET /V1/REALTIME\r\n\r\n"
        for _, writer in (plain, upgrade, late, *back):
            writer.close()
