"""Ephemeral tokens: secrets that open realtime sessions for a while, for browsers that must never see the key."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from voiceloop_local.rest.bodies import json_body
from voiceloop_local.rest.problems import ApiProblem

__all__ = ["Tokens", "routes"]

LASTS_S: Final = 600
SHORTEST_S, LONGEST_S = 10, 7200
MOST: Final = 1000


class Tokens:
    """Mints them and knows those that still count. Times are seconds since 1970."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def mint(self, now: float, lasts_s: int = LASTS_S) -> tuple[str, int]:
        """Return a new token and when it expires. The oldest of 1,000 goes."""
        self._until = {token: until for token, until in self._until.items() if until > now}
        if len(self._until) >= MOST:
            del self._until[next(iter(self._until))]
        token, until = f"ek_{secrets.token_urlsafe(24)}", int(now) + lasts_s
        self._until[token] = until
        return token, until

    def counts(self, token: str, now: float) -> bool:
        """Tell whether a token opens a session now."""
        return self._until.get(token, 0.0) > now


def routes(tokens: Tokens, now: Callable[[], float]) -> list[Route]:
    """Return the two endpoints, the newer one first."""

    async def client_secrets(request: Request) -> JSONResponse:
        body = await json_body(request)
        session = _object(body, "session")
        lasts_s = _object(body, "expires_after").get("seconds", LASTS_S)
        if not isinstance(lasts_s, int) or not SHORTEST_S <= lasts_s <= LONGEST_S:
            raise ApiProblem(
                400, f"A token lasts {SHORTEST_S} to {LONGEST_S} seconds.", "invalid_value", "expires_after.seconds"
            )
        value, until = tokens.mint(now(), lasts_s)
        told = {"type": "realtime", "object": "realtime.session", "model": session.get("model", "voiceloop-realtime")}
        return JSONResponse({"value": value, "expires_at": until, "session": told})

    async def sessions(request: Request) -> JSONResponse:
        body = await json_body(request)
        value, until = tokens.mint(now())
        return JSONResponse(
            {
                "object": "realtime.session",
                "model": body.get("model", "voiceloop-realtime"),
                "client_secret": {"value": value, "expires_at": until},
            }
        )

    return [
        Route("/v1/realtime/client_secrets", client_secrets, methods=["POST"]),
        Route("/v1/realtime/sessions", sessions, methods=["POST"]),
    ]


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name) or {}
    if not isinstance(found, dict):
        raise ApiProblem(400, f"'{name}' must be an object.", "invalid_type", name)
    return found
