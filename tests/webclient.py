"""A web client of an ASGI application in memory: what a server would hand over and take back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from voiceloop.asgi import VoiceApp
from voiceloop.engines.realtime import RealtimeEngine
from voiceloop.settings import BackendSettings, Settings
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.memory import MemoryNetwork

SETTINGS = Settings(backend=BackendSettings(base_url="wss://web.test"))


def app_with(agent: Any, gateway: ScriptedGateway, settings: Settings = SETTINGS, **options: Any) -> VoiceApp:
    """An application whose sessions reach the scripted gateway over a network in memory."""
    network = MemoryNetwork(gateway, latency_s=0.01)
    given = {"allow_origins": (), "max_sessions": 100, "withhold": (), "data": None, **options}
    return VoiceApp(agent, settings, engine=lambda told: RealtimeEngine(told, dial=network.connect), **given)


class WebClient:
    """One websocket, opened with `async with`; `told` are its JSON messages, `sound` its PCM."""

    def __init__(
        self, app: VoiceApp, query: str = "", *, origin: str = "", host: str = "talk.test", **scope: Any
    ) -> None:
        headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin else [])]
        self.scope = {"type": "websocket", "query_string": query.encode(), "headers": headers, **scope}
        self.sent: list[Mapping[str, Any]] = []
        self.told: list[dict[str, Any]] = []
        self.sound = bytearray()
        self.reads = asyncio.Event()
        """Cleared: the socket's buffers are full and nothing is taken."""
        self.reads.set()
        self.broken: Exception | None = None
        """What the server raises from now on when something is sent."""
        self._app = app
        self._inbox: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self._news = asyncio.Event()
        self.task: asyncio.Task[None]

    async def __aenter__(self) -> WebClient:
        self._inbox.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.get_running_loop().create_task(self._app(self.scope, self._inbox.get, self._take))
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self.task.done():
            self.leave()
        async with asyncio.timeout(5.0):
            await self.task

    async def _take(self, message: Mapping[str, Any]) -> None:
        if self.broken is not None:
            raise self.broken
        if message["type"] == "websocket.send":
            await self.reads.wait()
        self.sent.append(message)
        if message.get("bytes") is not None:
            self.sound += message["bytes"]
        if message.get("text") is not None:
            self.told.append(json.loads(message["text"]))
        self._news.set()

    # What it does ----------------------------------------------------------------------------------------------------

    def says(self, pcm: bytes) -> None:
        """Send sound."""
        self._inbox.put_nowait({"type": "websocket.receive", "bytes": pcm})

    def commands(self, kind: str, **fields: Any) -> None:
        """Send a JSON message."""
        self.writes(json.dumps({"type": kind, **fields}))

    def writes(self, text: str) -> None:
        """Send any text."""
        self._inbox.put_nowait({"type": "websocket.receive", "bytes": None, "text": text})

    def leave(self, code: int = 1001) -> None:
        """The connection is gone."""
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": code})

    # What it sees ----------------------------------------------------------------------------------------------------

    def got(self, kind: str) -> list[dict[str, Any]]:
        """The messages of one type, or transcript lines of one event."""
        return [told for told in self.told if kind in (told.get("type"), told.get("event"))]

    async def hears_of(self, kind: str, times: int = 1, within_s: float = 30.0) -> dict[str, Any]:
        """Wait for the `times`-th message of a type or event."""
        async with asyncio.timeout(within_s):
            while len(self.got(kind)) < times:
                self._news.clear()
                await self._news.wait()
        return self.got(kind)[times - 1]

    async def is_closed(self, within_s: float = 30.0) -> tuple[int, str]:
        """Wait for the end; code and reason."""
        async with asyncio.timeout(within_s):
            await asyncio.shield(self.task)
        return self.closed

    @property
    def closed(self) -> tuple[int, str]:
        """Code and reason of the close frame."""
        last = self.sent[-1]
        assert last["type"] == "websocket.close", last
        return last["code"], last["reason"]
