"""One connection through a fault proxy: both its ends, and the bytes on their way in each direction."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Coroutine
from typing import Literal

from voiceloop.errors import MisuseError
from voiceloop.testing.conditions import Conditions
from voiceloop.testing.faults import Close, Direction
from voiceloop.testing.frames import FrameSplitter, close_frame

__all__ = ["Pair", "reset"]

CHUNK_BYTES = 65_536
MAX_CHUNKS = 64
"""On their way in one direction; then the sender is no longer read from."""
SLICE_S = 0.02
"""A throttled line passes bytes on this often."""
GOODBYE_S = 1.0
"""How long a client may take to answer a close frame."""

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Ending = Literal["ended", "broken", "closed"]
"""The sender had no more to say; the connection was cut; a close frame was put in."""


class Pair:
    """Forwards between a client and a server until one end is gone or `reset` or `close_for_server` ends it."""

    def __init__(self, conditions: Conditions, number: int, client: Stream, server: Stream, taken: bytes = b"") -> None:
        """`taken` is what was read of the client already; it goes first."""
        self._client = client
        self._server = server
        self._over = asyncio.Event()
        self._up = _Flow(conditions, "up", number, client[0], server[1])
        self._down = _Flow(conditions, "down", number, server[0], client[1])
        if taken:
            self._up.begin_with(taken)

    async def run(self) -> None:
        """Forward; everything is closed when this returns."""
        try:
            async with asyncio.TaskGroup() as tasks:
                works = (self._up.take(), self._up.give(), self._down.take(), self._down.give())
                running = [tasks.create_task(self._watch(work), name="fault proxy") for work in works]
                await self._over.wait()
                for task in running:
                    task.cancel()
            if self._down.is_closed:
                await self._say_goodbye()
        finally:
            self._client[1].close()
            self._server[1].close()

    def reset(self) -> None:
        """RST to both."""
        self._over.set()
        reset(self._client[1])
        reset(self._server[1])

    def close_for_server(self, close: Close) -> None:
        """Send a close frame in the server's name, as soon as no frame is in the middle, and drop the server."""
        if self._down.splitter.state == "opaque":
            raise MisuseError("this is no websocket that the proxy can read (TLS?): reset it instead of closing it")
        self._down.close_soon(close)

    async def _watch(self, work: Coroutine[None, None, Ending]) -> None:
        """Do one of the four works; what ends the connection ends the others too."""
        try:
            ending = await work
        except OSError:
            ending = "broken"
        if ending == "broken":
            self.reset()
        elif ending == "closed" or (self._up.is_over and self._down.is_over):
            self._over.set()

    async def _say_goodbye(self) -> None:
        """Let the client read the close frame: closing with its answer unread would be a reset."""
        reset(self._server[1])
        reader, writer = self._client
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await writer.drain()
                writer.write_eof()
                while await reader.read(CHUNK_BYTES):
                    pass


class _Flow:
    """One direction. Bytes come out in order, each as late as it has to be: many can be on their way at once."""

    def __init__(
        self,
        conditions: Conditions,
        direction: Direction,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.splitter = FrameSplitter()
        self.is_over = False
        """The sender has ended and everything was passed on."""
        self.is_closed = False
        """A close frame was put in."""
        self._conditions = conditions
        self._direction: Direction = direction
        self._number = number
        self._reader = reader
        self._writer = writer
        self._queue: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue(MAX_CHUNKS)
        self._closing: Close | None = None
        self._free_at = self._last_due = 0.0

    def begin_with(self, data: bytes) -> None:
        """Pass this on before anything that is read."""
        self._queue.put_nowait((self._due(len(data)), data))

    async def take(self) -> Ending:
        """Read what is sent, but nothing while it could not pass: a sender is to feel that."""
        while data := await self._reader.read(self._conditions.slice_bytes(CHUNK_BYTES, SLICE_S)):
            await self._queue.put((self._due(len(data)), data))
            await self._conditions.passes(self._direction, self._number)
        await self._queue.put((self._due(0), None))
        return "ended"

    async def give(self) -> Ending:
        """Pass it on in time."""
        loop = asyncio.get_running_loop()
        while True:
            due, data = await self._queue.get()
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            await self._conditions.passes(self._direction, self._number)
            if data is None:
                if self._writer.can_write_eof():
                    self._writer.write_eof()
                self.is_over = True
                return "ended"
            ending = self._pass_on(data)
            await self._writer.drain()
            if ending is not None:
                return ending

    def close_soon(self, close: Close) -> None:
        """Put a close frame in behind what is on its way."""
        self._closing = close
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait((self._due(0), b""))

    def _pass_on(self, data: bytes) -> Ending | None:
        for part, piece in self.splitter.split(data):
            passing = self._conditions.cut(self._direction, len(part), piece)
            self._writer.write(part[:passing])
            if passing is not None:
                return "broken"
            if self._put_close_in():
                return "closed"
        return "closed" if self._put_close_in() else None

    def _put_close_in(self) -> bool:
        if self._closing is None or not self.splitter.is_between:
            return False
        self._writer.write(close_frame(self._closing.code, self._closing.reason))
        self.is_closed = True
        return True

    def _due(self, size: int) -> float:
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + self._conditions.duration_s(size)
        self._last_due = max(self._last_due, self._free_at + self._conditions.delay_s())
        return self._last_due


def reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the peer sees RST instead of FIN."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:  # uvloop knows no socket any more once it is closed
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
