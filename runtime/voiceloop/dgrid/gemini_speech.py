"""Words said by a Gemini model: `POST /v1/models/{model}:generateContent` with `responseModalities: ["AUDIO"]`.

The request is as DGrid documents it; language, streams and the audio's form in the answer are Google's.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from pydantic import ConfigDict, Field, field_validator

from voiceloop.dgrid.chat_reading import decoded
from voiceloop.dgrid.client import Client, Request
from voiceloop.dgrid.dialects.gemini_json import path
from voiceloop.dgrid.gemini_speech_reading import GeminiSpeechReader
from voiceloop.dgrid.retries import Repeat
from voiceloop.dgrid.shape import RequestShape
from voiceloop.dgrid.speech import Speaking, Spoken, spoken
from voiceloop.dgrid.sse import ServerSentEvent, TooLongError

__all__ = ["GeminiSpeech", "GeminiSpeechRequest"]

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer: a minute is 4 MB in base64."""


class GeminiSpeechRequest(RequestShape):
    """Words to say. What is None is not sent, and the server's default counts.

    Unknown names and wrong values are a ValidationError, which is a ValueError; it does not show the words.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    model: str = Field(min_length=1)
    """Sent as it is; ids are opaque."""
    input: str
    """Not all blank. How to say it stands before the words: `Say cheerfully: Hello!`"""
    voice: str | None = None
    """DGrid names `Kore`; Google has thirty."""
    language: str | None = None
    """BCP 47. Upstream only; models hear it in the words otherwise."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Upstream only."""

    @field_validator("input")
    @classmethod
    def _has_words(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("there is nothing to say")
        return value

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send."""
        speech: dict[str, Any] = {}
        if self.voice is not None:
            speech["voiceConfig"] = {"prebuiltVoiceConfig": {"voiceName": self.voice}}
        if self.language is not None:
            speech["languageCode"] = self.language
        config: dict[str, Any] = {"responseModalities": ["AUDIO"]}
        if speech:
            config["speechConfig"] = speech
        if self.temperature is not None:
            config["temperature"] = self.temperature
        return {"contents": [{"role": "user", "parts": [{"text": self.input}]}], "generationConfig": config}


class GeminiSpeech:
    """Asks the models of one server that speak as Gemini does.

    Both methods raise RequestRefusedError and RequestFailedError, also where the words were blocked, or where the
    answer holds no sound. A request whose connection broke before the answer began is made again; it may be billed
    twice then.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def whole(self, request: GeminiSpeechRequest) -> Spoken:
        """Return all of it. Safe to cancel."""
        answer = await self._client.ask(post(request, "generateContent"))
        reader = GeminiSpeechReader()
        raw = decoded(ServerSentEvent(answer.body.decode(errors="replace")))
        try:  # an object may be longer than what is taken from a stream at once
            audio = (reader.take(raw) if isinstance(raw, dict) else reader.feed(answer.body)) + reader.end()
        except TooLongError as error:
            raise self._client.broken(str(error), answer) from None
        return spoken(self._client, answer, reader, audio, reader.content_type)

    @contextlib.asynccontextmanager
    async def stream(self, request: GeminiSpeechRequest) -> AsyncIterator[Speaking]:
        """Yield the sound while it comes; it has begun by then. Safe to cancel; leaving early closes the connection.

        A model that cannot stream sends all of it at once.
        """
        async with self._client.stream(post(request, "streamGenerateContent?alt=sse")) as answer:
            speaking = Speaking(self._client, answer, GeminiSpeechReader())
            await speaking.begin()
            yield speaking


def post(request: GeminiSpeechRequest, method: str) -> Request:
    """Return how it is asked for."""
    body = msgspec.json.encode(request.to_json())
    return Request("POST", path(request.model, method), body, repeat=Repeat.SAFE, largest_bytes=LARGEST)
