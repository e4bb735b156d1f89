"""An office for tests: a proxy that opens tunnels on real sockets, names only it resolves, and the company's own CA."""

from __future__ import annotations

import asyncio
import base64
import ssl
from contextlib import asynccontextmanager, suppress
from pathlib import Path

TLS = Path(__file__).parent / "fixtures" / "tls" / "office"
"""The CA, a server's certificate (models.office.test, localhost) and a client's, with its key plain and locked."""
CA, SERVER = str(TLS / "ca.pem"), str(TLS / "server.pem")
CLIENT, KEY, LOCKED_KEY = str(TLS / "client.pem"), str(TLS / "client.key"), str(TLS / "client-locked.key")
PASSWORD_FILE = str(TLS / "client-password.txt")
NAME = "models.office.test"
"""Known to the proxy alone, which takes it for this machine."""
USER, PASSWORD = "ada", "canary p@ss/w#rd"  # pragma: allowlist secret
WRITTEN = "ada:canary%20p%40ss%2Fw%23rd"
"""User and password as they stand in a variable."""


VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


def environment(monkeypatch, **variables):
    """Set these variables of networks and no others, whatever the machine's own say."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def server_tls(*, knows_clients=False):
    """What a server of the office speaks; it may want to know who connects."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(SERVER)
    if knows_clients:
        context.load_verify_locations(CA)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class OfficeProxy:
    """`async with OfficeProxy() as proxy`: takes CONNECT, and plain requests for http URLs."""

    def __init__(self, *, signs_in=False, tls=None, answer=None):
        """`answer`: bytes sent in place of opening a way. `signs_in`: wants user and password."""
        self.asked: list[str] = []
        """Request lines, in order."""
        self._wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode() if signs_in else None
        self._tls = tls
        self._answer = answer
        self._open: dict[asyncio.Task, asyncio.StreamWriter] = {}

    def url(self, sign_in=""):
        scheme = "https" if self._tls else "http"
        host = "localhost" if self._tls else "127.0.0.1"
        return f"{scheme}://{sign_in and sign_in + '@'}{host}:{self.port}"

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for writer in self._open.values():
            writer.transport.abort()
        if self._open:
            await asyncio.wait(list(self._open))
        await handshakes_over()

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._open[task] = writer
        with suppress(asyncio.IncompleteReadError, OSError):
            await self._handle(reader, writer)
        writer.close()
        del self._open[task]

    async def _handle(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *headers = head.split("\r\n")
        self.asked.append(line)
        if self._answer is not None:
            writer.write(self._answer)
        elif self._wanted is not None and f"Proxy-Authorization: Basic {self._wanted}" not in headers:
            writer.write(b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="office"\r\nContent-Length: 0\r\n\r\n')
        else:
            await self._open_way(line, headers, reader, writer)
            return
        await writer.drain()

    async def _open_way(self, line, headers, reader, writer):
        method, target, version = line.split()
        first = b""
        if method == "CONNECT":
            place = target
        else:
            place, _, path = target.removeprefix("http://").partition("/")
            kept = [header for header in headers if not header.startswith("Proxy-")]
            first = "\r\n".join([f"{method} /{path} {version}", *kept]).encode()
        host, _, port = place.rpartition(":")
        there, onward = await asyncio.open_connection("127.0.0.1" if host.endswith(".test") else host, int(port))
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\nVia: office\r\n\r\n")
        onward.write(first)
        await both_ways((reader, writer), (there, onward))


async def handshakes_over():
    """On the server's side a handshake that failed ends a moment later, and nothing tells."""
    while any("_accept_connection" in repr(task) for task in asyncio.all_tasks()):  # noqa: ASYNC110
        await asyncio.sleep(0)


async def both_ways(one, other):
    """Pass bytes between two streams until one of them ends."""

    async def pass_on(reader, writer):
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()

    loop = asyncio.get_running_loop()
    ways = [loop.create_task(pass_on(one[0], other[1])), loop.create_task(pass_on(other[0], one[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        for _, writer in (one, other):
            writer.close()


@asynccontextmanager
async def encrypted(port, tls):
    """A server that speaks TLS in front of one on this machine that does not; yields its port."""
    serving = set()

    async def serve(reader, writer):
        task = asyncio.current_task()
        serving.add(task)
        with suppress(OSError):
            await both_ways((reader, writer), await asyncio.open_connection("127.0.0.1", port))
        serving.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in serving:
            task.cancel()
        if serving:
            await asyncio.wait(list(serving))
        await handshakes_over()
