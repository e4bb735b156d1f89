"""`POST /v1/embeddings` and the older `POST /v1/engines/{engine}/embeddings`: hashed words, see `hashing`.

Documented by DGrid: `input`, `model`, `encoding_format`, `dimensions`. Upstream: arrays of tokens, taken as words here.
The answer names the embedder that was really used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from voiceloop_local.realtime.usage import text_tokens
from voiceloop_local.rest import wanted
from voiceloop_local.rest.bodies import json_body
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.hashing import DIMENSIONS, EMBEDDER, MOST_DIMENSIONS, embedding, packed
from voiceloop_local.rest.problems import ApiProblem

__all__ = ["EmbeddingWish", "embedded", "routes", "wish_of"]

MOST_INPUTS: Final = 2048
LONGEST: Final = 32_768
"""Characters of one text: upstream's 8,192 tokens. Hashing them takes some 40 ms."""
MOST_CHARACTERS: Final = 1_200_000
"""Of all texts: upstream's 300,000 tokens."""


@dataclass(frozen=True, slots=True)
class EmbeddingWish:
    """What a request asks for."""

    texts: Sequence[str]
    encoding: str
    """`float` or `base64`."""
    dimensions: int


def routes(_desk: Desk) -> list[Route]:
    """Return both endpoints."""

    async def embeddings(request: Request) -> JSONResponse:
        body = await json_body(request)
        wish = wish_of(body | {"model": body.get("model") or request.path_params.get("engine")})
        return JSONResponse(await asyncio.to_thread(embedded, wish))  # a large text keeps the loop for long

    return [
        Route("/v1/embeddings", embeddings, methods=["POST"]),
        Route("/v1/engines/{engine}/embeddings", embeddings, methods=["POST"]),
    ]


def wish_of(body: Mapping[str, Any]) -> EmbeddingWish:
    """Read a request. Raises ApiProblem that names the field which cannot be used."""
    wanted.text(body, "model")
    texts = _texts(body.get("input"))
    encoding = wanted.one_of(body, "encoding_format", ("float", "base64"))
    return EmbeddingWish(texts, encoding, wanted.whole(body, "dimensions", DIMENSIONS, MOST_DIMENSIONS))


def embedded(wish: EmbeddingWish) -> dict[str, Any]:
    """Return the answer; some milliseconds for each thousand words."""
    vectors = [embedding(text, wish.dimensions) for text in wish.texts]
    data = [
        {"object": "embedding", "index": n, "embedding": packed(vector) if wish.encoding == "base64" else vector}
        for n, vector in enumerate(vectors)
    ]
    tokens = sum(map(text_tokens, wish.texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": EMBEDDER, "usage": usage}


def _texts(given: Any) -> list[str]:  # noqa: ANN401 - any JSON
    if given is None:
        raise wanted.missing("input")
    parts = given if isinstance(given, list) and not _is_tokens(given) else [given]
    texts = [" ".join(map(str, part)) if _is_tokens(part) else part for part in parts]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        message = "The input must be a text that is not empty, tokens, or a list of these."
        raise ApiProblem(400, message, "invalid_value", "input")
    if len(texts) > MOST_INPUTS:
        raise ApiProblem(400, f"At most {MOST_INPUTS} inputs are taken at once.", "invalid_value", "input")
    if max(map(len, texts)) > LONGEST or sum(map(len, texts)) > MOST_CHARACTERS:
        message = f"A text has at most {LONGEST} characters, all together {MOST_CHARACTERS}: cut them into parts."
        raise ApiProblem(400, message, "string_above_max_length", "input")
    return texts


def _is_tokens(part: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(part, list) and bool(part) and all(isinstance(token, int) for token in part)
