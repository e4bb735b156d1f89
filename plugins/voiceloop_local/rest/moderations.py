"""`POST /v1/moderations`: texts judged by a few rules, see `rules`.

Documented by DGrid: `input`, `model`. Upstream: input as parts of text and pictures; pictures are not judged here. The
answer names the rules as its model, whatever was asked for.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from voiceloop_local.rest import wanted
from voiceloop_local.rest.bodies import json_body
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.rules import MODERATOR, scores

__all__ = ["routes", "texts_of", "verdict"]

MOST_CHARACTERS: Final = 100_000
"""Of all texts; the rules take some 50 ms for them, and hold up everything else meanwhile."""
_FLAGGED_FROM: Final = 0.5


def routes(_desk: Desk) -> list[Route]:
    """Return the endpoint."""

    async def moderations(request: Request) -> JSONResponse:
        texts = texts_of(await json_body(request))
        results = await asyncio.to_thread(lambda: [verdict(text) for text in texts])
        return JSONResponse({"id": f"modr-{secrets.token_hex(12)}", "model": MODERATOR, "results": results})

    return [Route("/v1/moderations", moderations, methods=["POST"])]


def texts_of(body: Mapping[str, Any]) -> Sequence[str]:
    """Return what is to be judged, each for itself; parts belong together. Raises ApiProblem."""
    given = body.get("input")
    if given is None:
        raise wanted.missing("input")
    texts = given if isinstance(given, list) else [given]
    if texts and isinstance(given, list) and all(isinstance(part, dict) for part in texts):
        texts = [_joined(texts)]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ApiProblem(400, "The input must be a text, a list of texts, or parts.", "invalid_value", "input")
    if sum(map(len, texts)) > MOST_CHARACTERS:
        message = f"At most {MOST_CHARACTERS} characters are judged at once: send them in parts."
        raise ApiProblem(400, message, "string_above_max_length", "input")
    return texts


def verdict(text: str) -> dict[str, Any]:
    """Return one result."""
    found = scores(text)
    categories = {category: score >= _FLAGGED_FROM for category, score in found.items()}
    return {
        "flagged": any(categories.values()),
        "categories": categories,
        "category_scores": found,
        "category_applied_input_types": {category: ["text"] for category in found},
    }


def _joined(parts: Sequence[Mapping[str, Any]]) -> str:
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
    if not texts:
        message = "The rules on this machine judge texts only: send a part of the type 'text'."
        raise ApiProblem(400, message, "unsupported_value", "input")
    return "\n".join(texts)
