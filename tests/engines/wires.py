"""Peers for the socket's tests: stock servers, raw servers, and what the callbacks were told."""

from __future__ import annotations

import asyncio
import socket as sockets
import struct
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from websockets.asyncio.server import serve
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

CERTIFICATE = Path(__file__).parent.parent / "fixtures" / "tls" / "localhost.pem"  # self-signed, with its key


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
    serving = {}

    async def serve_one(reader, writer):
        serving[asyncio.current_task()] = writer
        with suppress(asyncio.IncompleteReadError, OSError):  # the client went away
            await handler(reader, writer)
        await done.wait()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        done.set()
        server.close()
        for writer in serving.values():
            writer.transport.abort()
        if serving:
            await asyncio.wait(serving)


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
