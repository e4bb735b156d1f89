"""`POST /v1/messages`: the brain of this machine in Claude's dialect."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from voiceloop_local.rest.bodies import json_body
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.inner_serving import answer, random_id
from voiceloop_local.rest.messages_answer import PATH, MessagesWriter
from voiceloop_local.rest.messages_request import ask_of

__all__ = ["routes"]


def routes(desk: Desk) -> list[Route]:
    """Return the endpoint."""

    async def messages(request: Request) -> Response:
        ask = ask_of(await json_body(request))
        return await answer(desk, ask, MessagesWriter(random_id("msg_"), ask.model))

    return [Route(PATH, messages, methods=["POST"])]
