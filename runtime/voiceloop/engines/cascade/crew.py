"""Requests as tasks: each has a number, ends within its deadlines, and can be closed at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, assert_never

from voiceloop.dgrid.chat_answer import CallGrew, Ended, Said
from voiceloop.engines.cascade.orders import (
    Arrived,
    AskChat,
    Deadlines,
    Failed,
    Finished,
    Outcome,
    Speak,
    Transcribe,
    Trouble,
    Wrote,
)
from voiceloop.engines.cascade.troubles import trouble_of
from voiceloop.engines.services.seams import Question, Services, Transcript
from voiceloop.errors import VoiceloopError
from voiceloop.vocabulary import Cause

__all__ = ["Crew"]

Report = Callable[[int, Outcome], None]
Spawn = Callable[[str, Coroutine[Any, Any, None]], None]


class Crew:
    """Carries requests out. `report` is called with the number of a job and what it brought, on the loop's thread."""

    def __init__(self, services: Services, rate_hz: int, deadlines: Deadlines, spawn: Spawn, report: Report) -> None:
        self._services = services
        self._rate_hz = rate_hz
        self._deadlines = deadlines
        self._spawn = spawn
        self._report = report
        self._wanted: set[int] = set()
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def start(self, order: Transcribe | AskChat | Speak) -> None:
        """Begin a request."""
        self._wanted.add(order.job)
        match order:
            case Transcribe(job=job, pcm=pcm):
                self._spawn("transcribe", self._run(job, lambda: self._transcribe(job, pcm), "recognise what was said"))
            case AskChat(job=job, question=question):
                self._spawn("ask chat", self._run(job, lambda: self._ask(job, question), "answer"))
            case Speak(job=job, text=text):
                self._spawn("speak", self._run(job, lambda: self._speak(job, text), "speak"))
            case _:
                assert_never(order)

    def drop(self, job: int) -> None:
        """Close a request at once; it brings nothing more."""
        self._wanted.discard(job)
        task = self._tasks.get(job)
        if task is not None:
            task.cancel()

    async def close(self, within_s: float) -> None:
        """Close everything, and wait for that for so long at most. Safe to cancel."""
        running = list(self._tasks.values())
        for job in [*self._wanted, *self._tasks]:
            self.drop(job)
        await asyncio.sleep(0)  # tasks that had not begun find that nobody wants them
        if running:
            await asyncio.wait(running, timeout=within_s)

    async def _run(self, job: int, work: Callable[[], Coroutine[Any, Any, None]], doing: str) -> None:
        task = asyncio.current_task()
        if job not in self._wanted or task is None:
            return
        self._tasks[job] = task
        now = asyncio.get_running_loop().time
        began_s = now()
        try:
            await work()
        except TimeoutError:
            trouble = Trouble(Cause.SLOW_MODEL, f"the model did not {doing} in time")
            self._tell(job, Failed(trouble, now() - began_s))
        except VoiceloopError as error:
            self._tell(job, Failed(trouble_of(error), now() - began_s))
        finally:
            self._wanted.discard(job)
            del self._tasks[job]

    async def _transcribe(self, job: int, pcm: bytes) -> None:
        assert self._services.transcribe is not None, "else nobody asks for it"
        async with asyncio.timeout(self._deadlines.transcription_s):
            transcript: Transcript = await self._services.transcribe(pcm, self._rate_hz)
        self._tell(job, transcript)

    async def _ask(self, job: int, question: Question) -> None:
        limits, now = self._deadlines, asyncio.get_running_loop().time
        latest: float | None = now() + limits.first_words_s
        async with asyncio.timeout(limits.first_token_s) as patience, self._services.chat(question) as deltas:
            async for delta in deltas:
                if isinstance(delta, Said | CallGrew | Ended):
                    latest = None
                due = now() + limits.stream_silence_s
                patience.reschedule(due if latest is None else min(due, latest))
                self._tell(job, Wrote(delta))
                if isinstance(delta, Ended):
                    self._wanted.discard(job)
        self._tell(job, Failed(Trouble(Cause.DROP, "the answer had no end")))

    async def _speak(self, job: int, text: str) -> None:
        limits, now = self._deadlines, asyncio.get_running_loop().time
        over_s: float | None = None
        """When all would be played that is here, had it begun to play at once."""
        async with asyncio.timeout(limits.first_audio_s) as patience:
            async with self._services.speak(text, self._rate_hz) as chunks:
                async for pcm in chunks:
                    if pcm:
                        over_s = (now() if over_s is None else over_s) + len(pcm) / 2 / self._rate_hz
                        patience.reschedule(min(now(), over_s) + limits.stream_silence_s)
                        self._tell(job, Arrived(pcm))
        self._tell(job, Finished())

    def _tell(self, job: int, outcome: Outcome) -> None:
        if job in self._wanted:
            self._report(job, outcome)
