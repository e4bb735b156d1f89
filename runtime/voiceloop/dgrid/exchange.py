"""The door to httpx: the pool of connections, and one request and its answer, until the connection is given back.

Failures are returned, not raised. Nothing here is safe to cancel twice, because httpx is not: whoever waits on it in a
task that is cancelled a second time loses the connection until the pool is closed. `Client` sees to that.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from voiceloop.dgrid.failures import Failure, Kind, excerpt, read_failure, request_id
from voiceloop.dgrid.retries import Repeat
from voiceloop.errors import RefusedError
from voiceloop.network.proxies import turned_away

if TYPE_CHECKING:
    import httpx

    from voiceloop.network.proxies import Proxy
    from voiceloop.network.route import Route

__all__ = ["Exchange", "Request", "Timeouts", "new_pool"]

log = logging.getLogger(__name__)

WARM_S: Final = 90.0
"""How long a connection nobody uses is kept: a conversation pauses for so long, and an engine may stand by.

One that the server has closed meanwhile is noticed before anything is sent over it.
"""
WARM: Final = 8

LARGEST_ANSWER: Final = 16 * 1024 * 1024
LARGEST_ERROR: Final = 64 * 1024
PIECE: Final = 64 * 1024
"""Bytes of a request that leave at once: `Timeouts.send_s` is for one of them, not for all of an upload."""
SUCCESSES: Final = range(200, 300)
PROXY_REFUSES: Final = 407


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask a server for."""

    method: Literal["GET", "POST"]
    path: str
    """From the base URL on, with its leading slash."""
    body: bytes = b""
    """Sent as JSON unless `headers` say otherwise."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """More than the client sends by itself; never a key."""
    repeat: Repeat = Repeat.HARMFUL
    largest_bytes: int = LARGEST_ANSWER
    """An answer that is longer is broken off."""
    progress: Callable[[int, int], None] | None = None
    """Told the bytes of the body that were sent so far, and all of them; from 0 again when the request is repeated.

    It runs in the event loop between two pieces. What it raises is logged, and it is not called again.
    """


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each part of a request may take, in seconds."""

    connect_s: float = 5.0
    send_s: float = 10.0
    """For one piece of the request to leave."""
    silence_s: float = 60.0
    """From the request to the first byte of its answer, and between any two."""
    whole_s: float = 180.0
    """For an answer that is not streamed, all attempts and the waits between them included."""


def new_pool(base_url: str, key: str | None, route: Route, timeouts: Timeouts) -> httpx.AsyncClient:
    """Return a pool of connections to one server, none of them open yet. It follows no redirect."""
    import httpx  # noqa: PLC0415 - 100 ms, needed only where something is asked for

    proxy = None
    if route.proxy is not None:
        auth = None if route.proxy.user is None else (route.proxy.user, route.proxy.password)
        proxy = httpx.Proxy(route.proxy.url, auth=auth, ssl_context=route.proxy_tls)
    return httpx.AsyncClient(
        base_url=base_url,
        headers={} if key is None else {"Authorization": f"Bearer {key}"},
        timeout=httpx.Timeout(timeouts.silence_s, connect=timeouts.connect_s, write=timeouts.send_s),
        # No request waits for another one's connection.
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=WARM, keepalive_expiry=WARM_S),
        verify=route.tls or base_url.startswith("https:"),  # for http no certificates are loaded
        proxy=proxy,
        trust_env=False,  # the route has what the environment says
    )


class Exchange:
    """Holds one connection of the pool from `open` until `close`, or until its answer was read to the end."""

    def __init__(
        self, http: httpx.AsyncClient, proxy: Proxy | None, secrets: Sequence[str], now: Callable[[], datetime]
    ) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        """Names in lower case."""
        self.request_id = ""
        self._http = http
        self._proxy = proxy
        self._secrets = secrets
        self._now = now
        self._largest = LARGEST_ERROR
        self._read = 0
        self._answer: httpx.Response | None = None

    async def open(self, request: Request) -> Failure | None:
        """Send the request and wait for the head of its answer; None when that is a success."""
        content = {}
        if request.body:  # with its length, which servers want to know, and httpx cannot see
            content = {"Content-Type": "application/json", "Content-Length": str(len(request.body))}
        try:
            asked = self._http.build_request(
                request.method, request.path, content=upload(request), headers={**content, **request.headers}
            )
            answer = self._answer = await self._http.send(asked, stream=True)
        except Exception as error:  # noqa: BLE001 - whatever the library raises, the request has failed
            return self._failure(error)
        self._chunks = answer.aiter_bytes()
        self.status = answer.status_code
        self.headers = {name.lower(): value for name, value in answer.headers.items()}
        self.request_id = request_id(self.headers, None, self._secrets)
        if self.status in SUCCESSES:
            self._largest = request.largest_bytes
            return None
        if self.status == PROXY_REFUSES and self._proxy is not None:  # it is asked plainly for http URLs
            return self._turned_away(self._proxy, self.status, answer.headers.get_list("proxy-authenticate"))
        body = bytearray()
        while isinstance(chunk := await self.chunk(), bytes):  # as much as comes: the status is the news
            body += chunk
        return read_failure(self.status, self.headers, bytes(body), self._secrets, self._now())

    async def chunk(self) -> bytes | Failure | None:
        """Return the next bytes of the answer; None at its end."""
        try:
            chunk = await anext(self._chunks)
        except StopAsyncIteration:
            return None
        except Exception as error:  # noqa: BLE001 - as above
            return self._failure(error)
        self._read += len(chunk)
        if self._read > self._largest:
            return self._broken(f"it is longer than {self._largest} bytes")
        return chunk

    async def rest(self) -> bytes | Failure:
        """Return all that is left of the answer."""
        body = bytearray()
        while (chunk := await self.chunk()) is not None:
            if isinstance(chunk, Failure):
                return chunk
            body += chunk
        return bytes(body)

    async def close(self) -> None:
        """Give the connection back, or close it when the answer was not read to its end. Idempotent."""
        if self._answer is not None:
            with contextlib.suppress(Exception):  # the answer is in, or nobody wants it
                await self._answer.aclose()

    def _broken(self, why: str) -> Failure:
        return Failure(Kind.BROKEN, why, self.status, request_id=self.request_id)

    def _failure(self, error: Exception) -> Failure:
        kind, words = kind_of_error(error), excerpt(reason(error), self._secrets)
        if self._proxy is not None and not self.status:
            status = str(error)[:3]
            if kind is Kind.UNREACHABLE and status.isdecimal():  # its answer to CONNECT
                return self._turned_away(self._proxy, int(status))
            words = f"through the {self._proxy}: {words}"
        return Failure(kind, words, self.status or None, request_id=self.request_id)

    def _turned_away(self, proxy: Proxy, status: int, challenges: Sequence[str] = ()) -> Failure:
        told = turned_away(proxy, str(self._http.base_url).rstrip("/"), status, challenges)
        return Failure(Kind.PROXY_REFUSED if isinstance(told, RefusedError) else Kind.UNREACHABLE, str(told))


def upload(request: Request) -> bytes | AsyncIterator[bytes] | None:
    """Return the body as httpx is to send it: in pieces where it is long or somebody wants to see it leave."""
    if len(request.body) > PIECE or (request.body and request.progress):
        return pieces(request.body, request.progress)
    return request.body or None


async def pieces(body: bytes, progress: Callable[[int, int], None] | None) -> AsyncIterator[bytes]:
    """Yield a body piece by piece; the next one is asked for when one has left."""
    for start in range(0, len(body), PIECE):
        yield body[start : start + PIECE]
        if progress is not None:
            try:
                progress(min(start + PIECE, len(body)), len(body))
            except Exception:
                log.exception("a function for progress failed; the upload goes on without it")
                progress = None


def kind_of_error(error: Exception) -> Kind:
    """Return what an exception of httpx tells about the request."""
    import httpx  # noqa: PLC0415 - loaded by now

    never_left = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
    if isinstance(error, (*never_left, httpx.UnsupportedProtocol, httpx.InvalidURL)):
        return Kind.UNREACHABLE
    if isinstance(error, httpx.TimeoutException):
        return Kind.SILENT
    if isinstance(error, httpx.DecodingError):
        return Kind.BROKEN
    return Kind.DROPPED


def reason(error: BaseException) -> str:
    """Return the words of the first cause that has any: httpx itself says little about why it could not connect."""
    words = ""
    cause: BaseException | None = error
    while cause is not None:
        words = str(cause) or words
        first = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else None  # of several addresses
        cause = first or cause.__cause__ or cause.__context__
    return words or type(error).__name__
