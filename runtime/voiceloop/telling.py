"""Hands transcript lines out as they are written: to whoever iterates over the session, and to one scribe."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol, Self

from voiceloop.transcript import TranscriptLine

__all__ = ["Scribe", "Telling"]

MAX_UNREAD_LINES = 256


class Scribe(Protocol):
    """Anything that takes transcript lines as they are written. One that raises ends the session with its error."""

    def __call__(self, line: TranscriptLine) -> None:
        """Take one line; a plain call that must not block."""


class Telling:
    """The newest unread lines; of more than 256 the oldest are dropped.

    `failed` is told when the scribe raises, which is not called again.
    """

    def __init__(self, scribe: Scribe | None, failed: Callable[[BaseException], None]) -> None:
        self._scribe = scribe
        self._failed = failed
        self._unread: deque[TranscriptLine] = deque(maxlen=MAX_UNREAD_LINES)
        self._news = asyncio.Event()
        self._over = False

    def write(self, line: TranscriptLine) -> None:
        """Hand out one line. Never raises."""
        self._unread.append(line)
        self._news.set()
        if self._scribe is None:
            return
        try:
            self._scribe(line)
        except Exception as error:  # noqa: BLE001 - the rest of what was decided must still be carried out
            self._scribe = None
            self._failed(error)

    def close(self) -> None:
        """No more lines will come; what is unread can still be read."""
        self._over = True
        self._news.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> TranscriptLine:
        while not self._unread:
            if self._over:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._unread.popleft()
