"""How soon a cascade answers, and how soon it lets go, against delays that are known. On whichever loop it runs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from engines.cascade.fakes import Answer, FakeServices, Port, now
from voiceloop.commands import AskReply, CancelReply, CommitTurn
from voiceloop.engines.base import Seed
from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.events import TurnCommitted
from voiceloop.testing.numbers import numbered
from voiceloop.vocabulary import AudioFormat

RATE_HZ = 24_000
FRAME_MS = 20
FIRST, REST = "The time is just noon.", "And here is another sentence which takes quite a while to be written."


@dataclass(frozen=True)
class Delays:
    """What the services take, in seconds."""

    transcribe_s: float = 0.4
    first_token_s: float = 0.3
    word_s: float = 0.03
    first_chunk_s: float = 0.25

    @property
    def unavoidable_s(self):
        """Recognition, the first word, the rest of the first sentence and the word that shows its end, first sound."""
        return self.transcribe_s + self.first_token_s + len(FIRST.split()) * self.word_s + self.first_chunk_s

    def services(self, **more):
        answer = Answer(f"{FIRST} {REST}", first_s=self.first_token_s, word_s=self.word_s, **more)
        script = {"transcribe_s": self.transcribe_s, "first_chunk_s": self.first_chunk_s}
        return FakeServices(words=["what time is it"], answers=[answer], **script)


class _Timed(Port):
    def __init__(self, group):
        super().__init__(group)
        self.first_audio_s = None
        self.answered = asyncio.Event()

    def audio(self, *sound):
        if self.first_audio_s is None:
            self.first_audio_s = now()
            self.answered.set()
        return super().audio(*sound)


async def first_audio_s(delays, *, hangover_ms=0):
    """From the end of a turn to the first sound of the answer; `hangover_ms` of silence come before that end."""
    async with asyncio.TaskGroup() as group:
        port = _Timed(group)
        engine = CascadeEngine(delays.services().services, hangover_ms=hangover_ms)
        await engine.open(Seed("Be brief.", (), AudioFormat()), port)
        await _hear_turn(engine, hangover_ms)
        began_s = now()
        engine.obey(CommitTurn("turn-1"))
        assert port.of(TurnCommitted)
        engine.obey(AskReply("ask-1"))
        await port.answered.wait()
        await engine.close(0.5)
    return port.first_audio_s - began_s


async def lets_go_s(delays):
    """From an interruption in the middle of everything until the last request is closed; and how many there were."""
    fakes = delays.services(hangs=True)
    async with asyncio.TaskGroup() as group:
        port = _Timed(group)
        engine = CascadeEngine(fakes.services)
        await engine.open(Seed("Be brief.", (), AudioFormat()), port)
        engine.obey(AskReply("ask-1"))
        await port.answered.wait()
        running = fakes.open
        began_s = now()
        engine.obey(CancelReply("reply-1"))
        heard = len(port.sounds)
        await asyncio.sleep(1.0)
        assert len(port.sounds) == heard
        assert fakes.open == []
        await engine.close(0.5)
    return max(seen.closed_s for seen in running) - began_s, len(running)


async def _hear_turn(engine, hangover_ms):
    """Half a second of speech at once, then silence at the pace of a microphone."""
    speech = numbered(0, RATE_HZ // 2)
    engine.hear(speech, 0)
    frame = FRAME_MS * RATE_HZ // 1000
    for number in range(hangover_ms // FRAME_MS):
        engine.hear(bytes(2 * frame), RATE_HZ // 2 + number * frame)
        await asyncio.sleep(FRAME_MS / 1000)
