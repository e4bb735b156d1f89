"""A network in memory between an engine and a scripted gateway, for virtual time."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from voiceloop.engines.refusals import refused
from voiceloop.engines.socket import Socket
from voiceloop.errors import UnreachableError
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_connection import Connection
from voiceloop.testing.gateway_outbox import Output
from voiceloop.testing.script import Close, Refusal, Stall, Vanish

__all__ = ["MemoryNetwork"]

PING_EVERY_S = 20.0


class MemoryNetwork:
    """Give `network.connect` to an engine in place of `engines.socket.connect`.

    Frames take `latency_s` each way, stay in order and cost no time besides.
    """

    def __init__(self, gateway: ScriptedGateway, *, latency_s: float = 0.0) -> None:
        self.gateway = gateway
        self.latency_s = latency_s
        self.is_up = True
        """False: connecting fails at once."""
        self.held = False
        """True: a black hole. Nothing arrives anywhere, upgrades neither; see `hold` and `release`."""
        self.attempts = 0
        """Connections asked for."""
        self._wires: list[_Wire] = []

    def drop(self) -> None:
        """Break every open connection, without a close frame."""
        for wire in self._wires:
            wire.lose("the network dropped the connection")

    def hold(self) -> None:
        """From now on nothing arrives; what is sent waits, as it would in a kernel's buffers."""
        self.held = True

    def release(self) -> None:
        """Deliver what waited, at once."""
        self.held = False
        for wire in self._wires:
            wire.resume()

    async def connect(  # noqa: PLR0913 - the signature of engines.socket.Connect
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        on_message: Callable[[bytes], None],
        on_close: Callable[[int, str], None],
        on_binary: Callable[[bytes], None] | None = None,
        subprotocols: Sequence[str] = (),
        ssl_context: ssl.SSLContext | None = None,
        timeout_s: float = 10.0,
        max_size: int = 16 * 2**20,
        max_buffered: int = 256 * 2**10,
    ) -> Socket:
        """Open a connection to the gateway; fails as `engines.socket.connect` does."""
        self.attempts += 1
        if self.held:
            await asyncio.sleep(timeout_s)
            raise UnreachableError(f"no answer within {timeout_s:g} s: check the network and the base URL")
        await asyncio.sleep(2 * self.latency_s)
        if not self.is_up:
            raise UnreachableError("the server refuses connections: check that it runs and the base URL")
        scheme, _, rest = url.partition("://")
        path = "/" + rest.partition("/")[2]
        offered = {"Sec-WebSocket-Protocol": ", ".join(subprotocols)} if subprotocols else {}
        answer = self.gateway.connect(path, {**headers, **offered}, asyncio.get_running_loop().time())
        if isinstance(answer, Refusal):
            raise refused(scheme, answer.status, answer.headers, answer.body, list(headers.values()))
        wire = _Wire(self, answer, on_message, on_binary, on_close)
        wire.subprotocol = "realtime" if "realtime" in subprotocols else None
        wire.max_size, wire.max_buffered = max_size, max_buffered
        self._wires.append(wire)
        wire.start()
        return wire


class _Pipe:
    """One direction: what is put in comes out `latency_s` later, in order."""

    def __init__(self, network: MemoryNetwork) -> None:
        self._network = network
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[float, Callable[[], None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def put(self, arrive: Callable[[], None]) -> None:
        self._queue.append((self._loop.time() + self._network.latency_s, arrive))
        self.arm()

    def close(self) -> None:
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def arm(self) -> None:
        if self._timer is None and self._queue and not self._network.held:
            self._timer = self._loop.call_at(self._queue[0][0], self._deliver)

    def _deliver(self) -> None:
        self._timer = None
        now = self._loop.time() + 1e-9
        while self._queue and self._queue[0][0] <= now and not self._network.held:
            self._queue.popleft()[1]()
        self.arm()


class _Wire:
    """The client's end; implements `engines.socket.Socket`."""

    def __init__(
        self,
        network: MemoryNetwork,
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
        self._network = network
        self._server = server
        self._on_message = on_message
        self._on_binary = on_binary
        self._on_close = on_close
        self._up = _Pipe(network)
        self._down = _Pipe(network)
        self._backlog = 0
        self._stalled = False
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

    def resume(self) -> None:
        """The network is back."""
        self._up.arm()
        self._down.arm()

    def _send(self, payload: bytes) -> None:
        self._backlog += len(payload)
        self._up.put(lambda: self._arrive(payload))

    def _arrive(self, payload: bytes) -> None:
        if not self._stalled:
            self._backlog -= len(payload)
            self._server.receive(payload.decode(), self._loop.time())
            self._flush()

    def _pong(self) -> None:
        if not self._stalled:
            self._down.put(self._alive)

    def _answer_close(self) -> None:
        if not self._stalled:
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
                self._stalled = True
            else:
                self._down.put(lambda output=output: self._come(output))  # type: ignore[misc]
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
