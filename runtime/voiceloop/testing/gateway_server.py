"""A scripted gateway on a real socket: websockets' own server on the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from types import TracebackType

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from voiceloop.errors import MisuseError
from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_connection import Connection
from voiceloop.testing.gateway_outbox import Output
from voiceloop.testing.script import Close, NoAnswer, Refusal, Vanish
from voiceloop.testing.service_server import ServiceServer
from voiceloop.testing.services import ScriptedServices

__all__ = ["ScriptedServer"]

MAX_MESSAGE_BYTES = 16 * 2**20


class ScriptedServer:
    """`async with ScriptedServer(gateway) as url`: the gateway listens on 127.0.0.1, `url` ends in /v1/realtime.

    Leaving closes every connection. The server sends no pings of its own, and compresses if the client offers it.
    `GET /v1/models` lists `models`, or answers 404 when that is None. With `services`, transcription, chat and speech
    are served at the same address, and their list has a model for each role unless `models` says otherwise.
    """

    def __init__(
        self,
        gateway: ScriptedGateway,
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        models: Sequence[str] | None = None,
        services: ScriptedServices | None = None,
    ) -> None:
        self.gateway = gateway
        self._services = services
        self._front: ServiceServer | None = None
        self._models = models
        self._port = port
        self._tls = tls
        self._opened = 0
        self._server: Server | None = None
        self._admitted: dict[ServerConnection, Connection] = {}
        self._unanswered: set[ServerConnection] = set()

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is None:
            raise MisuseError("the server is not open: enter it first")
        return self._opened

    @property
    def base_url(self) -> str:
        """The address to give as base URL."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> str:
        if self._services is None:
            self._opened = await self._listen(self._port, self._tls)
        else:
            inside = await self._listen(0, None)
            self._front = ServiceServer(self._services, inside, self._models, self._tls)
            self._opened = await self._front.open(self._port)
        return f"{self.base_url.replace('http', 'ws', 1)}/v1/realtime"

    async def _listen(self, port: int, tls: ssl.SSLContext | None) -> int:
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            port,
            process_request=self._admit,
            select_subprotocol=_choose,
            ssl=tls,
            max_size=MAX_MESSAGE_BYTES,
            open_timeout=None,
            ping_interval=None,
            close_timeout=0.5,
        )
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._front is not None:
            await self._front.close()
        if self._server is not None:
            self._server.close()
            for websocket in self._unanswered:
                websocket.transport.abort()
            await self._server.wait_closed()

    async def _admit(self, websocket: ServerConnection, request: Request) -> Response | None:
        if request.path.partition("?")[0] == "/v1/models":
            return self._list()
        headers = dict(request.headers.raw_items())
        answer = self.gateway.connect(request.path, headers, asyncio.get_running_loop().time())
        if isinstance(answer, NoAnswer):
            self._unanswered.add(websocket)
            await websocket.wait_closed()
            self._unanswered.discard(websocket)
            return None
        if isinstance(answer, Refusal):
            sent = Headers({"Content-Length": str(len(answer.body)), "Connection": "close", **answer.headers})
            return Response(answer.status, HTTPStatus(answer.status).phrase, sent, answer.body)
        self._admitted[websocket] = answer
        return None

    def _list(self) -> Response:
        found = self._models is not None
        data = [{"id": model, "object": "model"} for model in self._models or ()]
        body = json.dumps({"object": "list", "data": data} if found else {"error": {"message": "no list"}}).encode()
        status = HTTPStatus.OK if found else HTTPStatus.NOT_FOUND
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
        return Response(status.value, status.phrase, Headers(headers), body)

    async def _serve(self, websocket: ServerConnection) -> None:
        connection = self._admitted.pop(websocket)
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()
        connection.outbox.on_change = changed.set
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._write(websocket, connection, changed), name="scripted server writes")
            connection.greet()
            async for frame in _frames(websocket):
                connection.receive(frame, loop.time())
            writer.cancel()
        connection.end(websocket.close_code or 1006, websocket.close_reason or "")

    async def _write(self, websocket: ServerConnection, connection: Connection, changed: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        outbox = connection.outbox
        with contextlib.suppress(ConnectionClosed):
            while True:
                changed.clear()
                for output in outbox.take(loop.time()):
                    await _put(websocket, output)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(outbox.next_due_s):
                        await changed.wait()


async def _frames(websocket: ServerConnection) -> AsyncIterator[str | bytes]:
    with contextlib.suppress(ConnectionClosed):
        async for frame in websocket:
            yield frame


async def _put(websocket: ServerConnection, output: Output) -> None:
    if isinstance(output, str | bytes):
        await websocket.send(output)
    elif isinstance(output, Close):
        await websocket.close(output.code, output.reason)
    elif isinstance(output, Vanish):
        websocket.transport.close()
    elif not output.answers_pings:
        websocket.transport.pause_reading()  # a peer that does not read sends no pong either


def _choose(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    realtime = Subprotocol("realtime")
    return realtime if realtime in offered else None
