"""`POST .../models/MODEL:generateContent` and `:streamGenerateContent`: the brain of this machine in Gemini's dialect.

Documented by DGrid: `/v1/models/...:generateContent`. Upstream: `/v1beta/`, and streaming, as server-sent events with
`?alt=sse` and else as one JSON array that grows. Answers in speech or as a picture come whole, in one event.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from voiceloop_local.rest.bodies import json_body
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.gemini_chat_answer import ArrayWriter, GeminiWriter
from voiceloop_local.rest.gemini_chat_request import ask_of
from voiceloop_local.rest.gemini_extras import modalities, picture_answer, spoken_answer
from voiceloop_local.rest.inner_serving import answer, random_id
from voiceloop_local.rest.streaming import Streamed

__all__ = ["routes"]


def routes(desk: Desk) -> list[Route]:
    """Return the endpoints, under Google's path and under DGrid's."""

    async def generate(request: Request) -> Response:
        return await _generated(desk, request, streamed=False)

    async def stream(request: Request) -> Response:
        return await _generated(desk, request, streamed=True)

    return [
        Route(f"/{version}/models/{{model:path}}:{verb}", endpoint, methods=["POST"])
        for version in ("v1beta", "v1")
        for verb, endpoint in (("generateContent", generate), ("streamGenerateContent", stream))
    ]


async def _generated(desk: Desk, request: Request, *, streamed: bool) -> Response:
    body = await json_body(request)
    model = request.path_params["model"]
    in_events = request.query_params.get("alt") == "sse"
    writer = (GeminiWriter if in_events else ArrayWriter)(random_id(""), model)
    wanted = modalities(body)
    if "AUDIO" in wanted:
        made = await spoken_answer(desk, body)
    elif "IMAGE" in wanted:
        made = await asyncio.to_thread(picture_answer, body)
    else:
        return await answer(desk, ask_of(model, body, streamed=streamed), writer)
    return Streamed(_one(made, writer), writer.media_type) if streamed else JSONResponse(made)


async def _one(made: dict[str, Any], writer: GeminiWriter) -> AsyncGenerator[bytes, None]:
    yield writer.frame(made) + writer.last
