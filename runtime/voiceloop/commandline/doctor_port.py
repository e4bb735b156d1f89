"""A session that only looks: it opens an engine, waits for what it reports, and closes it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Final, TypeVar

from voiceloop.engines.base import Engine, Seed
from voiceloop.events import EngineLost, EngineReady, Event

__all__ = ["Port", "opened"]

CLOSE_WITHIN_S: Final = 0.5

E = TypeVar("E", bound=Event)
F = TypeVar("F", bound=Event)


class Port:
    """What an engine reports is kept, and so is when its sound began."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.sound_bytes = 0
        self.sounded_at_s: float | None = None
        """On the loop's clock; None before there was any sound."""
        self._events: list[Event] = []
        self._news = asyncio.Event()
        self._group = group

    async def until(self, kind: type[E], or_else: type[F]) -> E | F | EngineLost:
        """Return the first event of these kinds, or why none can come any more. Safe to cancel."""
        while True:
            for event in self._events:
                if isinstance(event, kind | or_else | EngineLost):
                    return event
            self._news.clear()
            await self._news.wait()

    # What an engine calls

    def happened(self, event: Event) -> None:
        """Keep an event."""
        self._events.append(event)
        self._news.set()

    def audio(self, reply_id: str, item_id: str, content_index: int, pcm: bytes) -> bool:
        """Count the sound."""
        if self.sounded_at_s is None:
            self.sounded_at_s = asyncio.get_running_loop().time()
        self.sound_bytes += len(pcm)
        return True

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run work of the engine."""
        self._group.create_task(work, name=name)

    def said_so_far(self, text: str) -> None:
        """Nobody waits for the end of a turn here."""

    def doubtful(self) -> bool:
        """Nothing is heard here."""
        return False

    def speech(self, turn_id: str) -> bytes:
        """Nothing was said."""
        return b""


@contextlib.asynccontextmanager
async def opened(engine: Engine, seed: Seed) -> AsyncIterator[tuple[Port, EngineReady | EngineLost]]:
    """Open an engine, yield what became of it, and close it. Safe to cancel."""
    async with asyncio.TaskGroup() as group:
        port = Port(group)
        try:
            await engine.open(seed, port)
            yield port, await port.until(EngineReady, EngineLost)
        finally:
            await engine.close(CLOSE_WITHIN_S)
