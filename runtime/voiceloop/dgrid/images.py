"""Pictures: `POST /v1/images/generations` and `/v1/images/edits`, in OpenAI's form and in Qwen's, and through chat.

Requests and answers are as DGrid documents them, unless their fields say more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec

from voiceloop.dgrid.adapting import adapted
from voiceloop.dgrid.chat_reading import usage, words
from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.client import Client, JsonAnswer, Request
from voiceloop.dgrid.image_answer import Drawing, DrawnPicture, read_drawing
from voiceloop.dgrid.image_request import ImageEdit, ImageRequest, QwenRequest
from voiceloop.dgrid.multipart import write_form
from voiceloop.dgrid.picture_files import pictures_in, without_pictures
from voiceloop.dgrid.refused_parameters import RefusedParameters
from voiceloop.dgrid.retries import Repeat
from voiceloop.wire.lenient import child, listing

__all__ = ["Images"]

GENERATIONS: Final = "/v1/images/generations"
EDITS: Final = "/v1/images/edits"
CHAT: Final = "/v1/chat/completions"
LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer: ten pictures of 4 MB in base64."""
NO_PICTURE: Final = "an answer without a picture"
OPTIONAL: Final = (
    *("response_format", "quality", "style", "user", "background", "output_format", "output_compression"),
    *("moderation", "input_fidelity"),
)
"""What may be left out: a picture of the same thing and size is drawn all the same."""


class Images:
    """Asks the drawing models of one server.

    A parameter that a model refuses, such as `response_format`, is left out from then on and the picture asked for
    again. All methods raise RequestRefusedError and RequestFailedError, also for an answer without a picture. Pictures
    are dear: one is asked for again only while it was surely not begun. Large ones take a minute or two without a sign
    of life: give the client `Timeouts(silence_s=180)`. Addresses are not fetched, since the key must not go there.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._refused = RefusedParameters(OPTIONAL)

    async def draw(self, request: ImageRequest | QwenRequest) -> Drawing:
        """Return new pictures. Safe to cancel, though what was begun may be billed."""
        return await self._posted(GENERATIONS, request)

    async def edit(self, request: ImageEdit | QwenRequest) -> Drawing:
        """Return pictures made of others. Safe to cancel, though what was begun may be billed."""
        if isinstance(request, QwenRequest):
            return await self._posted(EDITS, request)

        def post(fields: dict[str, Any]) -> Awaitable[JsonAnswer]:
            form = write_form(fields, request.files())
            return self._asked(EDITS, form.body, form.content_type)

        return await self._adapted(request.model, request.fields(), post)

    async def draw_in_chat(self, request: ChatRequest, modalities: Sequence[str] = ()) -> Drawing:
        """Return the pictures that a chat model draws, and what it says. Safe to cancel, though it may be billed.

        There is none where it only says something, such as why it will not draw.
        Some gateways want `modalities` such as `("text", "image")`; DGrid documents none.
        """
        body = request.to_json() | ({"modalities": list(modalities)} if modalities else {})
        answer = await self._asked(CHAT, msgspec.json.encode(body))
        choices = [choice for choice in listing(answer.raw, "choices") if isinstance(choice, dict)]
        messages = [child(choice, "message") for choice in choices]
        pictures = tuple(DrawnPicture(picture=picture) for message in messages for picture in pictures_in(message))
        said = "\n".join(filter(None, (without_pictures(words(message.get("content"))) for message in messages)))
        if not pictures and not said:
            raise self._client.broken(NO_PICTURE, answer)
        tokens = child(answer.raw, "usage")
        told = usage(tokens) if tokens else None
        return Drawing(pictures=pictures, text=said, usage=told, request_id=answer.request_id)

    async def _posted(self, path: str, request: ImageRequest | QwenRequest) -> Drawing:
        def post(body: dict[str, Any]) -> Awaitable[JsonAnswer]:
            return self._asked(path, msgspec.json.encode(body))

        return await self._adapted(request.model, request.to_json(), post)

    async def _adapted(
        self, model: str | None, asked: dict[str, Any], post: Callable[[dict[str, Any]], Awaitable[JsonAnswer]]
    ) -> Drawing:
        answer = await adapted(self._refused, model or "", asked, post)
        drawing = read_drawing(answer.raw, answer.request_id)
        if drawing is None:
            raise self._client.broken(NO_PICTURE, answer)
        return drawing

    async def _asked(self, path: str, body: bytes, content_type: str = "application/json") -> JsonAnswer:
        headers = {"Content-Type": content_type}
        return await self._client.ask_json(
            Request("POST", path, body, headers, repeat=Repeat.HARMFUL, largest_bytes=LARGEST)
        )
