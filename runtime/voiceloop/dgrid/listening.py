"""Asking a model what it hears in a recording: what `/v1/audio/transcriptions` and `/v1/audio/translations` share."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from voiceloop.dgrid.adapting import adapted
from voiceloop.dgrid.client import Answer, Client, OpenAnswer, Request
from voiceloop.dgrid.multipart import write_form
from voiceloop.dgrid.recordings import RecordingRequest
from voiceloop.dgrid.refused_parameters import RefusedParameters
from voiceloop.dgrid.retries import Repeat
from voiceloop.dgrid.sse import TooLongError
from voiceloop.dgrid.transcript import Transcribed, TranscriptDelta, Transcription
from voiceloop.dgrid.transcript_events import TranscriptReader

__all__ = ["Listening", "Progress"]

Progress = Callable[[int, int], None]
"""Told the bytes that were sent so far and all of them; from 0 again when the recording is sent once more."""
T = TypeVar("T")
OPTIONAL: Final = (
    *("prompt", "temperature", "response_format", "timestamp_granularities", "include", "chunking_strategy"),
    *("keywords", "languages", "stream"),
)
"""What may be left out: the words are recognised all the same."""
SUBTITLES: Final = frozenset({"srt", "vtt"})
SHOWN: Final = 1024
"""Bytes of an answer that are kept to be shown when it cannot be read."""


class Listening:
    """Sends recordings to one endpoint of one server. See `Transcriptions`."""

    def __init__(self, client: Client, path: str) -> None:
        self._client = client
        self._path = path
        self._refused = RefusedParameters(OPTIONAL)

    async def whole(self, request: RecordingRequest, progress: Progress | None) -> Transcription:
        """Return all that was heard. Safe to cancel."""
        answer = await self._adapted(request, {}, progress, self._client.ask)
        reader = reader_of(request, answer)
        try:
            reader.feed(answer.body)
            reader.end()
        except TooLongError as error:
            raise self._client.broken(str(error), answer) from None
        return self._heard(reader, answer, answer.body)

    @contextlib.asynccontextmanager
    async def stream(
        self, request: RecordingRequest, progress: Progress | None
    ) -> AsyncIterator[AsyncIterator[TranscriptDelta]]:
        """Yield what was heard as it comes. Safe to cancel; leaving early closes the connection."""
        async with contextlib.AsyncExitStack() as stack:

            async def attempt(sent: Request) -> OpenAnswer:
                return await stack.enter_async_context(self._client.stream(sent))

            answer = await self._adapted(request, {"stream": "true"}, progress, attempt)
            yield self._deltas(answer, reader_of(request, answer))

    async def _deltas(self, answer: OpenAnswer, reader: TranscriptReader) -> AsyncIterator[TranscriptDelta]:
        head, more = b"", True
        while more:
            if reader.ended:
                await answer.finish()
            chunk = None if reader.ended else await answer.chunk()
            more = chunk is not None
            head += (chunk or b"")[: SHOWN - len(head)]
            try:
                news = reader.end() if chunk is None else reader.feed(chunk)
            except TooLongError as error:
                raise self._client.broken(str(error), answer) from None
            for delta in news:
                yield delta
            self._client.check(reader.complaint, answer)
        yield Transcribed(self._heard(reader, answer, head))

    def _heard(self, reader: TranscriptReader, answer: Answer | OpenAnswer, head: bytes) -> Transcription:
        """Return what was heard; raise for an answer that does not tell."""
        self._client.check(reader.complaint, answer)
        if reader.transcription is None:
            raise self._client.broken("nothing of what was heard", answer, head)
        return reader.transcription.model_copy(update={"request_id": answer.request_id})

    async def _adapted(
        self,
        request: RecordingRequest,
        more: Mapping[str, str],
        progress: Progress | None,
        attempt: Callable[[Request], Awaitable[T]],
    ) -> T:
        """Attempt with what the model takes. Subtitles are never given up: without them it would be another question.

        What is refused is remembered for a model and a format, since models that refuse one format take another.
        """
        fields, asked = {**request.fields(), **more}, request.response_format
        kept = {"response_format": fields.pop("response_format")} if asked in SUBTITLES else {}

        def post(taken: dict[str, Any]) -> Awaitable[T]:
            form = write_form({**taken, **kept}, {"file": request.upload})
            headers = {"Content-Type": form.content_type}
            sent = Request("POST", self._path, form.body, headers, repeat=Repeat.SAFE, progress=progress)
            return attempt(sent)

        who = f"{request.model} ({asked})" if asked else request.model
        return await adapted(self._refused, who, fields, post)


def reader_of(request: RecordingRequest, answer: Answer | OpenAnswer) -> TranscriptReader:
    """Return who reads the answer to a request."""
    return TranscriptReader(request.response_format or "json", answer.headers.get("content-type", ""))
