"""Speech over REST, in whatever format a server gives it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from pydantic import ValidationError

from voiceloop.dgrid.audio_kinds import AudioKind
from voiceloop.dgrid.client import Client
from voiceloop.dgrid.speech import Speaking, Speech, SpeechRequest
from voiceloop.engines.services.decoding import Decoder, decoder_of
from voiceloop.errors import RefusedError, UsageError

__all__ = ["DEFAULT_VOICE", "RestSpeak"]

DEFAULT_VOICE: Final = "alloy"
"""A name that every server of OpenAI's kind knows; the request must hold one."""
DECODE_WITHIN_S: Final = 10.0


class RestSpeak:
    """Says sentences with one model and one voice.

    PCM is asked for, as it can be played while it comes; any other answer is decoded. Sound that a server sends as
    stereo or at another rate becomes mono at the session's.
    """

    def __init__(self, client: Client, model: str, voice: str | None = None) -> None:
        self._speech = Speech(client)
        self._model = model
        self._voice = voice or DEFAULT_VOICE

    @contextlib.asynccontextmanager
    async def __call__(self, text: str, rate_hz: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """Yield the PCM of one sentence; it has begun by then. Safe to cancel; leaving early closes the request.

        Blank text is refused, as is one of more than 4096 characters. Entering and reading raise BackendError.
        """
        try:
            request = SpeechRequest(model=self._model, input=text, voice=self._voice, response_format="pcm")
        except ValidationError as error:
            raise RefusedError(f"this cannot be said: {error.errors()[0]['msg']}") from None
        async with self._speech.stream(request) as speaking:
            yield self._pcm(speaking, rate_hz)

    async def _pcm(self, speaking: Speaking, rate_hz: int) -> AsyncIterator[bytes]:
        sounded = False
        try:
            decoder = decoder_of(speaking.kind, speaking.rate_hz, rate_hz)
            async for audio in speaking:
                if pcm := decoder.feed(audio):
                    sounded = True
                    yield pcm
            if pcm := await self._drained(decoder, speaking.kind):
                sounded = True
                yield pcm
        except UsageError as error:
            raise speaking.broken(str(error)) from None
        if not sounded:
            raise speaking.broken("no sound in the speech")

    async def _drained(self, decoder: Decoder, kind: AudioKind) -> bytes:
        if kind in (AudioKind.PCM, AudioKind.WAV):
            return decoder.drain()
        try:
            async with asyncio.timeout(DECODE_WITHIN_S):
                return await asyncio.to_thread(decoder.drain)
        except TimeoutError:
            raise UsageError(f"ffmpeg did not decode this {kind} speech within {DECODE_WITHIN_S:g} s") from None
