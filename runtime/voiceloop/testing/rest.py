"""A REST server that follows a script: what it is asked is kept, what it answers was written down before."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Literal

from voiceloop.errors import MisuseError

__all__ = ["Heard", "RestAnswer", "ScriptedRest", "read_request"]

LARGEST_HEAD: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """One answer of the script."""

    body: bytes | str | Mapping[str, Any] | Sequence[bytes] = b""
    """A mapping is sent as JSON; several pieces are sent one by one, each flushed."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside `Content-Type`, which belongs to the body unless it is given here, and those that frame the body."""
    ends: Literal["well", "cut", "never"] = "well"
    """Cut: the connection breaks after the body, before its end. Never: nothing more comes."""
    after_s: float = 0.0
    """Passes before anything is sent."""
    every_s: float = 0.0
    """Passes before each piece but the first."""
    silent: bool = False
    """Nothing is sent at all, not even a status; `cut` then breaks the connection at once."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    connection: int
    """Which connection it came on; the first is 1."""
    head: bytes = field(default=b"", repr=False)
    """Everything before the body, as it came."""
    gone: asyncio.Event = field(default_factory=asyncio.Event, compare=False, repr=False)
    """Set when the client hung up on an answer that never ends."""

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was sent
        """The body, decoded."""
        return json.loads(self.body)


class ScriptedRest:
    """`async with ScriptedRest({"POST /v1/x": [RestAnswer(...)]}) as rest`: a server at `rest.base_url` on 127.0.0.1.

    Each request takes the next answer of its method and path; when there is none it gets 404, as for an unknown path.
    `heard` has every request so far, `hears()` waits for the next one.
    """

    def __init__(self, script: Mapping[str, Sequence[RestAnswer]]) -> None:
        self.heard: list[Heard] = []
        self._script = {route: list(answers) for route, answers in script.items()}
        self._news: asyncio.Queue[Heard] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks = asyncio.TaskGroup()
        self._writers: set[asyncio.StreamWriter] = set()
        self._connections = 0

    @property
    def base_url(self) -> str:
        """The address to give as base URL."""
        if not self._port:
            raise MisuseError("the server is not open: enter it first")
        return f"http://127.0.0.1:{self._port}"

    @property
    def open_connections(self) -> int:
        """Connections that no side has closed."""
        return len(self._writers)

    async def hears(self) -> Heard:
        """Return the next request that nobody waited for yet. Safe to cancel."""
        return await self._news.get()

    async def __aenter__(self) -> ScriptedRest:
        await self._tasks.__aenter__()
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0, limit=LARGEST_HEAD)
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._tasks.__aexit__(None, None, None)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        self._writers.add(writer)
        self._tasks.create_task(self._serve(reader, writer, self._connections), name="scripted REST")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        """Answer one request after the other until a side hangs up."""
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    heard = await read_request(reader, connection)
                    self.heard.append(heard)
                    self._news.put_nowait(heard)
                    answers = self._script.get(f"{heard.method} {heard.path}", [])
                    answer = answers.pop(0) if answers else _unknown(heard)
                    if not await _write(reader, writer, answer, heard):
                        return
        finally:
            self._writers.discard(writer)
            writer.transport.abort()


async def read_request(reader: asyncio.StreamReader, connection: int) -> Heard:
    """Read one request. Raises IncompleteReadError when the client hangs up before its end."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Heard(method, path, headers, body, connection, head)


async def _write(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: RestAnswer, heard: Heard) -> bool:
    """Send an answer; True when the connection goes on after it."""
    if not answer.silent:
        kind, pieces = _pieces(answer)
        headers = {"Content-Type": kind, "Transfer-Encoding": "chunked"} | dict(answer.headers)
        lines = [f"HTTP/1.1 {answer.status} As scripted", *(f"{name}: {value}" for name, value in headers.items())]
        await asyncio.sleep(answer.after_s)
        writer.write("\r\n".join([*lines, "", ""]).encode())
        for number, piece in enumerate(pieces):
            await asyncio.sleep(answer.every_s if number else 0.0)
            if writer.is_closing():
                return False
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
    if answer.ends == "never":
        with contextlib.suppress(OSError):  # who leaves with something unread resets the connection
            await reader.read()  # until the client is gone
        heard.gone.set()
    if answer.ends == "well":
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    return answer.ends == "well"


def _pieces(answer: RestAnswer) -> tuple[str, Sequence[bytes]]:
    """Return the content type and the body in pieces; an empty piece would end the body, so there is none."""
    match answer.body:
        case Mapping():
            return "application/json", [json.dumps(answer.body).encode()]
        case str():
            return "text/plain; charset=utf-8", [answer.body.encode()] if answer.body else []
        case bytes():
            return "application/octet-stream", [answer.body] if answer.body else []
        case _:
            return "text/event-stream", [piece for piece in answer.body if piece]


def _unknown(heard: Heard) -> RestAnswer:
    error = {"message": f"Invalid URL ({heard.method} {heard.path})", "type": "invalid_request_error", "code": ""}
    return RestAnswer({"error": error}, 404)
