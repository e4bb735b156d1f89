"""Asks the routes of one family in memory, with stand-ins for the models."""

from __future__ import annotations

import json

import httpx
from starlette.applications import Starlette
from starlette.responses import JSONResponse

from voiceloop_local.realtime.shared import Models
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.errors import error_body
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.scripted import ScriptedBrain


def desk_of(transcriber=None, speaker=None, brain=None, language="en"):
    return Desk(lambda: Models(transcriber, speaker, brain or ScriptedBrain()), language)


def asking(family, desk):
    """A client that can be used in `async with`; problems come in the family's words."""

    def told(request, problem):
        body = error_body(request.url.path, problem.status, problem.message, problem.code, problem.param)
        return JSONResponse(body, status_code=problem.status)

    app = Starlette(routes=family.routes(desk), exception_handlers={ApiProblem: told})
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")


def problem_in(response):
    """Status, field and message of an error in OpenAI's form."""
    error = response.json()["error"]
    return response.status_code, error["param"], error["message"]


def events_in(response):
    """The JSON of each server-sent event."""
    assert response.headers["content-type"].startswith("text/event-stream")
    lines = [block.rpartition("data: ")[2] for block in response.text.split("\n\n") if block]
    return [json.loads(line) for line in lines if line != "[DONE]"]
