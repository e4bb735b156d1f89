"""Recognition over REST: a turn's speech as a WAV file, its words as the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from voiceloop.dgrid.client import Client
from voiceloop.dgrid.transcription_request import TranscriptionRequest
from voiceloop.dgrid.transcriptions import Transcriptions
from voiceloop.engines.services.seams import Transcript
from voiceloop.engines.services.uploads import wav_of
from voiceloop.errors import RefusedError
from voiceloop.languages.shelf import AUTO, known_languages, language_for, primary_subtag
from voiceloop.languages.utterances import normalised

__all__ = ["RestTranscribe"]

SHORTEST_S: Final = 0.1
"""Vendors refuse less, and nobody says a word in it."""
LONGEST_PROMPT: Final = 800
"""Characters. Whisper looks at the last 224 tokens."""
ISO_639_1: Final = 2
"""Letters of the only tags that servers take."""


class RestTranscribe:
    """Asks one model for the words of a turn.

    `language` is a tag, or "auto" for a model that is to find out by itself; `vocabulary` are words to expect.
    """

    def __init__(self, client: Client, model: str, language: str = AUTO, vocabulary: Sequence[str] = ()) -> None:
        self._transcriptions = Transcriptions(client)
        self._model = model
        tag = primary_subtag(language)
        self._language = tag if language != AUTO and len(tag) == ISO_639_1 else None
        self._prompt = ", ".join(vocabulary)[:LONGEST_PROMPT]

    async def __call__(self, pcm: bytes, rate_hz: int) -> Transcript:
        """Return the words; none for what is too short to be any. Raises BackendError. Safe to cancel."""
        if len(pcm) / 2 < rate_hz * SHORTEST_S:
            return Transcript("")
        wav = await asyncio.to_thread(wav_of, pcm, rate_hz)
        try:
            request = TranscriptionRequest(
                model=self._model, audio=wav, language=self._language, prompt=self._prompt or None
            )
        except ValidationError as error:
            raise RefusedError(f"this cannot be recognised: {error.errors()[0]['msg']}") from None
        heard = await self._transcriptions.whole(request)
        # Whisper gives back the words it was told to expect where it hears none.
        echoed = self._prompt and normalised(heard.text) == normalised(self._prompt)
        return Transcript("" if echoed else heard.text.strip(), tag_of(heard.language), heard.usage)


def tag_of(language: str) -> str:
    """Return the tag of a language that a server names in its own way: `de`, `de-DE` or `german`."""
    named = (tag for tag in known_languages() if language_for(tag).name.lower() == language.strip().lower())
    return primary_subtag(language) or next(named, "")
