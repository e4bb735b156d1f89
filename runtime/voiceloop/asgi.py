"""An agent inside a web application: `app.mount("/voice", voiceloop.asgi(agent))`.

A plain ASGI 3 application that needs no web framework. Each websocket is one conversation; what crosses it stands in
`docs/websocket-line.md`. Sessions begin and end with their socket, in the server's own tasks.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Collection, Mapping, MutableMapping
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from voiceloop.agent import Agent
from voiceloop.backend import check_spoken, with_backend, with_first_model
from voiceloop.briefing import check_texts
from voiceloop.caller import BUSY, FAILED, POLICY, Caller, Receive, Send, close
from voiceloop.devices.websocketline import RATES_HZ
from voiceloop.embedded import embedded_gateway
from voiceloop.engines.base import Engine
from voiceloop.errors import SettingsError, VoiceloopError
from voiceloop.pricefile import prices_of
from voiceloop.settings import Settings
from voiceloop.sources import environment_settings
from voiceloop.tools.builtin import built_in
from voiceloop.wakemodels import check_wake_word

__all__ = ["VoiceApp", "asgi"]

Scope = MutableMapping[str, Any]
Data = Callable[[Scope], Mapping[str, object]]

DEFAULT_RATE_HZ = 24_000

_log = logging.getLogger("voiceloop.asgi")


def asgi(  # noqa: PLR0913 - all but the agent have defaults
    agent: Agent,
    settings: Settings | None = None,
    *,
    allow_origins: Collection[str] = (),
    max_sessions: int = 100,
    withhold: Collection[str] = (),
    local_models: bool = False,
    data: Data | None = None,
) -> VoiceApp:
    """Return an ASGI application that holds one conversation with `agent` on each websocket.

    Without settings, `.env` and the environment choose the backend; raises SettingsError when they name none, unless
    `local_models` allows to run models on this machine instead. What settings say of an agent wins over `agent`; a tool
    plugin's name in either raises MisuseError, since only the command line loads plugins. `allow_origins` are web
    pages' origins besides the server's own, `"*"` is any. `withhold` names transcript events that no client gets.

    `data` is called with each websocket's ASGI scope, on the loop; what it returns can be named in the agent's texts,
    `{"caller": "Ada"}` as `{{ caller }}`. Query and headers are the caller's own words: a value becomes one bounded
    line and is no template, but a model reads it. Without `data`, texts that need some raise SettingsError.
    """
    if settings is None:
        settings = environment_settings(needs_backend=not local_models)
    if settings.backend.base_url is None and not local_models:
        raise SettingsError("settings.backend.base_url is missing; set it, or pass local_models=True")
    return VoiceApp(
        agent,
        settings,
        allow_origins=allow_origins,
        max_sessions=max_sessions,
        withhold=withhold,
        data=data,
        engine=None,
    )


class VoiceApp:
    """The application `asgi` returns. May serve several event loops; `lifespan` belongs to one of them."""

    def __init__(  # noqa: PLR0913 - what `asgi` takes
        self,
        agent: Agent,
        settings: Settings,
        *,
        allow_origins: Collection[str],
        max_sessions: int,
        withhold: Collection[str],
        data: Data | None,
        engine: Callable[[Settings], Engine] | None,
    ) -> None:
        """`engine` makes each session's engine; None is the realtime one."""
        self._settings = settings.of(agent.settings)
        self._agent = agent.told(self._settings.agent)
        built_in(self._agent.named, self._agent.settings.language)  # what no session could load is said at once
        prices_of(self._agent.settings.limits)
        check_wake_word(self._settings.wake_word)
        if data is None:
            check_texts(self._agent.settings)
        self._data = data
        self._allow_origins = frozenset(allow_origins)
        self._max_sessions = max_sessions
        self._withhold = frozenset(withhold)
        self._engine = engine
        self._callers: set[Caller] = set()
        importlib.import_module("voiceloop.audio.pcm")  # loads numpy, which the first conversation must not wait for

    @property
    def sessions(self) -> int:
        """How many conversations are held now."""
        return len(self._callers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope of the ASGI specification. Cancelling ends its session."""
        match scope["type"]:
            case "websocket":
                await self._websocket(scope, receive, send)
            case "http":
                await _http(scope, send)
            case "lifespan":
                await self._serve_lifespan(receive, send)
            case kind:
                raise ValueError(f"voiceloop.asgi serves no {kind!r}")

    @contextlib.asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[None]:
        """Run what the application needs besides its sessions: the models, where they are on this machine.

        Servers call it by themselves; a mounted application is not told, so there: `FastAPI(lifespan=voice.lifespan)`.
        """
        del app
        if self._settings.backend.base_url is not None:
            yield
            return
        asked = self._settings
        language = self._agent.settings.language
        check_spoken(language)
        async with embedded_gateway(
            lambda waited_s: _log.info("loading models, %.0f s", waited_s), language=language
        ) as gateway:
            self._settings = with_backend(asked, gateway)
            try:
                yield
            finally:
                self._settings = asked

    async def _serve_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self.lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as error:  # noqa: BLE001 - the server prints it and stops
            await send({"type": "lifespan.startup.failed", "message": str(error)})
        else:
            await send({"type": "lifespan.shutdown.complete"})

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if not _is_welcome(scope, self._allow_origins):
            await _deny(scope, send)
            return
        await send({"type": "websocket.accept"})
        rate_hz = _rate(scope)
        if rate_hz is None:
            await close(send, POLICY, f"rate must be one of {', '.join(map(str, RATES_HZ))}")
        elif len(self._callers) >= self._max_sessions:
            await close(send, BUSY, "too many sessions; try again later")
        else:
            caller = Caller(receive, send, rate_hz, self._withhold)
            self._callers.add(caller)
            try:
                await self._serve(caller, scope, send)
            finally:
                self._callers.discard(caller)

    async def _serve(self, caller: Caller, scope: Scope, send: Send) -> None:
        engine = None if self._engine is None else self._engine(self._settings)
        try:
            if engine is None:
                await self._choose()
            caller.begin(self._agent, self._settings, engine, self._data_of(scope))
        except VoiceloopError as error:
            _log.error("%s", error)
            await close(send, FAILED, "not ready")
        else:
            await caller.converse()

    def _data_of(self, scope: Scope) -> Mapping[str, object]:
        """Ask the application what texts may name. Raises SettingsError for whatever it raises."""
        try:
            return {} if self._data is None else self._data(scope)
        except Exception as error:
            _log.exception("data(scope) failed")
            raise SettingsError(f"data(scope) failed: {type(error).__name__}") from error

    async def _choose(self) -> None:
        """Find out with the first caller which model to take, as `voiceloop talk` does."""
        if self._settings.backend.base_url is None:
            raise SettingsError("no models run on this machine: pass lifespan=voice.lifespan to the outer application")
        self._settings = await with_first_model(self._settings, _log.info)


# Plain functions -----------------------------------------------------------------------------------------------------


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope.get("headers", ()) if key.lower() == name), "")


def _is_welcome(scope: Scope, allowed: Collection[str]) -> bool:
    """Browsers name the page's origin, other clients none. A page of the same host and port is always welcome."""
    origin = _header(scope, b"origin")
    if not origin or "*" in allowed or origin in allowed:
        return True
    try:
        page = urlsplit(origin)
        here = urlsplit(f"//{_header(scope, b'host')}")
        default = 443 if page.scheme == "https" else 80
        same_port = (page.port or default) == (here.port or default)
    except ValueError:
        return False
    return page.scheme in {"http", "https"} and bool(page.hostname) and page.hostname == here.hostname and same_port


def _rate(scope: Scope) -> int | None:
    """Return the rate that was asked for in Hz; None when it cannot be had."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    asked = query.get("rate", [str(DEFAULT_RATE_HZ)])[-1]
    return next((rate_hz for rate_hz in RATES_HZ if str(rate_hz) == asked), None)


async def _deny(scope: Scope, send: Send) -> None:
    """Refuse before the websocket exists: 403, with a body where the server can send one."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": POLICY, "reason": ""})
        return
    body = {"error": "this page's origin is not allowed; see allow_origins"}
    await _answer(send, 403, body, (), "websocket.http.response")


async def _http(scope: Scope, send: Send) -> None:
    if scope["method"] in {"GET", "HEAD"}:
        told = {"service": "voiceloop", "connect": "websocket", "rates": list(RATES_HZ)}
        await _answer(send, 200, told if scope["method"] == "GET" else None)
    else:
        await _answer(send, 405, {"error": "open a websocket here"}, ((b"allow", b"GET, HEAD"),))


async def _answer(
    send: Send,
    status: int,
    body: Mapping[str, Any] | None,
    headers: Collection[tuple[bytes, bytes]] = (),
    kind: str = "http.response",
) -> None:
    content = b"" if body is None else json.dumps(body).encode()
    told = [(b"content-type", b"application/json"), *headers]
    if body is not None:
        told.append((b"content-length", str(len(content)).encode()))
    await send({"type": f"{kind}.start", "status": status, "headers": told})
    await send({"type": f"{kind}.body", "body": content})


class _CallableModule(ModuleType):
    """`voiceloop.asgi` is this module once anything has imported it, and the function in it until then."""

    def __call__(self, *args: Any, **kwargs: Any) -> VoiceApp:  # noqa: ANN401 - handed on as they are
        return asgi(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule
