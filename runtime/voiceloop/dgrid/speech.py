"""`POST /v1/audio/speech`: words said by a model, whole or while they are being said.

The request is as DGrid documents it. It says of the answer only that it is a file: formats, content types and the form
in events (`stream_format`) are upstream's, and what came is told by the bytes, see `audio_kinds`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from pydantic import Field

from voiceloop.dgrid.adapting import adapted
from voiceloop.dgrid.audio_kinds import AudioKind
from voiceloop.dgrid.client import Answer, Client, OpenAnswer, Request
from voiceloop.dgrid.failures import RequestFailedError, RequestRefusedError
from voiceloop.dgrid.refused_parameters import RefusedParameters
from voiceloop.dgrid.retries import Repeat
from voiceloop.dgrid.shape import AnswerShape
from voiceloop.dgrid.speech_reading import SoundReader, SpeechReader
from voiceloop.dgrid.speech_request import CustomVoice, SpeechRequest
from voiceloop.dgrid.sse import TooLongError
from voiceloop.vocabulary import Usage

__all__ = ["CustomVoice", "Speaking", "Speech", "SpeechRequest", "Spoken", "spoken"]

T = TypeVar("T")
PATH: Final = "/v1/audio/speech"
OPTIONAL: Final = ("instructions", "speed", "response_format", "stream_format")
"""What may be left out: the words are said all the same, and what they are in is told by the bytes."""
LARGEST: Final = 64 * 1024 * 1024
"""Bytes of speech: 4096 characters are some five minutes, which is 15 MB of PCM and more in base64."""


class Spoken(AnswerShape):
    """Words that were said, whole."""

    audio: bytes = Field(repr=False)
    """Never empty. PCM comes in whole samples."""
    kind: AudioKind
    """What it is, whatever was asked for."""
    rate_hz: int | None
    """Samples per second of PCM, as the server says or 24000; None for kinds that tell by themselves."""
    content_type: str = ""
    """What the server calls it."""
    usage: Usage | None = None
    """None where the server said nothing, as all do outside of events."""
    truncated: bool = False
    """Whether the end may be missing. Only events tell."""
    request_id: str = ""
    """What to quote to the server's owner."""


class Speech:
    """Asks the speaking models of one server.

    A parameter that a model refuses is left out from then on and the request made again; a format, too, so look at the
    answer's `kind`. Both methods raise RequestRefusedError and RequestFailedError, also for an answer with a success's
    status that holds no sound. Saying something changes nothing at the server, so a request whose connection broke
    before the answer began is made again; it may be billed twice then.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._refused = RefusedParameters(OPTIONAL)

    async def whole(self, request: SpeechRequest) -> Spoken:
        """Return all of it. Safe to cancel."""
        answer = await self._adapted(request, self._client.ask)
        content_type = answer.headers.get("content-type", "")
        reader = SpeechReader(request.kind, content_type)
        try:
            audio = reader.feed(answer.body) + reader.end()
        except TooLongError as error:
            raise self._client.broken(str(error), answer) from None
        return spoken(self._client, answer, reader, audio, content_type)

    @contextlib.asynccontextmanager
    async def stream(self, request: SpeechRequest) -> AsyncIterator[Speaking]:
        """Yield the sound while it comes; it has begun by then. Safe to cancel; leaving early closes the connection."""
        async with contextlib.AsyncExitStack() as stack:

            async def attempt(asked: Request) -> OpenAnswer:
                return await stack.enter_async_context(self._client.stream(asked))

            answer = await self._adapted(request, attempt)
            reader = SpeechReader(request.kind, answer.headers.get("content-type", ""))
            speaking = Speaking(self._client, answer, reader)
            await speaking.begin()
            yield speaking

    async def _adapted(self, request: SpeechRequest, attempt: Callable[[Request], Awaitable[T]]) -> T:
        def post(fields: dict[str, Any]) -> Awaitable[T]:
            body = msgspec.json.encode(fields)
            return attempt(Request("POST", PATH, body, repeat=Repeat.SAFE, largest_bytes=LARGEST))

        return await adapted(self._refused, request.model, request.to_json(), post)


def spoken(client: Client, answer: Answer, reader: SoundReader, audio: bytes, content_type: str) -> Spoken:
    """Return speech that was read to its end. Raises RequestRefusedError and RequestFailedError where it is none."""
    client.check(reader.complaint, answer)
    if reader.kind is None or reader.empty:
        raise client.broken("no audio", answer, reader.words)
    return Spoken(
        audio=audio,
        kind=reader.kind,
        rate_hz=reader.rate_hz,
        content_type=content_type,
        usage=reader.usage,
        truncated=reader.truncated,
        request_id=answer.request_id,
    )


class Speaking:
    """Speech that is still coming: `async for audio in speaking`, once.

    Each piece is never empty, and of PCM whole samples. Iterating raises what `Speech.stream` does: a connection that
    breaks loses what was not said, and no more.
    """

    def __init__(self, client: Client, answer: OpenAnswer, reader: SoundReader) -> None:
        self.content_type = answer.headers.get("content-type", "")
        self.request_id = answer.request_id
        self._client = client
        self._answer = answer
        self._reader = reader
        self._first = b""
        self._ended = False

    @property
    def kind(self) -> AudioKind:
        """What it is, whatever was asked for."""
        assert self._reader.kind is not None, "it has begun"
        return self._reader.kind

    @property
    def rate_hz(self) -> int | None:
        """Samples per second of PCM, as the server says or 24000; None for kinds that tell by themselves."""
        return self._reader.rate_hz

    @property
    def usage(self) -> Usage | None:
        """What it cost, where the server told by now."""
        return self._reader.usage

    @property
    def truncated(self) -> bool:
        """Whether the end may be missing; known when all is in, and only where it came in events."""
        return self._reader.truncated

    def broken(self, why: str) -> RequestRefusedError | RequestFailedError:
        """Return the error to raise for sound that is of no use."""
        return self._client.broken(why, self._answer)

    async def begin(self) -> None:
        """Wait for the first sound. Raises what iterating does."""
        while self._reader.empty and (audio := await self._next()) is not None:
            self._first += audio
        if self._reader.empty:
            raise self._client.broken("no audio", self._answer, self._reader.words)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._first
        while (audio := await self._next()) is not None:
            if audio:
                yield audio

    async def _next(self) -> bytes | None:
        """Return more audio, perhaps none yet; None at the end. A complaint waits for the sound before it."""
        self._client.check(self._reader.complaint, self._answer)
        if self._ended:
            return None
        if self._reader.ended:
            await self._answer.finish()
        chunk = None if self._reader.ended else await self._answer.chunk()
        try:
            audio = self._reader.end() if chunk is None else self._reader.feed(chunk)
        except TooLongError as error:
            raise self._client.broken(str(error), self._answer) from None
        self._ended = chunk is None
        return audio
