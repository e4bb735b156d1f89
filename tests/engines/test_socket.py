from __future__ import annotations

import asyncio
import logging
import socket as sockets
import ssl
import struct
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from voiceloop.engines.socket import UpgradeRefusedError, connect
from voiceloop.errors import SettingsError, UnreachableError

pytestmark = pytest.mark.real

CERTIFICATE = Path(__file__).parent.parent / "fixtures" / "tls" / "localhost.pem"  # self-signed, with its key
KEY = "sk-planted-canary-0123456789"
HEADERS = {"Authorization": f"Bearer {KEY}"}


class Heard:
    """What the callbacks of one connection were told."""

    def __init__(self):
        self.messages: list[bytes] = []
        self.binary: list[bytes] = []
        self.closes: list[tuple[int, str]] = []
        self._changed = asyncio.Event()

    def on_message(self, payload: bytes) -> None:
        assert not self.closes, "a message after the close"
        self.messages.append(payload)
        self._changed.set()

    def on_binary(self, payload: bytes) -> None:
        self.binary.append(payload)
        self._changed.set()

    def on_close(self, code: int, reason: str) -> None:
        self.closes.append((code, reason))
        self._changed.set()

    async def until(self, condition) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def closed(self) -> tuple[int, str]:
        await self.until(lambda: self.closes)
        return self.closes[0]

    @property
    def callbacks(self):
        return {"on_message": self.on_message, "on_binary": self.on_binary, "on_close": self.on_close}


@asynccontextmanager
async def stock_server(handler, **options):
    """A server of the websockets library, compression offered as it does by default."""
    async with serve(handler, "127.0.0.1", 0, **options) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime?model=m"


@asynccontextmanager
async def raw_server(handler):
    """A TCP server that answers with whatever bytes the handler writes."""
    done = asyncio.Event()
    writers = []

    async def serve_one(reader, writer):
        writers.append(writer)
        await handler(reader, writer)
        await done.wait()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        done.set()
        server.close()
        for writer in writers:
            writer.close()


def upgraded(frames: bytes = b"", *, then=None):
    """A raw handler: a proper 101, then these bytes in the same packet."""

    async def handler(reader, writer):
        protocol = ServerProtocol()
        protocol.receive_data(await reader.readuntil(b"\r\n\r\n"))
        protocol.send_response(protocol.accept(protocol.events_received()[0]))
        writer.write(b"".join(protocol.data_to_send()) + frames)
        await writer.drain()
        if then is not None:
            await then(reader, writer)

    return handler


def frame(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=False)


def answering(answer: bytes):
    async def handler(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    return handler


def reset(writer) -> None:
    writer.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def until(condition) -> None:
    """Poll what no callback tells about."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def echo(connection) -> None:
    async for message in connection:
        await connection.send(message)


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


async def test_the_request_carries_headers_and_subprotocols_and_offers_no_compression():
    heard = Heard()
    requests = []

    async def handler(connection):
        requests.append(connection.request)
        await connection.wait_closed()

    async with stock_server(handler, subprotocols=["realtime"]) as url:
        socket = await connect(url, headers=HEADERS, subprotocols=["realtime", "other"], **heard.callbacks)
        assert socket.subprotocol == "realtime"
        await socket.close(1.0)
    assert requests[0].path == "/v1/realtime?model=m"
    assert requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert "Sec-WebSocket-Extensions" not in requests[0].headers


async def test_no_callback_runs_before_connect_has_returned():
    heard = Heard()
    burst = frame(Opcode.TEXT, b"hello") + frame(Opcode.CLOSE, struct.pack("!H", 1013) + b"later")
    async with raw_server(upgraded(burst)) as url:
        await connect(url, headers={}, **heard.callbacks)
        assert (heard.messages, heard.closes) == ([], [])
        assert await heard.closed() == (1013, "later")
    assert heard.messages == [b"hello"]


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


async def test_any_byte_is_life():
    heard = Heard()
    async with stock_server(echo) as url:
        socket = await connect(url, headers={}, **heard.callbacks)
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


@pytest.mark.parametrize("status", [301, 401, 403, 404, 429, 500, 503])
async def test_an_http_answer_carries_status_headers_and_body_but_no_key(status, caplog):
    caplog.set_level(logging.DEBUG)
    heard = Heard()

    def refuse(connection, request):
        response = connection.respond(HTTPStatus(status), f"no, {request.headers['Authorization']}\n")
        response.headers["Retry-After"] = "7"
        return response

    async with stock_server(echo, process_request=refuse, logger=logging.getLogger("server-that-may-log-keys")) as url:
        caplog.clear()
        with pytest.raises(UpgradeRefusedError) as caught:
            await connect(url, headers=HEADERS, **heard.callbacks)
    assert caught.value.status == status
    assert caught.value.headers["retry-after"] == "7"
    assert caught.value.body == "no, Bearer ***"
    assert KEY not in str(caught.value)
    ours = [record for record in caplog.records if record.name != "server-that-may-log-keys"]
    assert not any(KEY in record.getMessage() for record in ours)
    assert heard.closes == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: forged\r\n\r\n",
    ],
)
async def test_what_is_no_websocket_server_is_unreachable(answer):
    async with raw_server(answering(answer)) as url:
        with pytest.raises(UnreachableError, match="check the base URL"):
            await connect(url, headers=HEADERS, **Heard().callbacks)


async def test_a_closed_port_refuses():
    with sockets.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UnreachableError, match=f"127.0.0.1:{port} refuses"):
        await connect(f"ws://127.0.0.1:{port}", headers=HEADERS, **Heard().callbacks)


async def test_an_unknown_host_is_named():
    with pytest.raises(UnreachableError, match=r"no-such-host\.invalid:443 is not known"):
        await connect("wss://no-such-host.invalid/v1/realtime", headers=HEADERS, **Heard().callbacks)


async def test_a_server_that_never_answers_times_out():
    async def silent(reader, writer):
        return

    async with raw_server(silent) as url:
        with pytest.raises(UnreachableError, match=r"within 0\.05 s"):
            await connect(url, headers={}, timeout_s=0.05, **Heard().callbacks)


async def test_a_reset_while_opening_is_unreachable():
    async def break_off(reader, writer):
        await reader.read(1)
        reset(writer)

    async with raw_server(break_off) as url:
        with pytest.raises(UnreachableError, match="dropped"):
            await connect(url, headers={}, **Heard().callbacks)


async def test_plain_text_where_tls_is_expected_is_unreachable():
    async def complain(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with raw_server(complain) as url:
        with pytest.raises(UnreachableError, match="no TLS with 127"):
            await connect(url.replace("ws:", "wss:"), headers={}, **Heard().callbacks)


async def test_cancelling_connect_leaves_nothing_open():
    gone = asyncio.Event()

    async def wait_for_end(reader, writer):
        while await reader.read(100):
            pass
        gone.set()

    async with raw_server(wait_for_end) as url:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await connect(url, headers={}, **Heard().callbacks)
        async with asyncio.timeout(5):
            await gone.wait()


@pytest.mark.parametrize("url", ["http://h/", "ws:///path", "nonsense", "ws://h:99999/", "ws://h/#part"])
async def test_an_address_that_is_no_websocket_url_is_a_settings_error(url):
    with pytest.raises(SettingsError, match="base URL"):
        await connect(url, headers={}, **Heard().callbacks)


@pytest.mark.parametrize("value", [f"Bearer {KEY}\n", f"Bearer {KEY}\r\nX: y", f"Bearer {KEY}ü"])
async def test_a_key_that_cannot_stand_in_a_header_is_a_settings_error_without_the_key(value):
    with pytest.raises(SettingsError, match="check the key") as caught:
        await connect("ws://127.0.0.1:1", headers={"Authorization": value}, **Heard().callbacks)
    assert KEY not in str(caught.value)


async def test_small_messages_leave_at_once():
    """Nagle's delay is off on our side: the option is set on the socket in use."""
    heard = Heard()
    async with stock_server(echo) as url:
        socket = await connect(url, headers={}, **heard.callbacks)
        option = socket._transport.get_extra_info("socket").getsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY)
        assert option != 0
        await socket.close(1.0)


async def test_tls_goes_both_ways_and_an_untrusted_certificate_is_named():
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(CERTIFICATE)
    heard = Heard()
    async with stock_server(echo, ssl=server_tls) as plain_url:
        url = plain_url.replace("ws:", "wss:")
        with pytest.raises(UnreachableError, match="not trusted"):
            await connect(url, headers={}, **Heard().callbacks)
        trusting = ssl.create_default_context(cafile=CERTIFICATE)
        socket = await connect(url, headers={}, ssl_context=trusting, **heard.callbacks)
        assert socket.send(b"secret")
        await heard.until(lambda: heard.messages)
        await socket.close(1.0)
    assert heard.messages == [b"secret"]
    assert heard.closes == [(1000, "")]


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
