"""The embedded gateway: a DGrid-compatible server for the models on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from voiceloop.audio.vad import Detector, webrtc_detector
from voiceloop.errors import MisuseError, UsageError
from voiceloop.languages.shelf import AUTO, language_for
from voiceloop_local.doorkeeper import Answer, Caller, Handshake, admit, is_loopback, problem, route, subprotocol
from voiceloop_local.peer import SocketPeer, caller_of, send_answer
from voiceloop_local.realtime.session import GOING_AWAY, Limits, RealtimeSession
from voiceloop_local.realtime.shared import Models, PeerGoneError
from voiceloop_local.rest.app import rest_app
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.tokens import Tokens
from voiceloop_local.scripted import ScriptedBrain
from voiceloop_local.seams import Brain, Speaker, Transcriber
from voiceloop_local.webserver import WebServer

__all__ = ["MODEL_IDS", "Gateway", "serve_gateway"]

MODEL_IDS = (
    "voiceloop-realtime",
    "voiceloop-chat",
    "voiceloop-whisper",
    "voiceloop-tts",
    "voiceloop-embedding-hashing",
    "voiceloop-image-placeholder",
    "voiceloop-moderation-rules",
)
"""What `/v1/models` lists; any other id is accepted and echoed as well."""
FAREWELL_WITHIN_S = 1.0
MOST_SESSIONS = 64
MOST_REQUESTS = 64
"""Each may hold a body of its own in memory."""
BACKLOG = 128


class Gateway:
    """Serves realtime sessions and the REST families while its context is open.

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
        self._bound: int | None = None
        self._server: WebServer | None = None
        self._serving: asyncio.Task[None] | None = None
        self._rest: ASGIApp | None = None
        self._tokens = Tokens()
        self._peers: set[SocketPeer] = set()
        self._requests = 0
        self._created = round(_now())
        if transcriber is not None and speaker is not None and brain is not None:
            self.equip(transcriber, speaker, lambda: brain)

    def equip(self, transcriber: Transcriber, speaker: Speaker, new_brain: Callable[[], Brain]) -> None:
        """Hand over loaded models; sessions are accepted from now on, each with a brain from `new_brain`."""
        self._models = models = lambda: Models(transcriber, speaker, new_brain())
        self._rest = rest_app(Desk(models, self.limits.language), self._tokens, _now)

    @property
    def port(self) -> int:
        """The port that is really bound."""
        if self._bound is None:
            raise MisuseError("The gateway has no port before it is open: use it in `async with`.")
        return self._bound

    @property
    def base_url(self) -> str:
        """Where it answers, without `/v1`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    async def __aenter__(self) -> Gateway:
        try:
            family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
            listener = socket.create_server((self._host, self._port), family=family, backlog=BACKLOG)
        except OSError as error:
            raise _cannot_listen(self._host, self._port, error) from error
        self._server = server = WebServer(self._serve)
        self._serving = asyncio.get_running_loop().create_task(server.serve([listener]), name="web server")
        # A server that fails before it listens must not be waited for.
        self._serving.add_done_callback(lambda _: server.listens.set())
        try:
            await server.listens.wait()
            if self._serving.done():
                await self._serving
        except BaseException:
            self._serving.cancel()
            listener.close()
            raise
        self._bound = listener.getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        server, serving, self._server, self._serving = self._server, self._serving, None, None
        if server is None or serving is None:
            return
        async with asyncio.TaskGroup() as farewells:
            for peer in self._peers:
                farewells.create_task(_see_off(peer))
        server.should_exit = True
        await serving

    async def run(self) -> None:
        """Serve until cancelled."""
        async with self:
            await asyncio.get_running_loop().create_future()

    # One request -----------------------------------------------------------------------------------------------------

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = caller_of(scope)
        found: Answer | Handshake | None = admit(caller, self._key, lambda token: self._tokens.counts(token, _now()))
        if found is None:
            found = route(caller, MODEL_IDS, ready=self._models is not None, created=self._created)
        if isinstance(found, Handshake) and len(self._peers) >= MOST_SESSIONS:
            found = problem(caller, 503, "Too many sessions are open.", "rate_limit_exceeded")
        if found is None and scope["type"] == "websocket":
            found = problem(caller, 404, f"Unknown request URL: GET {caller.path}.", "unknown_url")
        if found is None and self._requests >= MOST_REQUESTS:
            found = problem(caller, 503, "Too many requests are under way.", "rate_limit_exceeded")
        if isinstance(found, Handshake):
            await self._talk(caller, found, SocketPeer(receive, send))
        elif found is not None:
            await send_answer(found, scope, send)
        else:
            assert self._rest is not None, "the models are there"
            self._requests += 1
            try:
                await self._rest(scope, receive, send)
            finally:
                self._requests -= 1

    async def _talk(self, caller: Caller, handshake: Handshake, peer: SocketPeer) -> None:
        assert self._models is not None, "nobody is let in before"
        session = RealtimeSession(peer, handshake.model, self._models(), _detector, ga=handshake.ga, limits=self.limits)
        self._peers.add(peer)
        try:
            with contextlib.suppress(PeerGoneError):
                await peer.accept(subprotocol(caller.subprotocols))
                await session.run(_now())
        finally:
            self._peers.discard(peer)


async def _see_off(peer: SocketPeer) -> None:
    with contextlib.suppress(PeerGoneError, TimeoutError):
        async with asyncio.timeout(FAREWELL_WITHIN_S):  # who does not read never hears it
            await peer.close(GOING_AWAY, "")


def _now() -> float:
    return datetime.now(UTC).timestamp()


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
