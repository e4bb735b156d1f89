"""What Gemini's models do besides conversing: embeddings, and answers in speech or as a picture.

`:embedContent` is listed by DGrid without a schema, `:batchEmbedContents` not at all: both are upstream's. Speech and
pictures are asked for with `responseModalities` in `:generateContent`, whose route calls the functions here. Names are
taken in camel case and in snake case.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from voiceloop_local.realtime.usage import ASSISTANT_AUDIO_MS_PER_TOKEN, text_tokens
from voiceloop_local.rest.bodies import json_body
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.hashing import DIMENSIONS, MOST_DIMENSIONS, embedding
from voiceloop_local.rest.images import USUAL_PIXELS, PictureWish, painted, size_of
from voiceloop_local.rest.placard import PAINTER, SMALLEST_PIXELS
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.speech import spoken
from voiceloop_local.seams import SPEECH_RATE_HZ

__all__ = ["modalities", "picture_answer", "routes", "spoken_answer"]

Json = Mapping[str, Any]
MOST_REQUESTS: Final = 100
_SPEECH_TYPE: Final = f"audio/L16;codec=pcm;rate={SPEECH_RATE_HZ}"
_SIZES: Final = {"512": 512, "1K": 1024, "2K": 2048, "4K": 2048}
"""Pixels of the longer side; more than 2048 are not made."""
_RATIO: Final = re.compile(r"([1-9]\d{0,2}):([1-9]\d{0,2})")
_LONGEST_TEXT: Final = 32_768
_PIXELS_PER_TOKEN: Final = 1024


def routes(_desk: Desk) -> list[Route]:
    """Return the endpoints for embeddings, under Google's path and under DGrid's."""

    async def embed(request: Request) -> JSONResponse:
        return JSONResponse({"embedding": await asyncio.to_thread(_embedded, await json_body(request))})

    async def embed_batch(request: Request) -> JSONResponse:
        requests = (await json_body(request)).get("requests")
        if not isinstance(requests, list) or not requests or not all(isinstance(one, dict) for one in requests):
            raise ApiProblem(400, "'requests' must be a list of objects.", "invalid_value", "requests")
        if len(requests) > MOST_REQUESTS:
            raise ApiProblem(400, f"At most {MOST_REQUESTS} requests are taken at once.", "invalid_value", "requests")
        return JSONResponse({"embeddings": await asyncio.to_thread(lambda: [_embedded(one) for one in requests])})

    return [
        Route(f"/{version}/models/{{model:path}}:{verb}", endpoint, methods=["POST"])
        for version in ("v1beta", "v1")
        for verb, endpoint in (("embedContent", embed), ("batchEmbedContents", embed_batch))
    ]


def modalities(body: Json) -> Sequence[str]:
    """Return in capitals what a request wants the answer in; empty where it does not say."""
    given = _field(_object(body, "generationConfig"), "responseModalities")
    return [one.upper() for one in given if isinstance(one, str)] if isinstance(given, list) else []


async def spoken_answer(desk: Desk, body: Json) -> dict[str, Any]:
    """Return the answer to `:generateContent` that wants AUDIO: the last turn's text, spoken as it stands.

    Raises ApiProblem. Safe to cancel.
    """
    text = _text_of(_last_turn(body), "contents")
    config = _object(_object(body, "generationConfig"), "speechConfig")
    voice = _field(_object(_object(config, "voiceConfig"), "prebuiltVoiceConfig"), "voiceName")
    async with aclosing(
        spoken(desk.models().speaker, text, voice if isinstance(voice, str) else None, desk.language)
    ) as chunks:
        pcm = b"".join([chunk async for chunk in chunks])
    said = -(-len(pcm) * 500 // SPEECH_RATE_HZ // ASSISTANT_AUDIO_MS_PER_TOKEN)
    return _answer(_SPEECH_TYPE, pcm, "AUDIO", text_tokens(text), said)


def picture_answer(body: Json) -> dict[str, Any]:
    """Return the answer to `:generateContent` that wants IMAGE: a placeholder, showing a picture that was sent.

    Blocks for some 10 ms, more where a large picture was sent: call it in a thread. Raises ApiProblem.
    """
    turn = _last_turn(body)
    prompt = _text_of(turn, "contents")
    config = _object(_object(body, "generationConfig"), "imageConfig")
    width, height = _pixels(_field(config, "aspectRatio"), _field(config, "imageSize"))
    [picture] = painted(PictureWish(prompt, width, height, shown=_picture_of(turn)))
    made = -(-width * height // _PIXELS_PER_TOKEN)
    return _answer("image/png", picture, "IMAGE", text_tokens(prompt), made) | {"modelVersion": PAINTER}


def _answer(kind: str, data: bytes, modality: str, read: int, made: int) -> dict[str, Any]:
    inline = {"mimeType": kind, "data": base64.b64encode(data).decode()}
    content = {"role": "model", "parts": [{"inlineData": inline}]}
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {
            "promptTokenCount": read,
            "candidatesTokenCount": made,
            "totalTokenCount": read + made,
            "candidatesTokensDetails": [{"modality": modality, "tokenCount": made}],
        },
    }


def _embedded(request: Json) -> dict[str, Any]:
    text = _text_of(_object(request, "content"), "content")
    config = _object(request, "embedContentConfig")
    wanted = _field(request, "outputDimensionality") or _field(config, "outputDimensionality") or DIMENSIONS
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= MOST_DIMENSIONS:
        message = f"'outputDimensionality' must be a whole number from 1 to {MOST_DIMENSIONS}."
        raise ApiProblem(400, message, "invalid_value", "outputDimensionality")
    return {"values": embedding(text, wanted)}


# Fields --------------------------------------------------------------------------------------------------------------


def _field(body: Json, name: str) -> Any:  # noqa: ANN401 - any JSON
    """Return a field by its name in camel case, or in snake case."""
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return body[name] if name in body else body.get(snake)


def _object(body: Json, name: str) -> Json:
    found = _field(body, name)
    return found if isinstance(found, dict) else {}


def _last_turn(body: Json) -> Json:
    contents = body.get("contents")
    turns = contents if isinstance(contents, list) else [contents]
    asked = [turn for turn in turns if isinstance(turn, dict) and turn.get("role") != "model"]
    return asked[-1] if asked else {}


def _parts(content: Json) -> list[Json]:
    parts = content.get("parts")
    return [part for part in (parts if isinstance(parts, list) else [parts]) if isinstance(part, dict)]


def _text_of(content: Json, name: str) -> str:
    text = "\n".join(part["text"] for part in _parts(content) if isinstance(part.get("text"), str)).strip()
    if not text:
        raise ApiProblem(400, f"'{name}' must hold a part with a text.", "invalid_value", name)
    if len(text) > _LONGEST_TEXT:
        raise ApiProblem(400, f"'{name}' holds more than {_LONGEST_TEXT} characters.", "invalid_value", name)
    return text


def _picture_of(turn: Json) -> bytes | None:
    for part in _parts(turn):
        inline = _object(part, "inlineData")
        kind, data = _field(inline, "mimeType"), inline.get("data")
        if isinstance(kind, str) and kind.startswith("image/") and isinstance(data, str):
            try:
                return base64.b64decode(data)
            except binascii.Error as error:
                raise ApiProblem(400, "The picture's base64 cannot be read.", "invalid_value", "inlineData") from error
    return None


def _pixels(ratio: object, size: object) -> tuple[int, int]:
    """Return width and height: `imageSize` as 1024x1024 or 1K, its longer side shortened by `aspectRatio`."""
    if isinstance(size, str) and size.upper() not in _SIZES:
        return size_of(size)
    longer = _SIZES[size.upper()] if isinstance(size, str) else USUAL_PIXELS
    found = _RATIO.fullmatch(str(ratio or "1:1"))
    if found is None:
        raise ApiProblem(400, "The aspectRatio is written 16:9.", "invalid_value", "aspectRatio")
    across, down = int(found[1]), int(found[2])
    width, height = (max(SMALLEST_PIXELS, longer * side // max(across, down)) for side in (across, down))
    return width, height
