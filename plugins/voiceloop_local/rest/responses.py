"""`POST /v1/responses`: the brain of this machine in OpenAI's newer dialect. Nothing is stored."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from voiceloop_local.rest.bodies import json_body
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.inner_serving import answer, now_s, random_id
from voiceloop_local.rest.responses_answer import ResponsesWriter
from voiceloop_local.rest.responses_request import ask_of, echo_of

__all__ = ["routes"]


def routes(desk: Desk) -> list[Route]:
    """Return the endpoint."""

    async def responses(request: Request) -> Response:
        body = await json_body(request)
        ask = ask_of(body)
        return await answer(desk, ask, ResponsesWriter(random_id("resp_"), now_s(), ask.model, echo_of(body)))

    return [Route("/v1/responses", responses, methods=["POST"])]
