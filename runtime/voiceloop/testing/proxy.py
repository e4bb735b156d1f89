"""A TCP proxy that breaks connections the ways networks do."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from types import TracebackType

from voiceloop.errors import MisuseError

__all__ = ["FaultProxy"]

CHUNK_BYTES = 65_536


class FaultProxy:
    """`async with FaultProxy(port) as proxy`: forwards `proxy.port` on 127.0.0.1 to `target_port` there.

    Faults are switched while it runs. Bytes are forwarded in order, unchanged, `delay_s` late in each direction.
    """

    def __init__(self, target_port: int, *, delay_s: float = 0.0) -> None:
        self.target_port = target_port
        self.delay_s = delay_s
        self.accepted = 0
        """Connections taken so far, refused ones not counted."""
        self._port = 0
        self._server: asyncio.Server | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._pairs: set[_Pair] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def port(self) -> int:
        """Where it listens; stays the same through `refuse` and `accept`."""
        if not self._port:
            raise MisuseError("the proxy is not open: enter it first")
        return self._port

    @property
    def open_connections(self) -> int:
        """Connections being forwarded."""
        return len(self._pairs)

    def through(self, url: str) -> str:
        """The same URL by way of the proxy."""
        return url.replace(f":{self.target_port}", f":{self.port}")

    def drop(self) -> None:
        """Reset every open connection (RST) at the client's side."""
        for pair in self._pairs:
            pair.reset()

    def black_hole(self) -> None:
        """From now on no byte passes, and nobody is told; new connections are taken and swallowed too."""
        self._flowing.clear()

    def heal(self) -> None:
        """Let bytes pass again; those that waited come first."""
        self._flowing.set()

    async def refuse(self) -> None:
        """Refuse new connections; open ones go on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def accept(self) -> None:
        """Take new connections, on the same port. Cancelling leaves it refusing."""
        if self._server is None:
            self._server = await asyncio.start_server(self._take, "127.0.0.1", self._port)
            self._port = int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> FaultProxy:
        self._tasks = await asyncio.TaskGroup().__aenter__()
        await self.accept()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.refuse()
        for pair in self._pairs:
            pair.reset()
        self._flowing.set()
        if self._tasks is not None:
            await self._tasks.__aexit__(None, None, None)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._tasks is not None:
            self._tasks.create_task(self._forward(reader, writer), name="fault proxy")

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flowing.wait()
        try:
            there = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            _reset(writer)
            return
        pair = _Pair(writer, there[1])
        self._pairs.add(pair)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader, there[1]), name="fault proxy up")
                tasks.create_task(self._pump(there[0], writer), name="fault proxy down")
        finally:
            self._pairs.discard(pair)
            pair.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes one way; each waits out its own delay, not that of those before it as well."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                due = loop.time() + self.delay_s
                await self._flowing.wait()
                if self.delay_s:
                    await asyncio.sleep(due - loop.time())
                writer.write(data)
                await writer.drain()
            await self._flowing.wait()
            if writer.can_write_eof():
                writer.write_eof()


class _Pair:
    """Both ends of one forwarded connection."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._client = client
        self._server = server

    def reset(self) -> None:
        _reset(self._client)
        self._server.close()

    def close(self) -> None:
        self._client.close()
        self._server.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the peer sees RST instead of FIN."""
    sock = writer.get_extra_info("socket")
    if sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
