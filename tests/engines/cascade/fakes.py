"""Services that do what a script says, and remember when each request was opened and closed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from voiceloop.dgrid.chat_answer import CallGrew, Completion, Ended, Said, Stop, Thought
from voiceloop.engines.services.seams import Services, Transcript
from voiceloop.testing.numbers import numbered
from voiceloop.vocabulary import ToolCall, Usage


def now():
    return asyncio.get_running_loop().time()


@dataclass
class Seen:
    """One request."""

    asked: object
    opened_s: float
    closed_s: float | None = None
    whole: bool = False
    """It was not broken off."""


@dataclass
class Answer:
    """What the chat model writes: words one by one, thinking first, calls at last."""

    text: str = ""
    calls: Sequence[tuple[str, str]] = ()
    """Name and arguments of each."""
    first_s: float = 0.3
    word_s: float = 0.02
    stop: Stop = Stop.END
    thinks: str = ""
    error: BaseException | None = None
    """Raised once the text was written."""
    hangs: bool = False
    """Nothing comes after the text."""
    call_ids: Sequence[str] = ("call_0", "call_1", "call_2")

    def completion(self):
        calls = tuple(ToolCall(self.call_ids[at], *call) for at, call in enumerate(self.calls))
        stop = Stop.TOOLS if calls and self.stop is Stop.END else self.stop
        usage = Usage(input_tokens=10, output_tokens=len(self.text.split()))
        return Completion(text=self.text, tool_calls=calls, stop=stop, usage=usage)


@dataclass
class FakeServices:
    """`services` is what an engine is given; the lists hold what is still to happen and what has."""

    words: list[str | BaseException] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    speech: list[BaseException | bytes | None] = field(default_factory=list)
    """Instead of a sentence's speech, in order of the requests; None and no more: it is spoken."""
    transcribe_s: float = 0.4
    first_chunk_s: float = 0.25
    ms_per_char: int = 60
    chunk_ms: int = 100
    chunk_s: float = 0.01
    listens: bool = False
    """The chat model listens itself."""
    transcribed: list[Seen] = field(default_factory=list)
    questions: list[Seen] = field(default_factory=list)
    spoken: list[Seen] = field(default_factory=list)
    numbered: int = 0

    @property
    def services(self):
        return Services(None if self.listens else self.transcribe, self.chat, self.speak, "fake-chat", "fake-ears")

    @property
    def open(self):
        """Requests that run now."""
        return [seen for seen in (*self.transcribed, *self.questions, *self.spoken) if seen.closed_s is None]

    def _seen(self, kept, asked):
        kept.append(Seen(asked, now()))
        return kept[-1]

    async def transcribe(self, pcm, rate_hz):
        seen = self._seen(self.transcribed, pcm)
        try:
            await asyncio.sleep(self.transcribe_s)
            said = self.words.pop(0) if self.words else ""
            if isinstance(said, BaseException):
                raise said
            seen.whole = True
            return Transcript(said, usage=Usage(seconds=len(pcm) / 2 / rate_hz))
        finally:
            seen.closed_s = now()

    @asynccontextmanager
    async def chat(self, question):
        seen = self._seen(self.questions, question)
        try:
            yield self._deltas(self.answers.pop(0) if self.answers else Answer("I see."), seen)
        finally:
            seen.closed_s = now()

    async def _deltas(self, answer, seen):
        await asyncio.sleep(answer.first_s)
        if answer.thinks:
            yield Thought(answer.thinks)
        for word in [piece + " " for piece in answer.text.split()]:
            yield Said(word)
            await asyncio.sleep(answer.word_s)
        if answer.hangs:
            await asyncio.sleep(10_000)
        if answer.error is not None:
            raise answer.error
        for place, (name, arguments) in enumerate(answer.calls):
            yield CallGrew(place, answer.call_ids[place], name, arguments)
        seen.whole = True
        yield Ended(answer.completion())

    @asynccontextmanager
    async def speak(self, text, rate_hz):
        seen = self._seen(self.spoken, text)
        try:
            yield self._chunks(text, rate_hz, seen)
        finally:
            seen.closed_s = now()

    async def _chunks(self, text, rate_hz, seen):
        instead = self.speech.pop(0) if self.speech else None
        await asyncio.sleep(self.first_chunk_s)
        if isinstance(instead, BaseException):
            raise instead
        if instead is not None:
            yield instead
            return
        left = len(text) * self.ms_per_char * rate_hz // 1000
        while left:
            size = min(left, self.chunk_ms * rate_hz // 1000)
            pcm = numbered(self.numbered, size)
            self.numbered += size
            left -= size
            yield pcm
            await asyncio.sleep(self.chunk_s)
        seen.whole = True


class Port:
    """`engines.base.EnginePort`: keeps what it is told; `then` is done in the middle of being told."""

    def __init__(self, group=None, then=None):
        self.events = []
        self.sounds = []
        self.said = []
        self._group = group
        self._then = then or (lambda event: None)

    def happened(self, event):
        self.events.append(event)
        self._then(event)

    def audio(self, *sound):
        self.sounds.append(sound)
        return True

    def spawn(self, name, work):
        self._group.create_task(work, name=name)

    def said_so_far(self, text):
        self.said.append(text)

    def doubtful(self):
        return False

    def speech(self, turn_id):
        return b""

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]
