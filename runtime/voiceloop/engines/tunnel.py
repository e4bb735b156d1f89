"""Opens the way for a protocol: straight to a server, or through an HTTP proxy that is asked to CONNECT."""

from __future__ import annotations

import asyncio
import re
import ssl

from typing_extensions import override

from voiceloop.engines.refusals import unreachable
from voiceloop.errors import UnreachableError
from voiceloop.network.proxies import Proxy, bracketed, turned_away
from voiceloop.network.route import Route

__all__ = ["open_way"]

LONGEST_ANSWER_BYTES = 16 * 2**10
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
CHALLENGE = re.compile(rb"^proxy-authenticate:[ \t]*(.*?)\r?$", re.IGNORECASE | re.MULTILINE)


async def open_way(protocol: asyncio.Protocol, host: str, port: int, route: Route) -> None:
    """Connect `protocol` to a server by a route. Its `connection_made` has been called when this returns.

    Takes as long as it takes: the caller sets the deadline, and cancelling closes what was opened. Raises OSError for
    the server, UnreachableError and RefusedError for the proxy.
    """
    loop = asyncio.get_running_loop()
    if route.proxy is None:
        name = None if route.tls is None else host
        await loop.create_connection(lambda: protocol, host, port, ssl=route.tls, server_hostname=name)
        return
    transport = await _tunnel(loop, route.proxy, route.proxy_tls, f"{bracketed(host)}:{port}")
    if route.tls is None:
        transport.set_protocol(protocol)
    else:
        transport = await _encrypted(loop, transport, protocol, route.tls, host)
    protocol.connection_made(transport)


async def _encrypted(
    loop: asyncio.AbstractEventLoop,
    transport: asyncio.Transport,
    protocol: asyncio.Protocol,
    tls: ssl.SSLContext,
    host: str,
) -> asyncio.Transport:
    """Begin TLS with the server inside of what is open already."""
    try:
        inner = await loop.start_tls(transport, protocol, tls, server_hostname=host)
    except BaseException:
        transport.abort()
        raise
    if inner is None:  # lost again before this was told
        raise ConnectionResetError
    return inner


async def _tunnel(
    loop: asyncio.AbstractEventLoop, proxy: Proxy, tls: ssl.SSLContext | None, target: str
) -> asyncio.Transport:
    """Connect to the proxy and have it open the way to `target`."""
    answer = _Answer(loop)
    name = None if tls is None else proxy.host
    try:
        transport, _ = await loop.create_connection(
            lambda: answer, proxy.host, proxy.port, ssl=tls, server_hostname=name
        )
        try:
            transport.write(_request(proxy, target))
            _judge(proxy, target, await answer.head)
        except BaseException:
            transport.abort()
            raise
    except OSError as failure:
        raise unreachable(f"the {proxy}", failure, check=proxy.variable) from failure
    return transport


def _request(proxy: Proxy, target: str) -> bytes:
    authorization = proxy.authorization
    sign_in = "" if authorization is None else f"Proxy-Authorization: {authorization}\r\n"
    return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{sign_in}\r\n".encode()


def _judge(proxy: Proxy, target: str, head: bytes) -> None:
    """Raise what an answer other than 2xx means."""
    status = STATUS.match(head)
    if status is None:
        raise UnreachableError(f"the {proxy} does not answer as an HTTP proxy does: check {proxy.variable}")
    if not status[1].startswith(b"2"):
        challenges = [challenge.decode("latin-1") for challenge in CHALLENGE.findall(head)]
        raise turned_away(proxy, target, int(status[1]), challenges)


class _Answer(asyncio.Protocol):
    """Waits for the head of the proxy's answer: status line and headers. Empty when what came has no end to it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.head: asyncio.Future[bytes] = loop.create_future()
        self._read = bytearray()

    @override
    def data_received(self, data: bytes) -> None:
        if self.head.done():
            return  # neither TLS nor a websocket lets the server begin, so this is nothing the server sent
        self._read += data
        end = self._read.find(b"\r\n\r\n")
        if end >= 0:
            self.head.set_result(bytes(self._read[: end + 2]))
        elif len(self._read) > LONGEST_ANSWER_BYTES:
            self.head.set_result(b"")

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self.head.done():
            return
        if self._read and exc is None:
            self.head.set_result(b"")
        else:
            self.head.set_exception(exc or ConnectionResetError())
