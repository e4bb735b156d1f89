"""`POST /v1/audio/speech`: texts spoken by the voice of this machine.

Documented by DGrid: `model`, `input`, `voice`, `response_format` (no values listed), `speed`. Upstream: the values,
`stream_format`, `instructions`. There is one voice for each language here, whatever `voice` names, at its own pace:
`speed` is checked, and like `instructions` named in the header `X-Voiceloop-Ignored` where it would change something.
PCM and WAV go out while they are spoken; compressed audio goes out whole, as it is packed by ffmpeg in one go.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from voiceloop.clips import COMPRESSED, compress, wav_header
from voiceloop.errors import UsageError
from voiceloop.languages.guess import LanguageGuess, language_of_text
from voiceloop.languages.shelf import AUTO
from voiceloop_local.realtime.shared import within
from voiceloop_local.realtime.usage import ASSISTANT_AUDIO_MS_PER_TOKEN, text_tokens
from voiceloop_local.rest import wanted
from voiceloop_local.rest.bodies import json_body
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.errors import error_body
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.streaming import EVENTS, Streamed, event
from voiceloop_local.rest.working import told_as_problems
from voiceloop_local.seams import SPEECH_RATE_HZ, Speaker

__all__ = ["LONGEST", "SpeechWish", "routes", "spoken", "wish_of"]

PATH: Final = "/v1/audio/speech"
LONGEST: Final = 4096
"""Characters."""
SLOWEST, FASTEST = 0.25, 4.0
CHUNK_WITHIN_S: Final = 30.0
TYPES: Final = {
    "mp3": "audio/mpeg",
    "pcm": f"audio/pcm; rate={SPEECH_RATE_HZ}",
    "wav": "audio/wav",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
}
"""The first is what nobody has to ask for."""
_SILENCE: Final = bytes(SPEECH_RATE_HZ // 5 * 2)
"""200 ms, for a text with nothing in it that can be said."""
_EVENT_BYTES: Final = 24_000
"""Half a second of PCM, and a multiple of three: no padding within a speech."""
_UNKNOWN_LENGTH: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class SpeechWish:
    """What a request asks for."""

    text: str
    voice: str
    kind: str
    """A key of `TYPES`."""
    events: bool
    """The audio is wanted in server-sent events."""
    ignored: tuple[str, ...] = ()
    """Fields that would change something, and do not here."""


def routes(desk: Desk) -> list[Route]:
    """Return the endpoint."""

    async def speech(request: Request) -> Response:
        wish = wish_of(await json_body(request))
        response = await _answer(desk, wish)
        if wish.ignored:
            response.headers["X-Voiceloop-Ignored"] = ", ".join(wish.ignored)
        return response

    return [Route(PATH, speech, methods=["POST"])]


def wish_of(body: Mapping[str, Any]) -> SpeechWish:
    """Read a request. Raises ApiProblem that names the field which cannot be used."""
    wanted.text(body, "model")
    text = wanted.text(body, "input")
    if len(text) > LONGEST:
        message = f"The input has {len(text)} characters, at most {LONGEST} are spoken: cut it at a sentence end."
        raise ApiProblem(400, message, "string_above_max_length", "input")
    voice = body.get("voice")
    if isinstance(voice, dict):  # a voice of one's own has an id
        voice = voice.get("id")
    kind = wanted.one_of(body, "response_format", tuple(TYPES))
    delivery = wanted.one_of(body, "stream_format", ("audio", "sse"))
    speed = wanted.number(body, "speed", 1.0, SLOWEST, FASTEST)
    ignored = ("speed",) * (speed != 1.0) + ("instructions",) * bool(body.get("instructions"))
    return SpeechWish(text, wanted.text({"voice": voice}, "voice"), kind, delivery == "sse", ignored)


# Answers -------------------------------------------------------------------------------------------------------------


async def spoken(speaker: Speaker, text: str, voice: str | None, language: str) -> AsyncGenerator[bytes, None]:
    """Yield 16-bit mono PCM at `SPEECH_RATE_HZ` while it is spoken, never nothing at all.

    `language` is a tag, or `auto` to go by the text. Raises ApiProblem. Closing it ends the speech.
    """
    if language == AUTO:
        language = LanguageGuess().heard(*language_of_text(text)).language
    silent = True
    with told_as_problems():
        async with aclosing(within(speaker.speak(text, voice, language), CHUNK_WITHIN_S)) as chunks:
            async for chunk in chunks:
                silent = False
                yield chunk
    if silent:
        yield _SILENCE


async def _answer(desk: Desk, wish: SpeechWish) -> Response:
    chunks = spoken(desk.models().speaker, wish.text, wish.voice, desk.language)
    first = await anext(chunks)  # before the status is out: a voice that cannot speak is an error of the request
    if wish.kind in COMPRESSED:
        async with aclosing(chunks):
            pcm = first + b"".join([chunk async for chunk in chunks])
        packed = await _packed(pcm, wish.kind)
        if not wish.events:
            return Response(packed, media_type=TYPES[wish.kind])
        return Streamed(_events(_rest(packed), wish, len(pcm)), EVENTS)
    head = wav_header(SPEECH_RATE_HZ, 1, _UNKNOWN_LENGTH) if wish.kind == "wav" else b""
    if wish.events:
        return Streamed(_events(_rest(head + first, chunks), wish), EVENTS)
    return Streamed(_rest(head + first, chunks), TYPES[wish.kind])


async def _packed(pcm: bytes, kind: str) -> bytes:
    try:
        return await asyncio.to_thread(compress, pcm, SPEECH_RATE_HZ, kind)
    except UsageError as error:
        raise ApiProblem(400, str(error), "unsupported_value", "response_format") from error


async def _rest(first: bytes, chunks: AsyncGenerator[bytes, None] | None = None) -> AsyncGenerator[bytes, None]:
    yield first
    if chunks is not None:
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk


async def _events(
    audio: AsyncGenerator[bytes, None], wish: SpeechWish, pcm_bytes: int | None = None
) -> AsyncGenerator[bytes, None]:
    """Yield the audio in events. `pcm_bytes` is its length as PCM where `audio` is something else."""
    size = 0
    try:
        async with aclosing(audio):
            async for chunk in audio:
                size += len(chunk)
                for start in range(0, len(chunk), _EVENT_BYTES):
                    encoded = base64.b64encode(chunk[start : start + _EVENT_BYTES]).decode()
                    yield event({"type": "speech.audio.delta", "audio": encoded})
    except ApiProblem as problem:
        yield event(error_body(PATH, problem.status, problem.message, problem.code, problem.param))
        return
    read = text_tokens(wish.text)
    said = -(-(pcm_bytes or size) * 500 // SPEECH_RATE_HZ // ASSISTANT_AUDIO_MS_PER_TOKEN)
    usage = {"input_tokens": read, "output_tokens": said, "total_tokens": read + said}
    yield event({"type": "speech.audio.done", "usage": usage})
