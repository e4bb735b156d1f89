"""Speech on this machine, at whatever rate a session plays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Final

from voiceloop.audio.resample import Resampler
from voiceloop.errors import RefusedError
from voiceloop_local.realtime.shared import within
from voiceloop_local.seams import SPEECH_RATE_HZ, Speaker
from voiceloop_local.services.failures import told_as_backend_errors
from voiceloop_local.services.tongue import Tongue

__all__ = ["LocalSpeak"]

CLAUSE_WITHIN_S: Final = 60.0


class LocalSpeak:
    """Says sentences in the language of the conversation."""

    def __init__(self, speaker: Speaker, tongue: Tongue, voice: str | None = None) -> None:
        """A `voice` that is not on this machine gives way to the one that is."""
        self._speaker = speaker
        self._tongue = tongue
        self._voice = voice

    @asynccontextmanager
    async def __call__(self, text: str, rate_hz: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """Yield the PCM of one sentence, a clause at a time. Reading raises BackendError. Safe to cancel.

        Leaving early stops the synthesis after the clause it is at.
        """
        async with aclosing(self._pcm(text, rate_hz)) as chunks:
            yield chunks

    async def _pcm(self, text: str, rate_hz: int) -> AsyncGenerator[bytes, None]:
        resampler, sounded = Resampler(SPEECH_RATE_HZ, rate_hz), False
        speaking = self._speaker.speak(text, self._voice, self._tongue.language)
        with told_as_backend_errors():
            async with aclosing(within(speaking, CLAUSE_WITHIN_S)) as chunks:
                async for chunk in chunks:
                    sounded = sounded or bool(chunk)
                    yield await asyncio.to_thread(resampler.feed, chunk)  # a clause has seconds of sound
        if not sounded:
            raise RefusedError("there is nothing in this sentence that can be said")
        yield resampler.drain()
