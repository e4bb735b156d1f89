"""`POST /v1/images/generations` and `/v1/images/edits`: placeholder pictures, see `placard`.

Documented by DGrid: `prompt`, `model`, `n`, `response_format` url or b64_json, `size`; edits as a form with `image`;
both also in Qwen's form, JSON with `input.messages`, where the way pictures are embedded is not documented: data URLs
are taken wherever they stand, and pictures are never fetched. Addresses are data URLs. `quality`, `style` and `mask`
change nothing.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from voiceloop.errors import UsageError
from voiceloop_local.realtime.usage import text_tokens
from voiceloop_local.rest import wanted
from voiceloop_local.rest.bodies import json_body
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.placard import LARGEST_PIXELS, SMALLEST_PIXELS, placard
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.uploads import Form, read_form

__all__ = ["PictureWish", "edit_of", "generation_of", "painted", "routes", "size_of"]

MOST: Final = 4
USUAL_PIXELS: Final = 1024
_SIZE: Final = re.compile(r"(\d{1,5})\s*[x*\u00d7]\s*(\d{1,5})")
_DATA_URL: Final = re.compile(r"data:image/[\w.+-]+;base64,([A-Za-z0-9+/=\s]+)")
_PIXELS_PER_TOKEN: Final = 1024


@dataclass(frozen=True, slots=True)
class PictureWish:
    """What a request asks for."""

    prompt: str
    width: int
    height: int
    """Pixels."""
    count: int = 1
    form: str = "url"
    """`url` or `b64_json`."""
    shown: bytes | None = None
    """The file of a picture to edit."""


def routes(_desk: Desk) -> list[Route]:
    """Return both endpoints."""

    async def generations(request: Request) -> JSONResponse:
        return await _answer(generation_of(await json_body(request)))

    async def edits(request: Request) -> JSONResponse:
        if request.headers.get("content-type", "").startswith("application/json"):
            body = await json_body(request)
            return await _answer(_qwen(body) if "input" in body else _edit_in_json(body))
        return await _answer(edit_of(await read_form(request)))

    return [
        Route("/v1/images/generations", generations, methods=["POST"]),
        Route("/v1/images/edits", edits, methods=["POST"]),
    ]


# Requests ------------------------------------------------------------------------------------------------------------


def generation_of(body: Mapping[str, Any]) -> PictureWish:
    """Read a request for new pictures, in either form. Raises ApiProblem that names the field."""
    if "input" in body:
        return _qwen(body)
    prompt = wanted.text(body, "prompt")
    if wanted.flag(body, "stream"):
        raise ApiProblem(400, "Pictures are not streamed here: leave 'stream' out.", "unsupported_value", "stream")
    model = body.get("model")
    usual = ("b64_json", "url") if isinstance(model, str) and "gpt-image" in model else ("url", "b64_json")
    form = wanted.one_of(body, "response_format", usual)
    return PictureWish(prompt, *size_of(body.get("size")), wanted.whole(body, "n", 1, MOST), form)


def edit_of(form: Form) -> PictureWish:
    """Read a form with a picture to edit; of several the first is shown. Raises ApiProblem that names the field."""
    fields: dict[str, Any] = {
        name: value for name in ("prompt", "model", "size", "response_format", "n") if (value := form.text(name))
    }
    if str(fields.get("n", "1")).isdecimal():
        fields["n"] = int(fields.get("n", 1))
    if form.text("stream").lower() in ("true", "1"):
        fields["stream"] = True
    wish = generation_of(fields)
    return _showing(wish, form.uploaded("image")[0])


def _edit_in_json(body: Mapping[str, Any]) -> PictureWish:
    """Read an edit whose pictures stand in JSON: as data URLs, or in objects that hold them."""
    shown = _picture_in(body.get("images") or body.get("image"))
    if shown is None:
        raise wanted.missing("image")
    return _showing(generation_of(body), shown)


def _qwen(body: Mapping[str, Any]) -> PictureWish:
    wanted.text(body, "model")
    given, parameters = body.get("input"), body.get("parameters")
    messages = given.get("messages") if isinstance(given, dict) else None
    users = [one for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []
    content = users[-1].get("content") if users else None
    parts = content if isinstance(content, list) else [{"text": content}]
    texts = [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
    prompt = _DATA_URL.sub("", "\n".join(texts)).strip()
    if not prompt:
        message = "The last of 'input.messages' must have a text as its content."
        raise ApiProblem(400, message, "invalid_value", "input.messages")
    size = parameters.get("size") if isinstance(parameters, dict) else None
    wish = PictureWish(prompt, *size_of(size or body.get("size")))
    shown = _picture_in(content)
    return wish if shown is None else _showing(wish, shown)


def size_of(size: Any) -> tuple[int, int]:  # noqa: ANN401 - any JSON
    """Return width and height in pixels of a size such as `512x512`, within bounds. Raises ApiProblem."""
    if size in (None, "", "auto"):
        return USUAL_PIXELS, USUAL_PIXELS
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    sides = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(SMALLEST_PIXELS <= side <= LARGEST_PIXELS for side in sides):
        message = f"The size is written 1024x1024, each side {SMALLEST_PIXELS} to {LARGEST_PIXELS} pixels."
        raise ApiProblem(400, message, "invalid_value", "size")
    return sides


def _picture_in(given: Any, depth: int = 6) -> bytes | None:  # noqa: ANN401 - any JSON
    """Return the first picture that stands as a data URL anywhere in `given`, so many levels deep."""
    if isinstance(given, str) and (found := _DATA_URL.search(given)):
        try:
            return base64.b64decode(found[1])
        except binascii.Error as error:
            raise ApiProblem(400, "The picture's base64 cannot be read.", "invalid_value", "image") from error
    inside: Sequence[Any] = ()
    if not depth:
        return None
    if isinstance(given, dict):
        inside = list(given.values())
    elif isinstance(given, list):
        inside = given
    return next((shown for one in inside if (shown := _picture_in(one, depth - 1)) is not None), None)


def _showing(wish: PictureWish, shown: bytes) -> PictureWish:
    return PictureWish(wish.prompt, wish.width, wish.height, wish.count, wish.form, shown)


# Answers -------------------------------------------------------------------------------------------------------------


def painted(wish: PictureWish) -> list[bytes]:
    """Return the pictures as PNG. Blocks for some 10 ms each. Raises ApiProblem for a picture that cannot be read."""
    try:
        return [placard(wish.prompt, wish.width, wish.height, n, wish.shown) for n in range(1, wish.count + 1)]
    except UsageError as error:
        raise ApiProblem(400, str(error), "invalid_value", "image") from error


async def _answer(wish: PictureWish) -> JSONResponse:
    pictures = [base64.b64encode(one).decode() for one in await asyncio.to_thread(painted, wish)]
    told = f"A placeholder, made without a model, for: {wish.prompt}"
    data = [
        {"revised_prompt": told, **({"b64_json": one} if wish.form == "b64_json" else {"url": _data_url(one)})}
        for one in pictures
    ]
    read, shown = text_tokens(wish.prompt), 0 if wish.shown is None else _PIXELS_PER_TOKEN
    made = len(pictures) * -(-wish.width * wish.height // _PIXELS_PER_TOKEN)
    usage = {
        "input_tokens": read + shown,
        "output_tokens": made,
        "total_tokens": read + shown + made,
        "input_tokens_details": {"text_tokens": read, "image_tokens": shown},
    }
    return JSONResponse({"created": round(datetime.now(UTC).timestamp()), "data": data, "usage": usage})


def _data_url(encoded: str) -> str:
    return f"data:image/png;base64,{encoded}"
