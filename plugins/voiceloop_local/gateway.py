"""The embedded gateway: a DGrid-compatible server for the models on this machine."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from voiceloop.audio.vad import Detector, webrtc_detector
from voiceloop.errors import MisuseError, UsageError
from voiceloop.languages.shelf import AUTO, language_for
from voiceloop_local.doorkeeper import Answer, Caller, Handshake, admit, is_loopback, problem, route, subprotocol
from voiceloop_local.realtime.session import Limits, RealtimeSession
from voiceloop_local.realtime.shared import Models, PeerGoneError
from voiceloop_local.scripted import ScriptedBrain
from voiceloop_local.seams import Brain, Speaker, Transcriber

__all__ = ["MODEL_IDS", "Gateway", "serve_gateway"]

_log = logging.getLogger(__name__)

MODEL_IDS = ("voiceloop-realtime",)
"""What `/v1/models` lists; any other id is accepted and echoed as well."""
LARGEST_FRAME = 16 * 1024 * 1024
PING_EVERY_S = 20.0
CLOSE_WITHIN_S = 2.0
MOST_SESSIONS = 64


class Gateway:
    """Serves `/v1/realtime`, `/v1/models` and `/healthz` while its context is open.

    It may be opened without models: it then answers 503 until `equip` brings them. Port 0 takes a free one. Raises
    UsageError for a busy port, and for a keyless gateway that other machines could reach.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        key: str | None = None,
        transcriber: Transcriber | None = None,
        speaker: Speaker | None = None,
        brain: Brain | None = None,
    ) -> None:
        if key is None and not is_loopback(host):
            raise UsageError(f"A gateway without a key binds loopback only, not {host}: set a key or use 127.0.0.1.")
        if key == "":
            raise UsageError("An empty key keeps nobody out: set one, or none at all on loopback.")
        self._host = host
        self._port = port
        self._key = key
        self.limits = Limits()
        """Bounds of the sessions accepted from now on."""
        self._models: Callable[[], Models] | None = None
        self._server: Server | None = None
        self._sessions = 0
        self._created = round(datetime.now(UTC).timestamp())
        if transcriber is not None and speaker is not None and brain is not None:
            self.equip(transcriber, speaker, lambda: brain)

    def equip(self, transcriber: Transcriber, speaker: Speaker, new_brain: Callable[[], Brain]) -> None:
        """Hand over loaded models; sessions are accepted from now on, each with a brain from `new_brain`."""
        self._models = lambda: Models(transcriber, speaker, new_brain())

    @property
    def port(self) -> int:
        """The port that is really bound."""
        if self._server is None:
            raise MisuseError("The gateway has no port before it is open: use it in `async with`.")
        port: int = next(iter(self._server.sockets)).getsockname()[1]
        return port

    @property
    def base_url(self) -> str:
        """Where it answers, without `/v1`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    async def __aenter__(self) -> Gateway:
        try:
            self._server = await serve(
                self._serve,
                self._host,
                self._port,
                process_request=self._process_request,
                select_subprotocol=_select_subprotocol,
                compression=None,  # the load is base64 audio: it costs much and saves little
                max_size=LARGEST_FRAME,
                ping_interval=PING_EVERY_S,
                ping_timeout=PING_EVERY_S,
                close_timeout=CLOSE_WITHIN_S,
                server_header=None,
            )
        except OSError as error:
            raise _cannot_listen(self._host, self._port, error) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def run(self) -> None:
        """Serve until cancelled."""
        async with self:
            await asyncio.get_running_loop().create_future()

    # One request -----------------------------------------------------------------------------------------------------

    def _process_request(self, _connection: ServerConnection, request: Request) -> Response | None:
        caller = _caller(request)
        answer = admit(caller, self._key)
        if answer is None:
            found = self._route(caller)
            if isinstance(found, Handshake) and self._sessions >= MOST_SESSIONS:
                found = problem(503, "Service Unavailable", "Too many sessions are open.", "rate_limit_exceeded")
            if isinstance(found, Handshake):
                return None
            answer = found
        return _response(answer)

    def _route(self, caller: Caller) -> Answer | Handshake:
        return route(caller, MODEL_IDS, ready=self._models is not None, created=self._created)

    async def _serve(self, connection: ServerConnection) -> None:
        handshake = self._route(_caller(connection.request)) if connection.request is not None else None
        if self._models is None or not isinstance(handshake, Handshake):
            raise MisuseError("A socket was accepted that should have been refused.")
        session = RealtimeSession(
            _WebsocketPeer(connection), handshake.model, self._models(), _detector, ga=handshake.ga, limits=self.limits
        )
        self._sessions += 1
        try:
            await session.run(datetime.now(UTC).timestamp())
        finally:
            self._sessions -= 1


class _WebsocketPeer:
    """A client's socket as a session sees it."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    async def recv(self) -> str | bytes:
        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            raise PeerGoneError(str(error)) from error

    async def send(self, text: bytes) -> None:
        try:
            await self._connection.send(text, text=True)
        except ConnectionClosed as error:
            raise PeerGoneError(str(error)) from error

    async def close(self, code: int, reason: str) -> None:
        await self._connection.close(code, reason)


def _select_subprotocol(_connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    chosen = subprotocol(offered)
    return None if chosen is None else Subprotocol(chosen)


def _caller(request: Request) -> Caller:
    headers = request.headers
    offered = ",".join(headers.get_all("Sec-WebSocket-Protocol"))
    return Caller(
        target=request.path,
        authorization=_one(headers, "Authorization"),
        origin=_one(headers, "Origin"),
        beta=_one(headers, "OpenAI-Beta"),
        upgrade=_one(headers, "Upgrade"),
        subprotocols=[name.strip() for name in offered.split(",") if name.strip()],
    )


def _one(headers: Headers, name: str) -> str | None:
    values = headers.get_all(name)
    return values[0] if values else None


def _response(answer: Answer) -> Response:
    headers = Headers(answer.headers)
    headers["Content-Length"] = str(len(answer.body))
    headers["Connection"] = "close"
    headers["Date"] = f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT"
    return Response(answer.status, answer.reason, headers, answer.body)


def _cannot_listen(host: str, port: int, error: OSError) -> UsageError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(f"Port {port} on {host} is busy: stop what uses it, or take --port 0 for a free one.")
    return UsageError(f"Cannot listen on {host} port {port}: {error.strerror or error}.")


def _detector(rate_hz: int, threshold: float) -> Detector:
    return webrtc_detector(rate_hz, min(3, 1 + int(threshold * 3)))


# The command ---------------------------------------------------------------------------------------------------------


class LocalModels(Protocol):
    """What `voiceloop_local.models.open_models()` yields."""

    @property
    def transcriber(self) -> Transcriber:
        """Recognises."""

    @property
    def speaker(self) -> Speaker:
        """Speaks."""

    def brain(self) -> Brain:
        """Thinks."""


async def serve_gateway(
    host: str, port: int, key: str | None, brain: str, ready: Callable[[str], None], *, language: str = "en"
) -> None:
    """Serve until cancelled; calls `ready(base_url)` once, when the models are loaded.

    `brain` is `local`, `scripted`, or the URL of an OpenAI-compatible chat server; `language` a tag or `auto`, for
    clients that name none. Raises UsageError for another brain, a busy port or a keyless host that is not loopback,
    SettingsError for a language without data, DeviceError when a model package is missing.
    """
    if language != AUTO:
        language_for(language)
    if brain not in ("local", "scripted") and not brain.startswith(("http://", "https://")):
        raise UsageError(f"Unknown brain '{brain}': use local, scripted, or the http URL of a chat server.")
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(Gateway(host, port, key))
        gateway.limits = Limits(language=language)
        from voiceloop_local.models import open_models  # noqa: PLC0415 - the port is bound first: callers see 503

        models: LocalModels = await stack.enter_async_context(open_models())
        gateway.equip(models.transcriber, models.speaker, _brains(brain, models, stack))
        ready(gateway.base_url)
        await asyncio.get_running_loop().create_future()


def _brains(brain: str, models: LocalModels, stack: AsyncExitStack) -> Callable[[], Brain]:
    if brain == "scripted":
        return ScriptedBrain
    if brain == "local":
        return models.brain
    from voiceloop_local.models.chat import ChatBrain  # noqa: PLC0415 - loads httpx

    chat = ChatBrain(brain)
    stack.push_async_callback(chat.aclose)
    return lambda: chat
