"""`POST /v1/embeddings`: texts as vectors.

As DGrid documents it; base64 as little-endian float32, and texts as tokens, are upstream's.
"""

from __future__ import annotations

import math
import sys
from array import array
from binascii import a2b_base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import msgspec
from pydantic import Field

from voiceloop.dgrid.chat_reading import usage
from voiceloop.dgrid.client import Client, Request
from voiceloop.dgrid.retries import Repeat
from voiceloop.dgrid.shape import RequestShape
from voiceloop.vocabulary import Usage
from voiceloop.wire.lenient import Json, child, listing, number, text

__all__ = ["Embeddings", "EmbeddingsRequest", "embed", "read_vectors", "usable"]

PATH: Final = "/v1/embeddings"
LARGEST: Final = 256 * 1024 * 1024
"""Bytes of an answer: 2048 vectors of 4096 numbers are 100 MB of digits."""

Texts = Annotated[tuple[str, ...], Field(min_length=1)]
Tokens = Annotated[tuple[int, ...], Field(min_length=1)]


class EmbeddingsRequest(RequestShape):
    """Texts to turn into vectors. What is None is not sent, and the server's default counts."""

    model: str = Field(min_length=1)
    """Sent as it is; ids are opaque."""
    input: str | Texts | Tokens | Annotated[tuple[Tokens, ...], Field(min_length=1)]
    """One text, several, or either as tokens (upstream only)."""
    dimensions: int | None = Field(default=None, ge=1)
    """How long the vectors are to be. Some models ignore it: look at the answer's."""
    encoding_format: Literal["float", "base64"] | None = None
    """How they travel; base64 is a third of the bytes. The answer is the same."""
    user: str | None = None

    @property
    def count(self) -> int:
        """How many texts these are."""
        return 1 if isinstance(self.input, str) or isinstance(self.input[0], int) else len(self.input)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send."""
        return self.model_dump(mode="json", exclude_none=True)


@dataclass(frozen=True, slots=True)
class Embeddings:
    """One vector for each text, in the order of the texts, all of one length."""

    vectors: tuple[array[float], ...]
    """float32: `numpy.frombuffer(vector, "f4")` takes one without a copy."""
    model: str
    """Which model answered, in the server's words."""
    usage: Usage | None
    """None where the server said nothing."""
    request_id: str
    """What to quote to the server's owner."""

    @property
    def dimensions(self) -> int:
        """How long each vector is."""
        return len(self.vectors[0])


async def embed(client: Client, request: EmbeddingsRequest, *, engine: str | None = None) -> Embeddings:
    """Return the vectors of texts. Safe to cancel; asked again when the connection breaks, tokens may be billed twice.

    `engine` asks the legacy endpoint `/v1/engines/{engine}/embeddings`, which DGrid documents for one text. Raises
    RequestRefusedError and RequestFailedError, also for an answer that has not one readable vector for each text.
    """
    path = PATH if engine is None else f"/v1/engines/{quote(engine, safe='/:')}/embeddings"
    body = msgspec.json.encode(request.to_json())
    answer = await client.ask_json(Request("POST", path, body, repeat=Repeat.SAFE, largest_bytes=LARGEST))
    vectors = read_vectors(answer.raw, request.count)
    if isinstance(vectors, str):
        raise client.broken(vectors, answer)
    tokens = child(answer.raw, "usage")
    return Embeddings(vectors, text(answer.raw, "model"), usage(tokens) if tokens else None, answer.request_id)


def read_vectors(raw: Json, count: int) -> tuple[array[float], ...] | str:
    """Return an answer's `count` vectors by their `index`; what is wrong with them where there are none to rely on.

    Servers that number all alike, or not at all, are taken to keep the order of the texts.
    """
    entries = [entry for entry in listing(raw, "data") if isinstance(entry, dict)]
    if len(entries) != count:
        return f"{len(entries)} vectors for {count} texts"
    places = [number(entry, "index") for entry in entries]
    if set(places) == set(range(count)):
        entries = [entry for _, entry in sorted(zip(places, entries, strict=True), key=lambda pair: pair[0] or 0)]
    return usable([entry.get("embedding") for entry in entries])


def usable(told: Sequence[object]) -> tuple[array[float], ...] | str:
    """Return vectors of one length; what is wrong with them where they are none."""
    found = tuple(one for one in map(vector, told) if one is not None)
    if len(found) != len(told):
        return "a vector that cannot be read"
    if len({len(one) for one in found}) > 1:
        return "vectors of different lengths"
    return found


def vector(told: object) -> array[float] | None:
    """Return a vector from numbers or base64, whichever came; None for what is neither."""
    try:
        found = from_base64(told) if isinstance(told, str) else from_numbers(told)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found and all(map(math.isfinite, found)) else None


def from_base64(told: str) -> array[float]:
    """Return what stands in base64 of little-endian float32."""
    found = array("f")
    found.frombytes(a2b_base64(told, strict_mode=True))
    if sys.byteorder == "big":
        found.byteswap()
    return found


def from_numbers(told: object) -> array[float]:
    """Return what stands in a list of numbers."""
    numbers: Sequence[Any] = told if isinstance(told, list) else ()
    return array("f", numbers)
