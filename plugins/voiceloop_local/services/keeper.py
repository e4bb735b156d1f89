"""One model process for every session of this program, whatever event loop each runs on.

A child process belongs to one event loop, and sessions may run on several, side by side or one after the other. So the
process has a loop of its own, on a thread that does nothing but wait for its pipes; callers reach it from theirs.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from voiceloop_local.models.client import ModelProcess, host_command

__all__ = ["Keeper", "SharedModels", "keeper"]

log = logging.getLogger(__name__)

KEPT_S: Final = 120.0
"""How long a process is kept that nobody uses: loading takes seconds, and who needed it once may do so again soon."""

T = TypeVar("T")


class SharedModels:
    """A `Transcriber` and a `Speaker` for callers on any loop. Every method is safe to cancel."""

    def __init__(self, process: ModelProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int | None:
        """Process id of the models, None before the first start."""
        return self._process.pid

    async def ready(self) -> None:
        """Wait until the models are loaded. Raises DeviceError when they cannot be, or not in time."""
        await self._there(self._process.ready())

    async def transcribe(self, pcm: bytes, rate_hz: int, language: str = "en", vocabulary: Sequence[str] = ()) -> str:
        """Return the words in 16-bit mono `pcm`, "" when there are none. Raises DeviceError."""
        return await self._there(self._process.transcribe(pcm, rate_hz, language, vocabulary))

    async def translate(self, pcm: bytes, rate_hz: int, language: str) -> str:
        """Return in English what is said in `language` in 16-bit mono `pcm`. Raises DeviceError."""
        return await self._there(self._process.translate(pcm, rate_hz, language))

    async def identify(self, pcm: bytes, rate_hz: int, among: Sequence[str]) -> tuple[str, float]:
        """Return which language of `among` is spoken, and its probability from 0 to 1. Raises DeviceError."""
        return await self._there(self._process.identify(pcm, rate_hz, among))

    async def speak(self, text: str, voice: str | None = None, language: str = "en") -> AsyncGenerator[bytes, None]:
        """Yield `text` spoken, 16-bit mono PCM at 24 kHz. Raises DeviceError. Closing it stops the synthesis."""
        speech = _Speech(self._process.speak(text, voice, language))
        try:
            while (pcm := await self._there(speech.next())) is not None:
                yield pcm
        finally:
            await self._there(speech.close())

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, _home()))


class _Speech:
    """A speech on the loop of the process. Its end waits until a step that was cancelled has unwound."""

    def __init__(self, chunks: AsyncGenerator[bytes, None]) -> None:
        self._chunks = chunks
        self._stepping = asyncio.Lock()

    async def next(self) -> bytes | None:
        async with self._stepping:
            return await anext(self._chunks, None)

    async def close(self) -> None:
        async with self._stepping:
            await self._chunks.aclose()


@dataclass(eq=False, slots=True)
class _Kept:
    process: ModelProcess
    running: Future[None]
    """Done once the process has ended for good."""
    users: int = 0
    timer: asyncio.TimerHandle | None = None
    """Of its end, when nobody uses it. Belongs to the loop of the process, as the next."""
    ending: asyncio.Task[None] | None = None


class Keeper:
    """Starts the process when it is first needed, and ends it when nobody has needed it for `kept_s`.

    May be called from any thread. The process ends with this one, whichever way that ends: its pipe closes.
    """

    def __init__(self, command: Sequence[str], *, within_s: float = 30.0, kept_s: float = KEPT_S) -> None:
        """`within_s` is how long the models may take to load."""
        self._command = tuple(command)
        self._within_s = within_s
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._kept: _Kept | None = None

    @asynccontextmanager
    async def models(self) -> AsyncIterator[SharedModels]:
        """Yield the models at once, though they may still load: wait for `ready`. Safe to cancel.

        A process that has crashed for good is followed by a new one.
        """
        kept = self._take()
        try:
            yield SharedModels(kept.process)
        finally:
            self._leave(kept)

    def _take(self) -> _Kept:
        with self._lock:
            if self._kept is None or self._kept.running.done():
                process = ModelProcess(self._command, within_s=self._within_s)
                self._kept = _Kept(process, asyncio.run_coroutine_threadsafe(_run(process), _home()))
            self._kept.users += 1
            return self._kept

    def _leave(self, kept: _Kept) -> None:
        with self._lock:
            kept.users -= 1
            if not kept.users:
                _home().call_soon_threadsafe(self._wait_for_users, kept)

    def _wait_for_users(self, kept: _Kept) -> None:
        if kept.timer is not None:
            kept.timer.cancel()
        kept.timer = _home().call_later(self._kept_s, self._end, kept)

    def _end(self, kept: _Kept) -> None:
        with self._lock:
            if kept.users:
                return
            if self._kept is kept:
                self._kept = None
        kept.ending = _home().create_task(kept.process.close(), name="end of the model process")


@functools.cache
def _home() -> asyncio.AbstractEventLoop:
    """Return the loop that processes live on. It runs as long as this program: its thread holds nothing up."""
    home = asyncio.new_event_loop()
    threading.Thread(target=home.run_forever, name="models", daemon=True).start()
    return home


@functools.cache
def keeper() -> Keeper:
    """Return the one of this program."""
    return Keeper(host_command(stt_threads=2, tts_threads=1))


async def _run(process: ModelProcess) -> None:
    try:
        await process.run()
    except Exception:
        log.exception("the model process cannot be followed any more")
        await process.close()
