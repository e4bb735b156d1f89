"""What the parts of one realtime session share, and how they reach the outside."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec

from voiceloop_local.realtime.checks import Json
from voiceloop_local.realtime.config import SessionConfig
from voiceloop_local.realtime.conversation import Conversation
from voiceloop_local.realtime.dialect import Dialect
from voiceloop_local.realtime.tongue import Tongue
from voiceloop_local.seams import Brain, Speaker, Transcriber

__all__ = ["Crew", "Models", "Outbox", "Peer", "PeerGoneError", "Shared", "within"]

SEND_WITHIN_S = 20.0
MOST_WAITING = 4096
ROOM_BELOW = 32

T = TypeVar("T")


class PeerGoneError(Exception):
    """The client is gone, or reads too slowly to be kept."""


class Peer(Protocol):
    """One client's socket. Every method raises `PeerGoneError` when it has closed."""

    async def recv(self) -> str | bytes:
        """The next frame: text as str, binary as bytes."""

    async def send(self, text: bytes) -> None:
        """Send a text frame, given as UTF-8."""

    async def close(self, code: int, reason: str) -> None:
        """Close with a code."""


@dataclass(frozen=True, slots=True)
class Models:
    """What recognises, speaks and thinks."""

    transcriber: Transcriber
    speaker: Speaker
    brain: Brain


class Outbox:
    """Events on their way to the client, in order.

    At most `MOST_WAITING` wait: a client that does not read them is cut off, since later events make no sense without
    the earlier ones. Audio asks for `room` first and so never fills it.
    """

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._waiting: deque[Json] = deque()
        self._encoder = msgspec.json.Encoder()
        self._wake = asyncio.Event()
        self._roomy = asyncio.Event()
        self._roomy.set()
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, event: Json) -> None:
        """Send an event as soon as those before it are out."""
        if len(self._waiting) >= MOST_WAITING:
            raise PeerGoneError(f"The client left {MOST_WAITING} events unread.")
        self._waiting.append(event)
        self._wake.set()
        self._idle.clear()
        if len(self._waiting) >= ROOM_BELOW:
            self._roomy.clear()

    async def room(self) -> None:
        """Wait until few events wait."""
        async with asyncio.timeout(SEND_WITHIN_S):
            await self._roomy.wait()

    async def flush(self) -> None:
        """Wait until all events are out."""
        async with asyncio.timeout(SEND_WITHIN_S):
            await self._idle.wait()

    async def run(self) -> None:
        """Send what is put until cancelled; raises `PeerGoneError`."""
        while True:
            while self._waiting:
                event = self._waiting.popleft()
                if len(self._waiting) < ROOM_BELOW:
                    self._roomy.set()
                try:
                    async with asyncio.timeout(SEND_WITHIN_S):
                        await self._peer.send(self._encoder.encode(event))
                except TimeoutError as error:
                    raise PeerGoneError("The client stopped reading.") from error
            self._idle.set()
            self._wake.clear()
            await self._wake.wait()


class Crew:
    """The tasks of one session: all belong to its task group, and all end with it."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, name: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work` as a named task."""
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def dismiss(self) -> None:
        """Cancel every task that still runs."""
        for task in tuple(self._tasks):
            task.cancel()


@dataclass(slots=True)
class Shared:
    """What every part of a session needs. Events are emitted in GA names."""

    config: SessionConfig
    conversation: Conversation
    dialect: Dialect
    models: Models
    outbox: Outbox
    crew: Crew
    new_id: Callable[[str], str]
    tongue: Tongue
    _events: int = 0

    def emit(self, *events: Json) -> None:
        """Send events in order, each with an id of its own."""
        for event in events:
            self._events += 1
            self.outbox.put({"event_id": f"event_{self._events}", **self.dialect.translate(event)})


async def within(source: AsyncIterator[T], each_s: float) -> AsyncGenerator[T, None]:
    """Items of `source`; TimeoutError when one takes longer than `each_s`. Closes `source` when it is closed."""
    try:
        while True:
            async with asyncio.timeout(each_s):
                try:
                    item = await anext(source)
                except StopAsyncIteration:
                    return
            yield item
    finally:
        if (close := getattr(source, "aclose", None)) is not None:
            with contextlib.suppress(RuntimeError):  # a generator that is being closed already
                await close()
