"""The same conversations over real sockets and on the wall clock, a fault proxy in between."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from journeys.outage_talk import Talk
from voiceloop.engines.socket import Socket, connect
from voiceloop.testing.gateway_server import ScriptedServer
from voiceloop.testing.proxy import FaultProxy

__all__ = ["SocketTalk"]


class SocketTalk(Talk):
    """A talk whose network is a proxy in front of a server that listens."""

    def __init__(self, dialect: str, **more: Any) -> None:
        super().__init__(dialect, **more)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> SocketTalk:
        server = ScriptedServer(self.gateway)
        await self._stack.enter_async_context(server)
        self.network = await self._stack.enter_async_context(FaultProxy(server.port))  # type: ignore[assignment]
        self.dial = partial(_dialled, self.network.port)
        await super().__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            await super().__aexit__(kind, *rest)
        finally:
            await self._stack.aclose()


async def _dialled(port: int, url: str, **more: Any) -> Socket:
    _, _, path = url.partition("journey.test")
    return await connect(f"ws://127.0.0.1:{port}{path}", **more)
