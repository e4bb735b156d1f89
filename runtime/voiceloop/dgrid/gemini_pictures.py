"""Pictures drawn by a Gemini model: `POST /v1/models/{model}:generateContent` with `responseModalities` of `IMAGE`.

Request and answer are as DGrid documents them; pictures to draw on are Google's.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Final, Literal

import msgspec
from pydantic import Field

from voiceloop.dgrid.chat_answer import Stop
from voiceloop.dgrid.client import Client, Request
from voiceloop.dgrid.dialects.gemini_json import camel, first_candidate, parts_of, path, stop_of, usage, why_blocked
from voiceloop.dgrid.failures import Failure, Kind
from voiceloop.dgrid.image_answer import Drawing, DrawnPicture
from voiceloop.dgrid.picture_files import PictureFile, picture_of
from voiceloop.dgrid.retries import Repeat
from voiceloop.dgrid.shape import RequestShape
from voiceloop.wire.lenient import text

__all__ = ["GeminiPictureRequest", "draw_content"]

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer: ten pictures of 4 MB in base64."""


class GeminiPictureRequest(RequestShape):
    """A picture to draw. What is None is not sent, and the server's default counts."""

    model: str = Field(min_length=1)
    """Sent as it is; ids are opaque."""
    prompt: str = Field(min_length=1)
    pictures: tuple[PictureFile, ...] = ()
    """To draw on, or to be like."""
    aspect_ratio: str | None = None
    """Such as `16:9`."""
    image_size: str | None = None
    """DGrid's sample is `1024x1024`; Google's own values are like `1K`."""
    modalities: tuple[Literal["TEXT", "IMAGE"], ...] = ("TEXT", "IMAGE")
    """Models that draw well also speak, and many refuse `IMAGE` alone; others refuse `TEXT`."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send."""
        shown = [
            {"inlineData": {"mimeType": one.media_type, "data": b64encode(one.data).decode()}} for one in self.pictures
        ]
        image = {"aspectRatio": self.aspect_ratio, "imageSize": self.image_size}
        kept = {name: value for name, value in image.items() if value is not None}
        config: dict[str, Any] = {"responseModalities": list(self.modalities)}
        return {
            "contents": [{"role": "user", "parts": [*shown, {"text": self.prompt}]}],
            "generationConfig": config | ({"imageConfig": kept} if kept else {}),
        }


async def draw_content(client: Client, request: GeminiPictureRequest) -> Drawing:
    """Return the pictures that a model draws, and what it says. Safe to cancel, though what was begun may be billed.

    There is none where it only says something, such as why it will not draw. Pictures are dear: one is asked for again
    only while it was surely not begun. Raises RequestRefusedError, also where a filter took it, and RequestFailedError.
    """
    where, body = path(request.model, "generateContent"), msgspec.json.encode(request.to_json())
    answer = await client.ask_json(Request("POST", where, body, repeat=Repeat.HARMFUL, largest_bytes=LARGEST))
    raw = camel(answer.raw)
    candidate = first_candidate(raw)
    parts = [part for part in parts_of(candidate) if part.get("thought") is not True]
    pictures = tuple(DrawnPicture(picture=found) for part in parts if (found := picture_of(part)))
    said = "".join(text(part, "text") for part in parts).strip()
    if not pictures and not said:
        reason = why_blocked(raw) or text(candidate, "finishReason")
        blocked = why_blocked(raw) or stop_of(candidate) is Stop.FILTERED
        words = "an answer without a picture" + (f": {reason}" if reason else "")
        kind = Kind.REFUSED if blocked else Kind.BROKEN
        raise client.error(Failure(kind, words, answer.status, request_id=answer.request_id))
    return Drawing(pictures=pictures, text=said, usage=usage(raw), request_id=answer.request_id)
