"""A proxy that breaks connections the ways networks do; it looks into plain websockets, and into nothing with TLS."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from http import HTTPStatus
from types import TracebackType
from typing import Literal

from voiceloop.errors import MisuseError
from voiceloop.testing.conditions import Conditions
from voiceloop.testing.faults import Close, Direction, Fault, Freeze, Refuse, Reset
from voiceloop.testing.proxy_pair import CHUNK_BYTES, Pair, reset
from voiceloop.testing.script import NoAnswer, Refusal

__all__ = ["FaultProxy"]

HEAD_END = b"\r\n\r\n"


class FaultProxy:
    """`async with FaultProxy(port) as proxy`: forwards `proxy.port` on 127.0.0.1 to `target_port` there.

    Faults are switched while it runs, see `faults`. Bytes are forwarded in order, unchanged, `delay_s` late in each
    direction; `seed` decides about jitter. With `only`, a path as in "/v1/realtime", faults strike no connection but
    those whose first request asks for something there; of those, one that is refused is taken and then reset.
    """

    def __init__(self, target_port: int, *, delay_s: float = 0.0, seed: int = 0, only: str = "") -> None:
        self.target_port = target_port
        self.accepted = 0
        """Connections taken so far, refused ones not counted."""
        self._only = only.encode()
        self._conditions = Conditions(latency_s=delay_s, seed=seed, on_change=self._listen_again)
        self._calm = Conditions(latency_s=delay_s, seed=seed, on_change=lambda: None)
        self._port = 0
        self._sock: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._is_opening = False
        self._tasks: asyncio.TaskGroup | None = None
        self._pairs: set[Pair] = set()
        self._spared: set[Pair] = set()
        """Those that no fault strikes."""
        self._waiting: set[asyncio.StreamWriter] = set()
        """Clients that are not forwarded, or not yet."""

    @property
    def port(self) -> int:
        """Where it listens; stays the same while connections are refused."""
        if not self._port:
            raise MisuseError("the proxy is not open: enter it first")
        return self._port

    @property
    def open_connections(self) -> int:
        """Connections being forwarded."""
        return len(self._pairs) + len(self._spared)

    def through(self, url: str) -> str:
        """The same URL by way of the proxy."""
        return url.replace(f":{self.target_port}", f":{self.port}")

    # Faults ----------------------------------------------------------------------------------------------------------

    def inject(self, *faults: Fault) -> None:
        """Let this happen now, one after the other; what lasts ends by itself or with `heal`."""
        for fault in faults:
            if isinstance(fault, Reset):
                self.drop()
            elif isinstance(fault, Close):
                for pair in self._pairs:
                    pair.close_for_server(fault)
            else:
                self._conditions.begin(fault, self.accepted)
            if isinstance(fault, Refuse) and self._refuses():
                self._stop_listening()

    def heal(self) -> None:
        """Nothing is wrong any more; bytes that waited come first."""
        self._conditions.heal()

    def drop(self) -> None:
        """Reset every open connection that faults strike (RST)."""
        for pair in self._pairs:
            pair.reset()

    def freeze(self, direction: Direction | Literal["both"] = "both", *, for_s: float | None = None) -> None:
        """From now on no byte passes, and nobody is told; new connections are taken and swallowed too."""
        self.inject(Freeze(direction, for_s))

    def black_hole(self) -> None:
        """Freeze both ways until `heal`."""
        self.freeze()

    async def refuse(self) -> None:
        """Refuse new connections until `accept`; open ones go on."""
        self.inject(Refuse())

    async def accept(self) -> None:
        """Take new connections, on the same port."""
        self._conditions.end(Refuse)

    # Life ------------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> FaultProxy:
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self._sock = _bound(0)
        self._port = int(self._sock.getsockname()[1])
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks, self._tasks = self._tasks, None
        self._stop_listening()
        for pair in self._pairs | self._spared:
            pair.reset()
        for writer in self._waiting:
            reset(writer)
        self._conditions.heal()
        if tasks is not None:
            await tasks.__aexit__(None, None, None)
        if self._sock is not None:
            self._sock.close()

    def _refuses(self) -> bool:
        """Nobody is to be taken; with `only` it has to be seen first what is asked for."""
        return self._conditions.refuses() and not self._only

    def _stop_listening(self) -> None:
        """Refuse connections, and keep the port."""
        if self._server is not None and self._sock is not None:
            self._server.close()
            self._server = None
            self._sock = _bound(self._port)

    def _listen_again(self) -> None:
        """Take connections unless they are to be refused; those that come before this is done wait in the kernel."""
        if self._server is None and self._tasks is not None and not (self._is_opening or self._refuses()):
            self._is_opening = True
            if self._sock is not None:
                self._sock.listen()
            self._tasks.create_task(self._listen(), name="fault proxy listens")

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._take, sock=self._sock)
        self._is_opening = False
        if self._refuses():  # decided meanwhile
            self._stop_listening()

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._tasks is None or self._refuses():
            reset(writer)
            return
        self.accepted += 1
        self._tasks.create_task(self._forward(self.accepted, reader, writer), name="fault proxy connects")

    async def _forward(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._waiting.add(writer)
        try:
            head = await reader.readuntil(HEAD_END) if self._only else b""
            struck = _asks_for(head, self._only)
            conditions, pairs = (self._conditions, self._pairs) if struck else (self._calm, self._spared)
            await conditions.passes("up", number)
            if self._tasks is None:
                return
            if conditions.refuses():
                reset(writer)
                return
            answer = conditions.answer()
            if answer is not None:
                await _answer(reader, writer, answer, head)
                return
            server = await asyncio.open_connection("127.0.0.1", self.target_port)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            reset(writer)
            return
        finally:
            self._waiting.discard(writer)
        pair = Pair(conditions, number, (reader, writer), server, head)
        pairs.add(pair)
        try:
            await pair.run()
        finally:
            pairs.discard(pair)


def _asks_for(head: bytes, path: bytes) -> bool:
    return not path or head.partition(b" ")[2].startswith(path)


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Refusal | NoAnswer, head: bytes
) -> None:
    """Answer an upgrade in the server's place, or let it wait until the client has had enough."""
    with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        if not head:
            await reader.readuntil(HEAD_END)
        if isinstance(answer, Refusal):
            headers = {"Content-Length": str(len(answer.body)), "Connection": "close", **answer.headers}
            lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join([*lines, "", ""]).encode() + answer.body)
            await writer.drain()
            writer.write_eof()
    while await reader.read(CHUNK_BYTES):
        pass
    writer.close()


def _bound(port: int) -> socket.socket:
    """A socket that has the port and does not listen: connections are refused and nobody else takes it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)  # noqa: FBT003 - the signature of socket
    sock.bind(("127.0.0.1", port))
    return sock
