"""`POST /v1/audio/transcriptions`: recordings written down by the recogniser of this machine.

Documented by DGrid: `file`, `model`, `language`, `prompt`, `response_format` json, text, srt, verbose_json or vtt,
`temperature`. Upstream: `stream`, `timestamp_granularities`, `diarized_json`; what else upstream has is not looked at.
`prompt` is taken as a list of words to expect. `temperature` is checked and changes nothing: recognition is greedy.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from voiceloop.languages.shelf import AUTO, language_for
from voiceloop_local.rest.captions import (
    Recognition,
    Segment,
    in_json,
    in_srt,
    in_verbose_json,
    in_vtt,
    token_usage,
)
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.errors import error_body
from voiceloop_local.rest.listening import Recording, language_in, open_recording, segments
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.streaming import EVENTS, Streamed, event
from voiceloop_local.rest.uploads import Form, read_form
from voiceloop_local.rest.working import told_as_problems
from voiceloop_local.seams import Transcriber

__all__ = ["FORMATS", "Wish", "routes", "wish_of", "written"]

PATH: Final = "/v1/audio/transcriptions"
FORMATS: Final = ("json", "text", "srt", "verbose_json", "vtt")
_WORD: Final = re.compile(r"\s*\S+")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a form asks for, apart from its file."""

    language: str
    """A tag, or `auto`."""
    vocabulary: Sequence[str]
    response_format: str
    stream: bool


def routes(desk: Desk) -> list[Route]:
    """Return the endpoint."""

    async def transcriptions(request: Request) -> Response:
        form = await read_form(request)
        wish = wish_of(form, desk.language)
        [*_, data] = form.uploaded("file")
        recording = await open_recording(data)
        ears = desk.models().transcriber
        language = await language_in(ears, recording) if wish.language == AUTO else wish.language
        found = _transcribed(ears, recording, language, wish.vocabulary)
        if wish.stream:
            return Streamed(_events(found, language, recording), EVENTS)
        heard = [segment async for segment in found]
        return written(Recognition("transcribe", language, recording.duration_ms, heard), wish.response_format)

    return [Route(PATH, transcriptions, methods=["POST"])]


def wish_of(form: Form, default_language: str) -> Wish:
    """Read a form. Raises ApiProblem that names the field which cannot be used."""
    form.required("model")
    language = form.text("language") or default_language
    if language != AUTO:
        with told_as_problems():
            language_for(language)
    check_temperature(form)
    chosen = response_format(form)
    if "word" in form.all("timestamp_granularities"):
        message = "The recogniser on this machine knows no times of single words: ask for 'segment'."
        raise ApiProblem(400, message, "unsupported_value", "timestamp_granularities")
    stream = form.text("stream").lower() in ("true", "1")
    if stream and chosen != "json":
        raise ApiProblem(400, "Only 'json' can be streamed.", "unsupported_value", "response_format")
    vocabulary = tuple(word for part in form.text("prompt").split(",") if (word := part.strip()))
    return Wish(language, vocabulary, chosen, stream)


def response_format(form: Form) -> str:
    """Return the format that is asked for. Raises ApiProblem for one that does not exist here."""
    chosen = form.text("response_format") or "json"
    if chosen == "diarized_json":
        message = "The recogniser on this machine does not tell speakers apart: ask for 'verbose_json'."
        raise ApiProblem(400, message, "unsupported_value", "response_format")
    if chosen not in FORMATS:
        message = f"Unknown response_format '{chosen}': use one of {', '.join(FORMATS)}."
        raise ApiProblem(400, message, "invalid_value", "response_format")
    return chosen


def check_temperature(form: Form) -> None:
    """Raise ApiProblem for a temperature that is no number from 0 to 1."""
    try:
        fits = 0 <= float(form.text("temperature") or 0) <= 1
    except ValueError:
        fits = False
    if not fits:
        raise ApiProblem(400, "The temperature is a number from 0 to 1.", "invalid_value", "temperature")


def written(heard: Recognition, chosen: str) -> Response:
    """Return the answer in one of `FORMATS`."""
    match chosen:
        case "json":
            return JSONResponse(in_json(heard))
        case "verbose_json":
            return JSONResponse(in_verbose_json(heard))
        case "srt":
            return PlainTextResponse(in_srt(heard))
        case "vtt":
            return PlainTextResponse(in_vtt(heard))
        case _:
            return PlainTextResponse(f"{heard.text}\n")


def _transcribed(
    ears: Transcriber, recording: Recording, language: str, vocabulary: Sequence[str]
) -> AsyncGenerator[Segment, None]:
    return segments(recording, partial(ears.transcribe, language=language, vocabulary=vocabulary))


async def _events(
    found: AsyncGenerator[Segment, None], language: str, recording: Recording
) -> AsyncGenerator[bytes, None]:
    """Yield the words of each stretch as soon as it is recognised, then all of it."""
    heard: list[Segment] = []
    try:
        async with aclosing(found):
            async for segment in found:
                text = f" {segment.text}" if heard else segment.text
                heard.append(segment)
                for word in _WORD.findall(text):
                    yield event({"type": "transcript.text.delta", "delta": word})
    except ApiProblem as problem:  # the status is out already
        yield event(error_body(PATH, problem.status, problem.message, problem.code, problem.param))
        return
    whole = Recognition("transcribe", language, recording.duration_ms, heard)
    yield event({"type": "transcript.text.done", "text": whole.text, "usage": token_usage(whole)})
