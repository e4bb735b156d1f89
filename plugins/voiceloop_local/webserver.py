"""The web server under the gateway: uvicorn as a guest in a program that is not its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

__all__ = ["WebServer"]

LARGEST_FRAME: Final = 16 * 1024 * 1024
PING_EVERY_S: Final = 20.0
SHUT_WITHIN_S: Final = 2
TICKS_PER_SWEEP: Final = 100
"""Ticks are 0.1 s long."""

_log = logging.getLogger(__name__)
_log.setLevel(logging.WARNING)  # below, the web server tells of handshakes, and those show keys


class WebServer(uvicorn.Server):
    """Takes no signal, configures no log, tells when it listens, and waits for nobody in the end.

    Of a client that was hung up on and does not read the rest, nothing is kept for longer than 20 s.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                interface="asgi3",
                loop="none",
                http="h11",
                ws=_Socket,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws_max_size=LARGEST_FRAME,
                ws_ping_interval=PING_EVERY_S,
                ws_ping_timeout=PING_EVERY_S,
                ws_per_message_deflate=False,  # the load is base64 audio: it costs much and saves little
                timeout_graceful_shutdown=SHUT_WITHIN_S,
            )
        )
        self.listens = asyncio.Event()
        self._unread: dict[Any, int] = {}

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the program."""
        yield

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and tell."""
        await super().startup(sockets)
        self.listens.set()

    @override
    async def on_tick(self, counter: int) -> bool:
        """Look after connections now and then."""
        if counter % TICKS_PER_SWEEP == 0:
            self.sweep()
        return await super().on_tick(counter)

    def sweep(self) -> None:
        """Drop who was hung up on and has read nothing since the last sweep."""
        closing = [one for one in self.server_state.connections if one.transport.is_closing()]
        before, self._unread = self._unread, {one: one.transport.get_write_buffer_size() for one in closing}
        for one, unread in self._unread.items():
            if unread == before.get(one):
                one.transport.abort()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Hang up on everybody; who asked for something hears no more of it."""
        for one in list(self.server_state.connections):
            if one.transport.get_write_buffer_size():
                one.transport.abort()
            else:
                one.transport.close()
        await asyncio.sleep(0)  # each connection learns of it
        await super().shutdown(sockets)


class _Socket(WebSocketsSansIOProtocol):
    """Keeps handshakes out of the program's log."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.logger = self.conn.logger = _log
        self.conn.debug = False
