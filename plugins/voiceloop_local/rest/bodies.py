"""Reading what a request carries."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request

from voiceloop_local.rest.problems import ApiProblem

__all__ = ["json_body"]


async def json_body(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request. Raises ApiProblem when there is none."""
    try:
        body = msgspec.json.decode(await request.body())
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise ApiProblem(400, "The body is not valid JSON.", "invalid_json") from None
    if not isinstance(body, dict):
        raise ApiProblem(400, "The body must be a JSON object.", "invalid_type")
    return body
