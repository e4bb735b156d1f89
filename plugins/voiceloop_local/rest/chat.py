"""`POST /v1/chat/completions`: the brain of this machine in OpenAI's older dialect."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from voiceloop_local.rest.bodies import json_body
from voiceloop_local.rest.chat_answer import ChatWriter
from voiceloop_local.rest.chat_request import ask_of, wants_usage
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.inner_serving import answer, now_s, random_id

__all__ = ["routes"]


def routes(desk: Desk) -> list[Route]:
    """Return the endpoint."""

    async def completions(request: Request) -> Response:
        body = await json_body(request)
        ask = ask_of(body)
        writer = ChatWriter(random_id("chatcmpl-"), now_s(), ask.model, counts=wants_usage(body))
        return await answer(desk, ask, writer)

    return [Route("/v1/chat/completions", completions, methods=["POST"])]
