"""The REST families as one application: each error in its family's words, bodies bounded, nobody served who left."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voiceloop_local.rest import tokens
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.errors import error_body
from voiceloop_local.rest.problems import ApiProblem

__all__ = ["FAMILIES", "LARGEST_BODY", "rest_app"]

_log = logging.getLogger(__name__)

FAMILIES: Final[tuple[str, ...]] = (
    "speech",
    "transcriptions",
    "translations",
    "completions",
    "embeddings",
    "moderations",
    "images",
    "chat",
    "responses",
    "messages",
    "gemini_extras",
    "gemini_chat",
)
"""Modules of this package with `routes(desk)`; those with a pattern for a path come last."""
LARGEST_BODY: Final = 26 * 1024 * 1024
"""The largest recording, 25 MiB, and the form around it."""
MOST_DISCARDED: Final = 4 * LARGEST_BODY
"""Of a body that is too large: most clients read an answer only when they have sent all."""
STALLED_AFTER_S: Final = 30.0


def rest_app(desk: Desk, secrets: tokens.Tokens, now: Callable[[], float]) -> ASGIApp:
    """Return the application. `now` is seconds since 1970."""
    found = [importlib.import_module(f"voiceloop_local.rest.{name}").routes(desk) for name in FAMILIES]
    routes = [route for family in [tokens.routes(secrets, now), *found] for route in family]
    told = {ApiProblem: _problem, HTTPException: _refused, Exception: _failed}
    return _WhileConnected(Starlette(routes=routes, exception_handlers=told))


# Errors --------------------------------------------------------------------------------------------------------------


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiProblem), "registered for it"
    return _told(request, error)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for it"
    message = str(error.detail)
    if error.status_code == 404:  # noqa: PLR2004 - it is the status
        message = f"Unknown request URL: {request.method} {request.url.path}."
        return _told(request, ApiProblem(404, message, "unknown_url"))
    if error.status_code == 405:  # noqa: PLR2004 - it is the status
        message = f"Not allowed method: {request.method} {request.url.path}."
    return _told(request, ApiProblem(error.status_code, message), error.headers)


async def _failed(request: Request, _error: Exception) -> Response:
    return _told(request, ApiProblem(500, "The gateway failed; its log says how."))


def _told(request: Request, problem: ApiProblem, headers: object = None) -> Response:
    body = error_body(request.url.path, problem.status, problem.message, problem.code, problem.param)
    more = dict(headers) if isinstance(headers, dict) else {}
    if problem.status in (408, 413):
        more["Connection"] = "close"  # the rest of the body is not read
    return JSONResponse(body, status_code=problem.status, headers=more)


# Connections ---------------------------------------------------------------------------------------------------------


class _WhileConnected:
    """Ends the work for a client as soon as it hangs up, and reads no more than a bounded body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inbox: asyncio.Queue[Message | ApiProblem] = asyncio.Queue(1)  # the whole body, or what is wrong with it
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(self._serve(scope, inbox, send), name="request")
            reading = group.create_task(_read(receive, inbox, serving.cancel), name="request body")
            serving.add_done_callback(lambda _: reading.cancel())

    async def _serve(self, scope: Scope, inbox: asyncio.Queue[Message | ApiProblem], send: Send) -> None:
        async def receive() -> Message:
            message = await inbox.get()
            if isinstance(message, ApiProblem):
                raise message
            return message

        async def send_in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(STALLED_AFTER_S):
                    await send(message)
            except TimeoutError as error:
                raise ConnectionAbortedError("the client does not read its answer") from error

        try:
            await self._app(scope, receive, send_in_time)
        except ConnectionAbortedError:
            return  # told already, or nobody is there to tell; the web server hangs up on what is not complete
        except Exception:  # noqa: BLE001 - it was answered; raised further, the web server would only log it
            _log.exception("%s %s failed", scope["method"], scope["path"])


async def _read(receive: Receive, inbox: asyncio.Queue[Message | ApiProblem], gone: Callable[[], object]) -> None:
    """Pass the body on once it is whole, or that it is too large or stops in the middle; tell when the client hangs up.

    It waits as one piece: a client may send each byte by itself.
    """
    body, size, more = bytearray(), 0, True
    while True:
        try:
            async with asyncio.timeout(STALLED_AFTER_S if more else None):
                message = await receive()
        except TimeoutError:
            inbox.put_nowait(ApiProblem(408, "The rest of the request did not come in time.", "timeout"))
            return
        if message["type"] == "http.disconnect":
            gone()
            return
        part: bytes = message.get("body", b"")
        size, more = size + len(part), message.get("more_body", False)
        if size <= LARGEST_BODY:
            body += part
            if not more:
                inbox.put_nowait({"type": "http.request", "body": bytes(body), "more_body": False})
        elif not more or size > MOST_DISCARDED:
            most = f"{LARGEST_BODY // 1024 // 1024} MiB"
            inbox.put_nowait(ApiProblem(413, f"The request is larger than {most}.", "too_large"))
            return
