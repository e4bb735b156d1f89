"""The one door to websockets: a client connection that is sent to by plain call and heard by callback.

websockets' Sans-I/O `ClientProtocol` does the framing, an asyncio protocol of our own moves the bytes, so a message
costs no coroutine, future, queue or task in either direction. Messages are not compressed and redirects not followed.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, cast

from typing_extensions import override
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI, parse_uri

from voiceloop.engines.refusals import UpgradeRefusedError, refused, unreachable
from voiceloop.engines.tunnel import open_way
from voiceloop.errors import SettingsError, UnreachableError
from voiceloop.network.route import Route, route_to

__all__ = ["Connect", "Socket", "UpgradeRefusedError", "connect"]

MAX_MESSAGE_BYTES = 16 * 2**20  # one item event can carry a whole turn of base64 audio (BerriAI/litellm#15747)
MAX_AUDIO_BACKLOG_BYTES = 256 * 2**10  # 4 s of base64 pcm16: later audio is better kept than queued
MAX_CONTROL_BACKLOG_BYTES = 4 * 2**20
PING_EVERY_S = 20.0
LINGER_S = 1.0  # the server closes TCP first (RFC 6455, 7.1.1); one that does not is cut off
_TEXT = Opcode.TEXT


class Socket(Protocol):
    """An open connection. All but `close` are plain calls on the loop's thread and never raise."""

    @property
    def last_byte_at(self) -> float:
        """When the last byte of any kind arrived, on `loop.time()`: any byte is life."""

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol the server chose."""

    def send(self, payload: bytes) -> bool:
        """Send one text message (UTF-8). False: closed or backlogged, nothing was sent and the caller keeps it."""

    def send_control(self, payload: bytes) -> None:
        """Send a text message that must not be dropped.

        Behind a backlog of 4 MiB the peer counts as dead: the connection is cut and `on_close` follows. On a closed
        connection nothing happens, `on_close` has told.
        """

    def ping(self) -> None:
        """Send a ping now; its pong moves `last_byte_at`."""

    async def close(self, within_s: float) -> None:
        """Close politely, or cut the connection after `within_s`. `on_close` was called when it returns.

        Idempotent. Cancelling cuts the connection at once.
        """


class Connect(Protocol):
    """What `connect` is; `voiceloop.testing` has one that needs no network."""

    async def __call__(  # noqa: PLR0913 - each is said once, by name, where a connection is opened
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        on_message: Callable[[bytes], None],
        on_close: Callable[[int, str], None],
        on_binary: Callable[[bytes], None] | None = None,
        subprotocols: Sequence[str] = (),
        timeout_s: float = 10.0,
        max_size: int = MAX_MESSAGE_BYTES,
        max_buffered: int = MAX_AUDIO_BACKLOG_BYTES,
    ) -> Socket:
        """See `connect`."""


async def connect(  # noqa: PLR0913 - see Connect
    url: str,
    *,
    headers: Mapping[str, str],
    on_message: Callable[[bytes], None],
    on_close: Callable[[int, str], None],
    on_binary: Callable[[bytes], None] | None = None,
    subprotocols: Sequence[str] = (),
    route: Route | None = None,
    timeout_s: float = 10.0,
    max_size: int = MAX_MESSAGE_BYTES,
    max_buffered: int = MAX_AUDIO_BACKLOG_BYTES,
    ping_every_s: float = PING_EVERY_S,
) -> Socket:
    """Open `url` (ws or wss) within `timeout_s` seconds.

    `on_message` takes each whole text message, not checked to be UTF-8; `on_binary` each binary one, which are dropped
    without it. `on_close(code, reason)` comes exactly once, last, whoever closed: the peer's code, ours where the
    peer broke the protocol, 1006 where no close frame came. No callback runs before this has returned. A message above
    `max_size` bytes closes with 1009; `send` refuses while more than `max_buffered` bytes wait. A connection without a
    byte for `ping_every_s` seconds after a ping is cut. `route` None takes proxy and certificates from the environment.

    Raises SettingsError for a URL, header or environment of no use, UnreachableError when nobody answers,
    UpgradeRefusedError when the answer is not 101, RefusedError when a proxy refuses its password. Cancelling closes
    whatever was opened.
    """
    uri = _parsed(url, headers)
    way = route or route_to(url, os.environ)
    protocol = ClientProtocol(uri, subprotocols=[Subprotocol(name) for name in subprotocols] or None, max_size=max_size)
    protocol.debug = False  # at DEBUG websockets logs request headers, the key among them
    request = protocol.connect()
    request.headers.update(headers)
    protocol.send_request(request)
    loop = asyncio.get_running_loop()
    wire = _Wire(protocol, loop, on_message, on_binary, on_close)
    try:
        with _translated(uri, way, [*headers.values(), *subprotocols, uri.query], timeout_s):
            async with asyncio.timeout(timeout_s):
                await open_way(wire, uri.host, uri.port, way)
                await wire.opened
    except BaseException:
        wire.cut("")
        raise
    wire.begin(max_buffered, ping_every_s)
    return wire


class _Wire(asyncio.Protocol):
    """One connection: `opening` until `begin`, then live until `on_close` has been called."""

    def __init__(
        self,
        protocol: ClientProtocol,
        loop: asyncio.AbstractEventLoop,
        on_message: Callable[[bytes], None],
        on_binary: Callable[[bytes], None] | None,
        on_close: Callable[[int, str], None],
    ) -> None:
        self.opened: asyncio.Future[None] = loop.create_future()
        self.last_byte_at = loop.time()
        self._protocol = protocol
        self._loop = loop
        self._on_message = on_message
        self._on_binary = on_binary
        self._on_close: Callable[[int, str], None] | None = on_close
        self._transport: asyncio.Transport | None = None
        self._lost: asyncio.Future[None] = loop.create_future()
        self._live = False
        self._writable = False
        self._parts = bytearray()
        self._parts_are_text = True
        self._timer: asyncio.TimerHandle | None = None
        self._pinged_at = self.last_byte_at

    # The Socket seam

    @property
    def subprotocol(self) -> str | None:
        return self._protocol.subprotocol

    def send(self, payload: bytes) -> bool:
        if not self._writable:
            return False
        self._protocol.send_text(payload)
        return self._flush()

    def send_control(self, payload: bytes) -> None:
        if self._protocol.state is not State.OPEN or self._transport is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > MAX_CONTROL_BACKLOG_BYTES:
            self.cut("the peer stopped reading")
            return
        self._protocol.send_text(payload)
        self._flush()

    def ping(self) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_ping(b"")
            self._flush()

    async def close(self, within_s: float) -> None:
        self._writable = False
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self._flush()
        try:
            await asyncio.wait([self._lost], timeout=within_s)
        finally:
            if not self._lost.done():
                self.cut("closed here without an answer")

    # From connect

    def begin(self, max_buffered: int, ping_every_s: float) -> None:
        """Go live: callbacks may come from the next turn of the loop on."""
        if self._transport is not None:
            self._transport.set_write_buffer_limits(high=max_buffered)
        self._live = True
        self._writable = self._protocol.state is State.OPEN
        self._loop.call_soon(self._deliver)
        self._timer = self._loop.call_later(ping_every_s, self._tick, ping_every_s)

    def cut(self, why: str) -> None:
        """Stop at once, also before going live; a live connection's `on_close` is called before this returns."""
        self.opened.cancel()
        self._writable = False
        if self._transport is not None:
            self._transport.abort()
        if self._live:
            self._end(1006, why)

    # asyncio.Protocol ------------------------------------------------------------------------------------------------

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._flush()

    @override
    def data_received(self, data: bytes) -> None:
        self.last_byte_at = self._loop.time()
        self._protocol.receive_data(data)
        self._flush()
        if self._live:
            self._deliver()
        elif not self.opened.done():
            self._opening()

    @override
    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._writable = False  # the loss is told a moment later, and nothing can be written until then
        if not self.opened.done():
            self._opening()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._writable = False
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionResetError())
        if not self._lost.done():
            self._lost.set_result(None)
        if self._live:
            self._deliver()
            self._end(1006, str(exc or "the connection was lost"))
        if self._timer is not None:
            self._timer.cancel()

    @override
    def pause_writing(self) -> None:
        self._writable = False

    @override
    def resume_writing(self) -> None:
        self._writable = self._protocol.state is State.OPEN

    # Inside

    def _flush(self) -> bool:
        """Write what waits; False when the connection is already closing."""
        transport = self._transport
        for data in self._protocol.data_to_send():
            # uvloop closes a broken connection a moment before it says so, and raises on whatever is written then.
            if transport is None or transport.is_closing():
                return False
            if data:
                transport.write(data)
            else:
                transport.close()
        return True

    def _opening(self) -> None:
        if self._protocol.handshake_exc is not None:
            self.opened.set_exception(self._protocol.handshake_exc)
        elif self._protocol.state is not State.CONNECTING:
            self.opened.set_result(None)

    def _deliver(self) -> None:
        for frame in self._protocol.events_received():
            if not isinstance(frame, Frame) or self._on_close is None:
                continue
            if frame.opcode is _TEXT and frame.fin:
                self._on_message(bytes(frame.data))
            else:
                self._deliver_rare(frame)
        if self._protocol.state is not State.OPEN:
            self._writable = False
            close = self._protocol.close_rcvd
            if close is None and self._protocol.parser_exc is not None:
                close = self._protocol.close_sent  # the peer broke the protocol: the code we gave says how
            if close is not None:
                self._end(close.code, close.reason)

    def _deliver_rare(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT or frame.opcode is Opcode.BINARY:
            self._parts_are_text = frame.opcode is Opcode.TEXT
            self._parts = bytearray(frame.data)
        elif frame.opcode is Opcode.CONT:
            self._parts += frame.data
        else:
            return
        if not frame.fin:
            return
        whole, self._parts = bytes(self._parts), bytearray()
        deliver = self._on_message if self._parts_are_text else self._on_binary
        if deliver is not None:
            deliver(whole)

    def _end(self, code: int, reason: str) -> None:
        on_close, self._on_close = self._on_close, None
        if on_close is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        if not self._lost.done() and self._transport is not None:
            self._timer = self._loop.call_later(LINGER_S, self._transport.abort)
        on_close(code, reason)

    def _tick(self, every_s: float) -> None:
        if self.last_byte_at < self._pinged_at:
            self.cut(f"no byte for {every_s:g} s after a ping")
            return
        self.ping()
        self._pinged_at = self._loop.time()
        self._timer = self._loop.call_at(self._pinged_at + every_s, self._tick, every_s)


def _parsed(url: str, headers: Mapping[str, str]) -> WebSocketURI:
    try:
        uri = parse_uri(url)
    except (InvalidURI, ValueError) as wrong:
        raise SettingsError("the realtime address is not a ws:// or wss:// URL: check the base URL") from wrong
    for name, value in headers.items():
        if not (name + value).isascii() or not (name + value).isprintable():
            raise SettingsError(f"header {name!r} holds a line break or a character HTTP cannot carry: check the key")
    return uri


@contextmanager
def _translated(uri: WebSocketURI, way: Route, secrets: Sequence[str], timeout_s: float) -> Iterator[None]:
    """Turn what can fail while connecting into our errors."""
    where, check = f"{uri.host}:{uri.port}", "the base URL"
    if way.proxy is not None:
        where, check = f"{where} through the {way.proxy}", f"the base URL and {way.proxy.variable}"
    try:
        yield
    except InvalidStatus as answer:
        response = answer.response
        headers = {name.lower(): value for name, value in response.headers.raw_items()}
        raise refused(where, response.status_code, headers, bytes(response.body or b""), secrets) from answer
    except InvalidHandshake as odd:
        raise UnreachableError(f"{where} does not speak websocket ({odd}): check the base URL") from odd
    except TimeoutError as late:
        text = f"no answer from {where} within {timeout_s:g} s: check the network and {check}"
        raise UnreachableError(text) from late
    except OSError as failure:
        raise unreachable(where, failure, check=check) from failure
