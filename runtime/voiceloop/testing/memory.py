"""A network in memory between an engine and a scripted gateway, for virtual time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from voiceloop.engines.realtime import RealtimeEngine
from voiceloop.engines.refusals import refused
from voiceloop.engines.socket import Socket
from voiceloop.errors import UnreachableError
from voiceloop.settings import BackendSettings, Settings
from voiceloop.testing.conditions import Conditions
from voiceloop.testing.faults import Direction, Fault, Freeze, Reset
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_connection import Connection
from voiceloop.testing.memory_wire import Wire
from voiceloop.testing.script import Close, NoAnswer, Refusal

__all__ = ["MemoryNetwork"]


class MemoryNetwork:
    """Give `network.connect` to an engine in place of `engines.socket.connect`.

    Frames take `latency_s` each way, stay in order and cost no time besides; see `faults` for what can be injected.
    """

    def __init__(self, gateway: ScriptedGateway, *, latency_s: float = 0.0, seed: int = 0) -> None:
        self.gateway = gateway
        self.is_up = True
        """False: connecting fails at once."""
        self.attempts = 0
        """Connections asked for."""
        self._conditions = Conditions(latency_s=latency_s, seed=seed, on_change=self._resume)
        self._wires: list[Wire] = []

    @property
    def latency_s(self) -> float:
        """What a frame takes each way; may be changed at any time."""
        return self._conditions.latency_s

    @latency_s.setter
    def latency_s(self, latency_s: float) -> None:
        self._conditions.latency_s = latency_s

    def inject(self, *faults: Fault) -> None:
        """Let this happen now, one after the other; what lasts ends by itself or with `heal`."""
        for fault in faults:
            if isinstance(fault, Reset):
                self.drop()
            elif isinstance(fault, Close):
                for wire in self._open():
                    wire.close_for_server(fault)
            else:
                self._conditions.begin(fault, self.attempts)

    def heal(self) -> None:
        """Nothing is wrong with the network any more; what waited is delivered at once."""
        self.is_up = True
        self._conditions.heal()

    def drop(self) -> None:
        """Break every open connection, without a close frame."""
        for wire in self._open():
            wire.lose("the network dropped the connection")

    def freeze(self, direction: Direction | Literal["both"] = "both", *, for_s: float | None = None) -> None:
        """From now on nothing arrives; what is sent waits, upgrades too."""
        self.inject(Freeze(direction, for_s))

    def hold(self) -> None:
        """Freeze both ways until `release`."""
        self.freeze()

    def release(self) -> None:
        """Deliver what waited, at once."""
        self._conditions.end(Freeze)

    def engine(self, settings: Settings | None = None) -> RealtimeEngine:
        """An engine that reaches the gateway over this network: `Session(agent, engine=network.engine())`.

        Of `settings` everything but the backend counts.
        """
        backend = BackendSettings(base_url="wss://memory.invalid")
        return RealtimeEngine((settings or Settings()).model_copy(update={"backend": backend}), dial=self.connect)

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
        number = self.attempts
        scheme, _, rest = url.partition("://")
        offered = {"Sec-WebSocket-Protocol": ", ".join(subprotocols)} if subprotocols else {}
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._knock("/" + rest.partition("/")[2], {**headers, **offered}, number)
        except TimeoutError:
            raise UnreachableError(f"no answer within {timeout_s:g} s: check the network and the base URL") from None
        if isinstance(answer, Refusal):
            raise refused(scheme, answer.status, answer.headers, answer.body, list(headers.values()))
        wire = Wire(self._conditions, number, answer, on_message, on_binary, on_close)
        wire.subprotocol = "realtime" if "realtime" in subprotocols else None
        wire.max_size, wire.max_buffered = max_size, max_buffered
        self._wires = [*self._open(), wire]
        wire.start()
        return wire

    async def _knock(self, path: str, headers: Mapping[str, str], number: int) -> Connection | Refusal:
        """Carry an upgrade there and its answer back."""
        await self._conditions.passes("up", number)
        if not self.is_up or self._conditions.refuses():
            await asyncio.sleep(2 * self._conditions.delay_s())
            raise UnreachableError("the server refuses connections: check that it runs and the base URL")
        await asyncio.sleep(self._conditions.delay_s() + self._conditions.delay_s())
        now_s = asyncio.get_running_loop().time()
        answer = self._conditions.answer() or self.gateway.connect(path, headers, now_s)
        try:
            if isinstance(answer, NoAnswer):
                await asyncio.Event().wait()
            await self._conditions.passes("down", number)
        except asyncio.CancelledError:
            if isinstance(answer, Connection):
                answer.end(1006, "the client gave up")
            raise
        assert not isinstance(answer, NoAnswer)
        return answer

    def _open(self) -> list[Wire]:
        return [wire for wire in self._wires if wire.is_open]

    def _resume(self) -> None:
        for wire in self._open():
            wire.resume()
