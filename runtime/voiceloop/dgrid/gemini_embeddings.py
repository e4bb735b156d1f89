"""Texts as vectors, as Gemini makes them: `POST /v1/models/{model}:embedContent` and `:batchEmbedContents`.

DGrid lists the first without a schema and is silent about the second: both are Google's.
"""

from __future__ import annotations

from array import array
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field

from voiceloop.dgrid.client import Client, Request
from voiceloop.dgrid.dialects.gemini_json import camel, objects, path, usage
from voiceloop.dgrid.embeddings import Embeddings, usable
from voiceloop.dgrid.retries import Repeat
from voiceloop.dgrid.shape import RequestShape
from voiceloop.wire.lenient import Json, text

__all__ = ["GeminiEmbeddingsRequest", "embed_content", "read_values"]

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer: a hundred vectors of 3072 numbers are 7 MB of digits."""


class GeminiEmbeddingsRequest(RequestShape):
    """Texts to turn into vectors. What is None is not sent, and the server's default counts."""

    model: str = Field(min_length=1)
    """Sent as it is; ids are opaque."""
    texts: Annotated[tuple[str, ...], Field(min_length=1)]
    """One is asked for by itself, several at once; Google takes a hundred."""
    task_type: str | None = None
    """What they are for, such as `RETRIEVAL_QUERY` or `RETRIEVAL_DOCUMENT`."""
    title: str | None = None
    """Of the document they are from; for `RETRIEVAL_DOCUMENT`."""
    dimensions: int | None = Field(default=None, ge=1)
    """How long the vectors are to be. Google leaves shortened ones at the length they have: norm them for distances."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send."""
        told = {"taskType": self.task_type, "title": self.title, "outputDimensionality": self.dimensions}
        kept = {name: value for name, value in told.items() if value is not None}
        contents = [{"content": {"parts": [{"text": one}]}, **kept} for one in self.texts]
        if len(contents) == 1:
            return contents[0]
        return {"requests": [{"model": f"models/{self.model}", **one} for one in contents]}


async def embed_content(client: Client, request: GeminiEmbeddingsRequest) -> Embeddings:
    """Return the vectors of texts. Safe to cancel; asked again when the connection breaks, tokens may be billed twice.

    Raises RequestRefusedError and RequestFailedError, also for an answer without a readable vector for each text.
    """
    where = path(request.model, "embedContent" if len(request.texts) == 1 else "batchEmbedContents")
    body = msgspec.json.encode(request.to_json())
    answer = await client.ask_json(Request("POST", where, body, repeat=Repeat.SAFE, largest_bytes=LARGEST))
    vectors = read_values(answer.raw, len(request.texts))
    if isinstance(vectors, str):
        raise client.broken(vectors, answer)
    raw = camel(answer.raw)
    return Embeddings(vectors, text(raw, "modelVersion"), usage(raw), answer.request_id)


def read_values(raw: Json, count: int) -> tuple[array[float], ...] | str:
    """Return an answer's `count` vectors; what is wrong with them where there are none to rely on.

    One may come alone or in a list, whatever was asked for.
    """
    entries = [camel(raw["embedding"])] if isinstance(raw.get("embedding"), dict) else list(objects(raw, "embeddings"))
    if len(entries) != count:
        return f"{len(entries)} vectors for {count} texts"
    return usable([entry.get("values") for entry in entries])
