"""Speaks one reply: sentence by sentence, words with their audio, not much faster than it is heard."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from voiceloop.languages.sentences import sentences
from voiceloop.languages.shelf import language_for
from voiceloop_local.realtime.coding import DeltaCutter
from voiceloop_local.realtime.reply import Reply
from voiceloop_local.realtime.shared import Shared, within
from voiceloop_local.realtime.words import WordClock

__all__ = ["FASTEST", "Narration", "Pace"]

FASTEST = 3.0
"""Audio leaves at most this much faster than it is heard, so that a client sees a stream and not a file."""
CHUNK_WITHIN_S = 30.0


class Pace:
    """Keeps a stream of audio below `FASTEST` times real time."""

    def __init__(self) -> None:
        self._free_s = 0.0

    def wait_s(self, duration_ms: int, now_s: float) -> float:
        """How long to wait before sending `duration_ms` of audio; time nobody used is not made up for."""
        starts_s = max(self._free_s, now_s)
        self._free_s = starts_s + duration_ms / 1000 / FASTEST
        return starts_s - now_s


class Narration:
    """The voice of one reply."""

    def __init__(self, shared: Shared, reply: Reply) -> None:
        self._shared = shared
        self._reply = reply
        self._voice = reply.settings.voice if isinstance(reply.settings.voice, str) else None
        self._tag = shared.tongue.spoken(shared.config)
        self._cutter = DeltaCutter(reply.settings.output)
        self._pace = Pace()

    async def say(self, text: str) -> None:
        """Speak `text`; stops early when the reply has reached its token limit. Safe to cancel."""
        for sentence in sentences(text, language_for(self._tag)):
            await self._say(sentence)
            if self._reply.full:
                return

    async def _say(self, sentence: str) -> None:
        words = WordClock(self._reply.spaced(sentence), language_for(self._tag).sentences.char_ms)
        sent_ms = 0
        speech = self._shared.models.speaker.speak(sentence, self._voice, self._tag)
        async with aclosing(within(speech, CHUNK_WITHIN_S)) as chunks:
            async for chunk in chunks:
                for pcm in self._cutter.feed(chunk):
                    sent_ms += await self._send(pcm, words.due(sent_ms))
                if self._reply.full:
                    return
        for pcm in self._cutter.drain():
            sent_ms += await self._send(pcm, words.due(sent_ms))
        for word in words.rest():
            self._shared.emit(*self._reply.words(word))

    async def _send(self, pcm: bytes, words: list[str]) -> int:
        duration_ms = self._cutter.ms(pcm)
        await self._shared.outbox.room()
        await asyncio.sleep(self._pace.wait_s(duration_ms, asyncio.get_running_loop().time()))
        for word in words:
            self._shared.emit(*self._reply.words(word))
        self._shared.emit(*self._reply.audio(pcm, self._cutter.wire(pcm)))
        return duration_ms
