"""One client for every REST endpoint of a server: one pool of connections, deadlines, retries, bounded answers.

What goes wrong is data until it leaves this module; then it is an error that
holds neither the key nor anything of httpx.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import msgspec

from voiceloop.dgrid.exchange import Exchange, Request, Timeouts, new_pool
from voiceloop.dgrid.failures import (
    Failure,
    Kind,
    RequestFailedError,
    RequestRefusedError,
    error_of,
    excerpt,
    failure_in,
    plain,
)
from voiceloop.dgrid.retries import Retries
from voiceloop.dgrid.sse import EventReader, ServerSentEvent, TooLongError
from voiceloop.errors import MisuseError, SettingsError
from voiceloop.network.route import Route, route_to
from voiceloop.wire.lenient import Json

if TYPE_CHECKING:
    import httpx

    from voiceloop.network.proxies import Proxy

__all__ = ["Answer", "Client", "JsonAnswer", "OpenAnswer", "Request", "Timeouts", "World"]

log = logging.getLogger(__name__)

T = TypeVar("T")
KEY = re.compile(r"[!-~]+")
END_WITHIN_S: Final = 1.0


def utc_now() -> datetime:
    """Return the time of day."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class World:
    """Chance, waits and the time of day, to be replaced in tests."""

    chance: Callable[[], float] = random.random
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], datetime] = utc_now


@dataclass(frozen=True, slots=True)
class Answer:
    """A success, read whole."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    request_id: str
    """What the server calls this request; empty when it did not say."""


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """A success that is a JSON object."""

    status: int
    raw: Json
    request_id: str


class Client:
    """`async with Client(base_url, key) as client`: asks one server. For many requests at once, in one event loop.

    `base_url` is as `voiceloop.sources.base_url` returns it, without `/v1`. Without a key no `Authorization` is sent.
    `route` None takes proxy and certificates from the environment, and entering raises SettingsError when those are of
    no use; so does a key that no header can carry. Redirects are never followed: the key would go with them. Leaving
    breaks off what is under way in other tasks.

    Requests raise RequestRefusedError or RequestFailedError. Cancelling one closes its connection, without waiting
    for that, and leaves the others alone.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        route: Route | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        retries: Retries = Retries(),  # noqa: B008 - frozen
        world: World = World(),
    ) -> None:
        if key is not None and not KEY.fullmatch(key):
            raise SettingsError("the key is empty or holds blanks, line breaks or letters that no key has")
        self.base_url = base_url
        self._key = key
        self._secrets = () if key is None else (key,)
        self._route = route
        self._proxy: Proxy | None = None
        self._timeouts = timeouts
        self._retries = retries
        self._world = world
        self._http: httpx.AsyncClient | None = None
        self._group = asyncio.TaskGroup()
        self._waits: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        route = self._route or route_to(self.base_url, os.environ)
        self._proxy = route.proxy
        self._http = new_pool(self.base_url, self._key, route, self._timeouts)
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._http is not None, "it was entered"
        http, self._http = self._http, None
        for wait in self._waits:
            wait.cancel()
        try:
            await self._group.__aexit__(None, None, None)
        finally:
            await http.aclose()

    # Asking ----------------------------------------------------------------------------------------------------------

    async def ask(self, request: Request) -> Answer:
        """Return the answer as bytes, whatever they are. Safe to cancel."""
        whole_s = self._timeouts.whole_s
        try:
            async with asyncio.timeout(whole_s):
                return await self._persist(request, self._whole)
        except TimeoutError:
            raise self.error(Failure(Kind.SILENT, f"no whole answer within {whole_s:g} s")) from None

    async def ask_json(self, request: Request) -> JsonAnswer:
        """Return the answer's JSON object; an error that came with a success's status is raised. Safe to cancel."""
        answer = await self.ask(request)
        try:
            raw = msgspec.json.decode(answer.body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raw = None
        self.check(raw, answer)
        if not isinstance(raw, dict):
            raise self.broken("no JSON object", answer, answer.body)
        return JsonAnswer(answer.status, raw, answer.request_id)

    @contextlib.asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[OpenAnswer]:
        """Yield the answer while its body is still coming. Leaving early closes the connection. Safe to cancel.

        Only attempts that brought no success are repeated; what fails after that is raised by reading.
        """
        exchange = await self._persist(request, self._open)
        try:
            yield OpenAnswer(exchange, self._apart, self.error)
        finally:
            self._release(exchange)

    def check(self, raw: object, answer: Answer | OpenAnswer) -> None:
        """Raise what a decoded answer, or a part of a stream, turns out to complain about."""
        if failure := failure_in(raw, self._secrets, answer.status, answer.headers):
            raise self.error(failure)

    def error(self, failure: Failure) -> RequestRefusedError | RequestFailedError:
        """Return the error to raise for a failure at this server."""
        return error_of(failure, self.base_url)

    def broken(
        self, why: str, answer: Answer | JsonAnswer | OpenAnswer, said: bytes | None = None
    ) -> RequestRefusedError | RequestFailedError:
        """Return the error to raise for a success that cannot be read; `said` is shown as what came instead."""
        instead = "" if said is None else f" but {excerpt(plain(said), self._secrets) or 'nothing'}"
        return self.error(Failure(Kind.BROKEN, why + instead, answer.status, request_id=answer.request_id))

    # Attempts --------------------------------------------------------------------------------------------------------

    async def _persist(self, request: Request, attempt: Callable[[Request], Awaitable[T | Failure]]) -> T:
        """Attempt until it succeeds or is not worth another try."""
        number, now = 1, asyncio.get_running_loop().time
        began_s = now()
        while isinstance(outcome := await attempt(request), Failure):
            chance, spent_s = self._world.chance(), now() - began_s
            wait_s = self._retries.wait_s(outcome, number, request.repeat, chance, spent_s)
            if wait_s is None:
                raise self.error(outcome)
            log.info("%s %s again in %.1f s: %s", request.method, request.path, wait_s, outcome)
            await self._world.pause(wait_s)
            number += 1
        return outcome

    async def _whole(self, request: Request) -> Answer | Failure:
        exchange = await self._open(request)
        if isinstance(exchange, Failure):
            return exchange
        try:
            body = await self._apart("reading an answer", exchange.rest())
        finally:
            self._release(exchange)
        if isinstance(body, Failure):
            return body
        return Answer(exchange.status, exchange.headers, body, exchange.request_id)

    async def _open(self, request: Request) -> Exchange | Failure:
        if self._http is None:
            raise MisuseError("the client is not open: enter it first")
        exchange = Exchange(self._http, self._proxy, self._secrets, self._world.now)
        with contextlib.ExitStack() as unless_open:
            unless_open.callback(self._release, exchange)
            failure = await self._apart("sending a request", exchange.open(request))
            if failure is not None:
                return failure
            unless_open.pop_all()
        log.debug("%s %s: HTTP %d, request %s", request.method, request.path, exchange.status, exchange.request_id)
        return exchange

    async def _apart(self, name: str, work: Coroutine[Any, Any, T]) -> T:
        """Await work in a task of its own, which is cancelled once however often this one is: see `exchange`."""
        closed = Failure(Kind.DROPPED, "the client was closed")
        if self._http is None:
            work.close()
            raise self.error(closed)
        wait = self._group.create_task(work, name=name)
        self._waits.add(wait)
        wait.add_done_callback(self._waits.discard)
        try:
            return await asyncio.shield(wait)
        except asyncio.CancelledError:
            this = asyncio.current_task()
            if wait.cancelled() and this is not None and not this.cancelling():
                raise self.error(closed) from None
            raise
        finally:
            wait.cancel()

    def _release(self, exchange: Exchange) -> None:
        if self._http is not None:  # else its connection is closed with the others
            self._group.create_task(exchange.close(), name="closing a request")


class OpenAnswer:
    """A success whose body is still coming."""

    def __init__(
        self,
        exchange: Exchange,
        apart: Callable[[str, Coroutine[Any, Any, bytes | Failure | None]], Awaitable[bytes | Failure | None]],
        error: Callable[[Failure], Exception],
    ) -> None:
        self.status = exchange.status
        self.headers = exchange.headers
        self.request_id = exchange.request_id
        self._exchange = exchange
        self._apart = apart
        self._error = error

    async def chunk(self) -> bytes | None:
        """Return the next bytes; None at the end. Raises RequestFailedError. Cancelling ends the answer."""
        chunk = await self._apart("reading a stream", self._exchange.chunk())
        if isinstance(chunk, Failure):
            raise self._error(chunk)
        return chunk

    async def finish(self) -> None:
        """Read what is left when all is known, for 1 s at most: an answer read to its end leaves a warm connection."""
        with contextlib.suppress(TimeoutError, RequestFailedError):
            async with asyncio.timeout(END_WITHIN_S):  # some servers never hang up
                while await self.chunk() is not None:
                    pass

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """Yield server-sent events; a body that is one JSON document is one event. Raises RequestFailedError."""
        reader = EventReader()
        try:
            while (chunk := await self.chunk()) is not None:
                for event in reader.feed(chunk):
                    yield event
        except TooLongError as error:
            failure = Failure(Kind.BROKEN, str(error), self.status, request_id=self.request_id)
            raise self._error(failure) from None
        for event in reader.end():
            yield event
