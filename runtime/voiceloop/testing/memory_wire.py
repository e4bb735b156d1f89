"""One connection of a network in memory: two pipes, the client's end, and the server behind them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from voiceloop.testing.conditions import Conditions, Piece
from voiceloop.testing.faults import Direction
from voiceloop.testing.gateway_connection import Connection
from voiceloop.testing.gateway_outbox import Output
from voiceloop.testing.script import Close, Stall, Vanish

__all__ = ["Wire"]

PING_EVERY_S = 20.0
_FRAME_SIZES = ((126, 2), (2**16, 4))
"""Payloads smaller than this have a header of so many bytes; others have 10."""


class _Pipe:
    """One direction: what is put in comes out later, in order. When the network cuts it, `broken` is called."""

    def __init__(self, conditions: Conditions, direction: Direction, number: int, broken: Callable[[], None]) -> None:
        self._conditions = conditions
        self._direction = direction
        self._number = number
        self._broken = broken
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[float, Callable[[], None], int, Piece]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._free_at = self._last_due = 0.0

    def put(self, arrive: Callable[[], None], size: int = 0, piece: Piece = "other") -> None:
        """Send a frame with so many bytes of payload."""
        size += _header_bytes(size, masked=self._direction == "up")
        self._free_at = max(self._loop.time(), self._free_at) + self._conditions.duration_s(size)
        self._last_due = max(self._last_due, self._free_at + self._conditions.delay_s())
        self._queue.append((self._last_due, arrive, size, piece))
        self.arm()

    def close(self) -> None:
        """Forget what is on its way."""
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def arm(self) -> None:
        """Wait for the first to arrive, unless nothing can."""
        if self._timer is None and self._queue and not self._conditions.frozen(self._direction, self._number):
            self._timer = self._loop.call_at(self._queue[0][0], self._deliver)

    def _deliver(self) -> None:
        self._timer = None
        now = self._loop.time() + 1e-9
        frozen = self._conditions.frozen(self._direction, self._number)
        while not frozen and self._queue and self._queue[0][0] <= now:
            _, arrive, size, piece = self._queue.popleft()
            passing = self._conditions.cut(self._direction, size, piece)
            if passing in (None, size):
                arrive()
            if passing is not None:
                self._broken()
        self.arm()


class Wire:
    """The client's end; implements `engines.socket.Socket`."""

    def __init__(
        self,
        conditions: Conditions,
        number: int,
        server: Connection,
        on_message: Callable[[bytes], None],
        on_binary: Callable[[bytes], None] | None,
        on_close: Callable[[int, str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.last_byte_at = self._loop.time()
        self.subprotocol: str | None = None
        self.max_size = self.max_buffered = 0
        self.is_open = True
        self._server = server
        self._on_message = on_message
        self._on_binary = on_binary
        self._on_close = on_close
        self._up = _Pipe(conditions, "up", number, lambda: self.lose("the network cut the connection"))
        self._down = _Pipe(conditions, "down", number, lambda: self.lose("the network cut the connection"))
        self._backlog = 0
        self._stall: Stall | None = None
        self._lost = asyncio.Event()
        self._flushing: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """The upgrade is done."""
        self._server.outbox.on_change = self._flush_soon
        self._server.greet()
        self._timer = self._loop.call_later(PING_EVERY_S, self._keep_alive, self.last_byte_at)

    # engines.socket.Socket -------------------------------------------------------------------------------------------

    def send(self, payload: bytes) -> bool:
        """See the seam; bytes held by the network or not read by the server pile up here."""
        if not self.is_open or self._backlog > self.max_buffered:
            return False
        self._send(payload)
        return True

    def send_control(self, payload: bytes) -> None:
        """See the seam."""
        if self.is_open and self._backlog > 4 * 2**20:
            self.lose("the peer stopped reading")
        elif self.is_open:
            self._send(payload)

    def ping(self) -> None:
        """See the seam."""
        if self.is_open:
            self._up.put(self._pong)

    async def close(self, within_s: float) -> None:
        """See the seam."""
        if self.is_open:
            self._up.put(self._answer_close)
        try:
            async with asyncio.timeout(within_s):
                await self._lost.wait()
        except TimeoutError:
            self.lose("closed here without an answer")
        finally:
            self.lose("closing was cancelled")

    # Inside ----------------------------------------------------------------------------------------------------------

    def lose(self, why: str) -> None:
        """The connection breaks; nothing happens if it has ended."""
        self._end(1006, why)

    def close_for_server(self, close: Close) -> None:
        """A close frame in the server's name, behind what is already on its way."""
        self._down.put(lambda: self._come(close))

    def resume(self) -> None:
        """The network is back."""
        self._up.arm()
        self._down.arm()

    def _send(self, payload: bytes) -> None:
        self._backlog += len(payload)
        self._up.put(lambda: self._arrive(payload), len(payload), "message")

    def _arrive(self, payload: bytes) -> None:
        if self._reads:
            self._backlog -= len(payload)
            self._server.receive(payload.decode(), self._loop.time())
            self._flush()

    @property
    def _reads(self) -> bool:
        """The server takes what arrives."""
        return self._stall is None or self._stall.answers_pings

    def _pong(self) -> None:
        if self._reads:
            self._down.put(self._alive)

    def _answer_close(self) -> None:
        if self._reads:
            self._down.put(lambda: self._end(1000, ""))

    def _alive(self) -> None:
        self.last_byte_at = self._loop.time()

    def _flush_soon(self) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
        self._flushing = self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Send what the server has to send, and come back when more is due."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        for output in self._server.outbox.take(self._loop.time()):
            if isinstance(output, Stall):
                self._stall = output
            else:
                size = len(output) if isinstance(output, str | bytes) else 0
                self._down.put(lambda output=output: self._come(output), size, "message" if size else "other")  # type: ignore[misc]
        due = self._server.outbox.next_due_s
        if due is not None and self.is_open:
            if self._flushing is not None:
                self._flushing.cancel()
            self._flushing = self._loop.call_at(due, self._flush)

    def _come(self, output: Output) -> None:
        if not self.is_open:
            return
        self._alive()
        if isinstance(output, Close):
            self._end(output.code, output.reason)
        elif isinstance(output, Vanish | Stall):
            self._end(1006, "the connection was lost")
        elif len(output) > self.max_size:
            self._end(1009, "message too big")
        elif isinstance(output, str):
            self._on_message(output.encode())
        elif self._on_binary is not None:
            self._on_binary(output)

    def _keep_alive(self, pinged_at: float) -> None:
        if self.last_byte_at < pinged_at:
            self.lose(f"no byte for {PING_EVERY_S:g} s after a ping")
            return
        self.ping()
        self._timer = self._loop.call_later(PING_EVERY_S, self._keep_alive, self._loop.time())

    def _end(self, code: int, reason: str) -> None:
        if not self.is_open:
            return
        self.is_open = False
        for handle in (self._timer, self._flushing):
            if handle is not None:
                handle.cancel()
        self._up.close()
        self._down.close()
        self._lost.set()
        self._server.end(code, reason)
        self._on_close(code, reason)


def _header_bytes(size: int, *, masked: bool) -> int:
    return next((header for limit, header in _FRAME_SIZES if size < limit), 10) + 4 * masked
