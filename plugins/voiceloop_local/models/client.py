"""The parent's end of the model process: starts it, asks it, notices its death, starts it once more."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import re
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final, TypeVar

from voiceloop.errors import DeviceError
from voiceloop_local.models.pending import Pending, Piece
from voiceloop_local.models.protocol import (
    Cancel,
    Failed,
    FrameReader,
    Identify,
    Loaded,
    More,
    Ready,
    Report,
    Request,
    Speak,
    Transcribe,
    Translate,
    encode,
)

__all__ = ["ModelProcess", "Progress", "host_command", "offline_environment"]

log = logging.getLogger(__name__)

Answered = TypeVar("Answered")
Progress = Callable[[str], None]

_OFFLINE: Final = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONUNBUFFERED": "1",
}
_SECRET: Final = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
_READ_BYTES: Final = 1 << 20
_ANSWER_S: Final = 60.0
"""A transcription or the next clause of a speech takes well under a second, or some seconds when a language is used for
the first time; this ends waiting for a stuck process."""
_CLOSE_S: Final = 2.0
_CRASHES_APART_S: Final = 60.0
"""A second crash sooner than this after the first is not met with another start."""


class Life(Enum):
    """What can be expected of the model process."""

    LOADING = auto()
    READY = auto()
    LOST = auto()
    CLOSED = auto()


def offline_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for the model process: libraries told to stay offline, no secret of the parent in it."""
    return {name: value for name, value in environment.items() if not _SECRET.search(name)} | _OFFLINE


def host_command(stt_threads: int, tts_threads: int) -> tuple[str, ...]:
    """Return the command line of the model process."""
    # -P: a file of the user's working directory must not stand in for a library.
    host = (sys.executable, "-P", "-m", "voiceloop_local.models.host")
    return (*host, "--stt-threads", str(stt_threads), "--tts-threads", str(tts_threads))


class ModelProcess:
    """A `Transcriber` and a `Speaker` that work in another process. `run` must run while it is used."""

    def __init__(self, command: Sequence[str], *, within_s: float = 30.0, progress: Progress | None = None) -> None:
        self._command = tuple(command)
        self._within_s = within_s
        self._progress = progress
        self._life = Life.LOADING
        self._why = ""
        self._settled = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._last_words: deque[str] = deque(maxlen=5)
        self._ids = itertools.count(1)
        self._pending = Pending()

    @property
    def pid(self) -> int | None:
        """Process id of the models, None before the first start."""
        return self._process.pid if self._process else None

    async def ready(self) -> None:
        """Wait until the models are loaded. Raises DeviceError when they cannot be. Safe to cancel."""
        try:
            async with asyncio.timeout(self._within_s):
                await self._settled.wait()
        except TimeoutError as error:
            raise DeviceError(f"the models were not loaded within {self._within_s:g} s; free some CPU") from error
        if self._life is not Life.READY:
            raise DeviceError(self._why)

    async def transcribe(self, pcm: bytes, rate_hz: int, language: str = "en", vocabulary: Sequence[str] = ()) -> str:
        """Return the words in 16-bit mono `pcm`, "" when there are none. Raises DeviceError. Safe to cancel."""
        await self.ready()
        request = Transcribe(next(self._ids), rate_hz, language, tuple(vocabulary))
        return await self._answered(request, pcm, self._pending.transcript(request.id))

    async def translate(self, pcm: bytes, rate_hz: int, language: str) -> str:
        """Return in English what is said in `language` in 16-bit mono `pcm`, "" when nothing is.

        Raises DeviceError, which names the extra when it is missing. Safe to cancel.
        """
        await self.ready()
        request = Translate(next(self._ids), rate_hz, language)
        return await self._answered(request, pcm, self._pending.transcript(request.id))

    async def identify(self, pcm: bytes, rate_hz: int, among: Sequence[str]) -> tuple[str, float]:
        """Return which language of `among` 16-bit mono `pcm` is in, and how probable that is (0 to 1).

        "" and 0 when nobody speaks. Raises DeviceError, which names the extra when it is missing. Safe to cancel.
        """
        await self.ready()
        request = Identify(next(self._ids), rate_hz, tuple(among))
        return await self._answered(request, pcm, self._pending.language(request.id))

    async def speak(self, text: str, voice: str | None = None, language: str = "en") -> AsyncGenerator[bytes, None]:
        """Yield `text` spoken, 16-bit mono PCM at 24 kHz, a clause at a time. Raises DeviceError. Safe to cancel.

        There is one voice for each language on this machine, whatever `voice` asks for.
        """
        await self.ready()
        request = Speak(next(self._ids), text, language)
        pieces = self._pending.speech(request.id)
        try:
            await self._send(request)
            while (piece := await self._next(pieces)) is not None:
                self._post(More(request.id))
                yield piece
        finally:
            if self._pending.forget(request.id):
                self._post(Cancel(request.id))

    async def run(self) -> None:
        """Keep a process running until `close`, or until it crashed twice within a minute or cannot load."""
        clock = asyncio.get_running_loop().time
        crashed_at: float | None = None
        while self._life is not Life.CLOSED:
            self._settle(Life.LOADING, "")
            refused = await self._live()
            if self._closed:
                return
            ended = f"the model process ended unexpectedly ({self._detail()})"
            self._pending.fail_all(ended)
            again = crashed_at is None or clock() - crashed_at > _CRASHES_APART_S
            if refused or not again:
                self._settle(Life.LOST, refused or f"{ended} twice; restart voiceloop")
                log.error("%s", self._why)
                return
            crashed_at = clock()
            log.warning("%s; starting it again", ended)

    async def close(self) -> None:
        """End the process: politely by closing its pipe, hard after 2 s. Whoever waits gets DeviceError. Idempotent."""
        self._settle(Life.CLOSED, "the models are closed")
        self._pending.fail_all(self._why)
        if self._process is not None:
            await _end(self._process)

    @property
    def _closed(self) -> bool:
        return self._life is Life.CLOSED

    def _settle(self, life: Life, why: str) -> None:
        self._life, self._why = life, why
        if life is Life.LOADING:
            self._settled.clear()
        else:
            self._settled.set()

    async def _live(self) -> str:
        """Run one process to its end; return why it could not load, or nothing."""
        self._last_words.clear()
        pipe = asyncio.subprocess.PIPE
        environment = offline_environment(os.environ)
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, limit=_READ_BYTES
            )
        except OSError as error:
            return f"the model process does not start: {error}; check {self._command[0]}"
        self._process = process
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_last_words(process), name="model process log")
                if self._closed and process.stdin is not None:
                    process.stdin.close()
                refused = await self._read(process)
                await _end(process)
        finally:
            _kill(process)
            await process.communicate()  # reads to the end, so that the transport closes
        return refused

    async def _read(self, process: asyncio.subprocess.Process) -> str:
        reader: FrameReader[Any] = FrameReader(Report)  # type: ignore[arg-type]  # a union is no type[...] to mypy
        assert process.stdout is not None
        while data := await process.stdout.read(_READ_BYTES):
            try:
                reports = reader.receive(data)
            except DeviceError as error:
                return str(error)
            for report, payload in reports:
                if isinstance(report, Failed) and report.id == 0:
                    return report.message
                self._take(report, payload)
        return ""

    async def _keep_last_words(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while line := await process.stderr.readline():
            text = line.decode(errors="replace").strip()
            log.debug("model process: %s", text)
            self._last_words.append(text)

    def _take(self, report: Report, payload: bytes) -> None:
        match report:
            case Loaded(part, took_s):
                news = f"{part} loaded in {took_s:.1f} s"
                log.info("%s", news)
                if self._progress:
                    self._progress(news)
            case Ready():
                if not self._closed:
                    self._settle(Life.READY, "")
            case _:
                self._pending.answer(report, payload)

    async def _answered(self, request: Transcribe | Identify, pcm: bytes, answer: asyncio.Future[Answered]) -> Answered:
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._send(request, pcm)
                return await answer
        except TimeoutError as error:
            raise DeviceError("speech recognition does not answer; restart voiceloop") from error
        finally:
            if self._pending.forget(request.id):
                self._post(Cancel(request.id))

    async def _next(self, pieces: asyncio.Queue[Piece]) -> bytes | None:
        try:
            async with asyncio.timeout(_ANSWER_S):
                piece = await pieces.get()
        except TimeoutError as error:
            raise DeviceError("the voice does not answer; restart voiceloop") from error
        if isinstance(piece, DeviceError):
            raise piece
        return piece

    async def _send(self, request: Request, payload: bytes = b"") -> None:
        self._post(request, payload)
        if self._process and self._process.stdin:
            try:
                await self._process.stdin.drain()
            except ConnectionError as error:
                raise DeviceError(f"the model process went away ({self._detail()})") from error

    def _post(self, request: Request, payload: bytes = b"") -> None:
        stdin = self._process.stdin if self._process else None
        if stdin is not None and not stdin.is_closing():
            stdin.write(encode(request, payload))

    def _detail(self) -> str:
        return self._last_words[-1] if self._last_words else "it said nothing; memory may be short"


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let a process end by closing its pipe; after 2 s kill it."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_CLOSE_S):
            await process.wait()
    except TimeoutError:
        _kill(process)


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        try:
            process.kill()
        except ProcessLookupError:
            log.debug("the model process %s ended by itself", process.pid)
