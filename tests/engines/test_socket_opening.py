from __future__ import annotations

import asyncio
import logging
import socket as sockets
import ssl
import struct
from http import HTTPStatus

import pytest
from websockets.frames import Opcode

from engines.wires import CERTIFICATE, Heard, answering, echo, frame, raw_server, reset, stock_server, upgraded
from voiceloop.engines.socket import UpgradeRefusedError, connect
from voiceloop.errors import SettingsError, UnreachableError
from voiceloop.network.route import route_to

pytestmark = pytest.mark.real

KEY = "sk-planted-canary-0123456789"
HEADERS = {"Authorization": f"Bearer {KEY}"}


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
        trusting = route_to(url, {"SSL_CERT_FILE": str(CERTIFICATE)})
        socket = await connect(url, headers={}, route=trusting, **heard.callbacks)
        assert socket.send(b"secret")
        await heard.until(lambda: heard.messages)
        await socket.close(1.0)
    assert heard.messages == [b"secret"]
    assert heard.closes == [(1000, "")]
