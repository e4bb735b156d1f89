from __future__ import annotations

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from engines.wires import Heard, echo, frame, raw_server, reset, stock_server, until, upgraded
from voiceloop.engines.socket import connect

pytestmark = pytest.mark.real

HEADERS = {"Authorization": "Bearer sk-planted-canary-0123456789"}


async def test_messages_go_both_ways_whole_and_in_order():
    heard = Heard()
    sent = [b"%d" % number * (number % 70_001 + 1) for number in (1, 125, 126, 65_535, 70_000)] + ["ä€😀".encode()]
    async with stock_server(echo) as url:
        socket = await connect(url, headers=HEADERS, max_buffered=2**20, **heard.callbacks)
        for payload in sent:
            assert socket.send(payload)
        await heard.until(lambda: len(heard.messages) == len(sent))
        await socket.close(1.0)
    assert heard.messages == sent
    assert all(type(message) is bytes for message in heard.messages)
    assert heard.closes == [(1000, "")]


async def test_fragments_are_put_together_across_pings():
    heard = Heard()
    pieces = [
        frame(Opcode.TEXT, b"one ", fin=False),
        frame(Opcode.PING, b"?"),
        frame(Opcode.CONT, b"two ", fin=False),
        frame(Opcode.CONT, b"three"),
        frame(Opcode.BINARY, b"\x00", fin=False),
        frame(Opcode.CONT, b"\x01"),
        frame(Opcode.BINARY, b"\x02"),
        frame(Opcode.TEXT, b"next"),
    ]
    async with raw_server(upgraded(b"".join(pieces))) as url:
        socket = await connect(url, headers={}, **heard.callbacks)
        await heard.until(lambda: len(heard.messages) == 2)
        assert heard.messages == [b"one two three", b"next"]
        assert heard.binary == [b"\x00\x01", b"\x02"]
        await socket.close(0.05)


async def test_binary_messages_are_dropped_where_nobody_takes_them():
    heard = Heard()
    pieces = frame(Opcode.BINARY, b"\x00\x01") + frame(Opcode.TEXT, b"after")
    async with raw_server(upgraded(pieces)) as url:
        socket = await connect(url, headers={}, on_message=heard.on_message, on_close=heard.on_close)
        await heard.until(lambda: heard.messages)
        assert heard.messages == [b"after"]
        await socket.close(0.05)


async def test_three_mebibytes_arrive_whole():
    heard = Heard()
    big = b"x" * 3 * 2**20
    async with stock_server(lambda connection: connection.send(big.decode())) as url:
        await connect(url, headers={}, **heard.callbacks)
        await heard.closed()
    assert heard.messages == [big]


async def test_a_message_above_the_limit_closes_with_1009():
    heard = Heard()
    async with stock_server(lambda connection: connection.send("x" * 2000)) as url:
        await connect(url, headers={}, max_size=1000, **heard.callbacks)
        code, _ = await heard.closed()
    assert code == 1009
    assert heard.messages == []


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1013, 4000])
async def test_the_peers_close_code_and_reason_are_told_once(code):
    heard = Heard()
    async with stock_server(lambda connection: connection.close(code, "because")) as url:
        socket = await connect(url, headers={}, **heard.callbacks)
        assert await heard.closed() == (code, "because")
        assert not socket.send(b"{}")
        socket.send_control(b"{}")
        socket.ping()
        await socket.close(1.0)
        await socket.close(1.0)
    assert heard.closes == [(code, "because")]


async def test_a_peer_that_vanishes_without_a_close_frame_is_1006():
    heard = Heard()

    async def vanish(reader, writer):
        writer.close()

    async with raw_server(upgraded(frame(Opcode.TEXT, b"last words"), then=vanish)) as url:
        await connect(url, headers={}, **heard.callbacks)
        code, _ = await heard.closed()
    assert code == 1006
    assert heard.messages == [b"last words"]


async def test_a_reset_is_1006():
    heard = Heard()

    async def break_off(reader, writer):
        reset(writer)

    async with raw_server(upgraded(then=break_off)) as url:
        await connect(url, headers={}, **heard.callbacks)
        assert (await heard.closed())[0] == 1006
    assert len(heard.closes) == 1


async def test_a_peer_that_breaks_the_protocol_is_told_so_and_left():
    heard = Heard()
    async with raw_server(upgraded(frame(Opcode.CONT, b"out of place"))) as url:
        await connect(url, headers={}, **heard.callbacks)
        assert (await heard.closed())[0] == 1002


async def test_a_backlogged_socket_refuses_audio_and_takes_it_again_when_read():
    heard = Heard()
    go = asyncio.Event()
    read = 0

    async def read_late(reader, writer):
        nonlocal read
        await go.wait()
        while data := await reader.read(2**16):
            read += len(data)

    async with raw_server(upgraded(then=read_late)) as url:
        socket = await connect(url, headers={}, max_buffered=64 * 2**10, **heard.callbacks)
        payload = b"x" * 16_000
        sent = 0
        while socket.send(payload):
            sent += 1
            assert sent < 5000, "no bound"
            await asyncio.sleep(0)
        socket.send_control(b"must go")
        go.set()
        await until(lambda: socket.send(payload))
        await socket.close(0.2)
    assert read >= sent * len(payload)


async def test_control_frames_behind_a_hopeless_backlog_cut_the_connection():
    heard = Heard()
    async with raw_server(upgraded()) as url:
        socket = await connect(url, headers={}, **heard.callbacks)
        for _ in range(64):
            socket.send_control(b"x" * 2**20)
            if heard.closes:
                break
        assert heard.closes == [(1006, "the peer stopped reading")]


async def test_what_is_sent_between_a_break_and_its_news_is_refused_not_raised():
    heard = Heard()
    async with stock_server(echo) as url:
        socket = await connect(url, headers={}, **heard.callbacks)
        transport = socket._transport
        transport.abort()  # what a broken connection looks like before `connection_lost` comes
        assert transport.is_closing()
        assert not socket.send(b"sound")
        socket.send_control(b"{}")
        socket.ping()
        assert (await heard.closed())[0] == 1006


async def test_any_byte_is_life():
    heard = Heard()
    async with stock_server(echo) as url:
        socket = await connect(url, headers={}, **heard.callbacks)
        await asyncio.sleep(0.005)  # uvloop's clock counts whole milliseconds
        before = socket.last_byte_at
        socket.ping()
        await until(lambda: socket.last_byte_at > before)
        assert heard.messages == []
        await socket.close(1.0)


async def test_a_peer_that_answers_no_ping_is_cut():
    heard = Heard()
    async with raw_server(upgraded()) as url:
        await connect(url, headers={}, ping_every_s=0.05, **heard.callbacks)
        code, reason = await heard.closed()
    assert code == 1006
    assert "ping" in reason


async def test_a_peer_that_answers_pings_is_kept():
    heard = Heard()
    async with stock_server(echo) as url:
        socket = await connect(url, headers={}, ping_every_s=0.02, **heard.callbacks)
        await asyncio.sleep(0.2)
        assert heard.closes == []
        await socket.close(1.0)


async def test_close_cuts_a_peer_that_does_not_answer():
    heard = Heard()
    loop = asyncio.get_running_loop()
    async with raw_server(upgraded()) as url:
        socket = await connect(url, headers={}, **heard.callbacks)
        start = loop.time()
        await socket.close(0.05)
        assert loop.time() - start < 1.0
    assert heard.closes == [(1006, "closed here without an answer")]


async def test_cancelling_close_cuts_at_once():
    heard = Heard()
    async with raw_server(upgraded()) as url:
        socket = await connect(url, headers={}, **heard.callbacks)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await socket.close(60.0)
    assert len(heard.closes) == 1


async def test_a_close_from_inside_a_message_stops_further_messages():
    told = []
    holder = []

    def on_message(payload):
        told.append(payload)
        holder[0].cut("enough")

    async with raw_server(upgraded(frame(Opcode.TEXT, b"1") + frame(Opcode.TEXT, b"2"))) as url:
        closed = asyncio.Event()
        holder.append(await connect(url, headers={}, on_message=on_message, on_close=lambda *_: closed.set()))
        async with asyncio.timeout(5):
            await closed.wait()
    assert told == [b"1"]


async def test_the_stock_client_side_of_a_cut_is_seen_by_the_server():
    codes = []

    async def handler(connection):
        try:
            await connection.recv()
        except ConnectionClosed as closed:
            codes.append(closed.rcvd)

    heard = Heard()
    async with stock_server(handler) as url:
        socket = await connect(url, headers={}, **heard.callbacks)
        await socket.close(1.0)
    assert codes[0].code == 1000


async def test_nothing_is_sent_between_the_end_of_a_stream_and_the_news_of_it():
    heard = Heard()
    async with raw_server(upgraded()) as url:
        socket = await connect(url, headers={}, **heard.callbacks)
        socket.eof_received()  # the loop tells the loss in a later turn
        assert not socket.send(b"{}")
        assert heard.closes == []
        await socket.close(0.05)
