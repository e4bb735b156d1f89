"""Ephemeral tokens: secrets that open realtime sessions for a while, for browsers that must never see the key.

DGrid names `/v1/realtime/sessions` in one table without a schema, and is silent about `/v1/realtime/client_secrets`.
Both are asked for in OpenAI's form, the newer one first; a gateway may well have neither.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec
from pydantic import SecretStr

from voiceloop.dgrid.client import Client, Request
from voiceloop.dgrid.failures import Failure, Kind, RequestFailedError, RequestRefusedError
from voiceloop.dgrid.retries import Repeat
from voiceloop.dgrid.shape import AnswerShape
from voiceloop.wire.lenient import Json, child, number, optional_text

__all__ = ["EphemeralToken", "mint_token"]

SECRETS, SESSIONS = "/v1/realtime/client_secrets", "/v1/realtime/sessions"
ABSENT: Final = frozenset({Kind.NOT_OFFERED, Kind.BROKEN})
"""What a server answers at a path that it does not have: an error, or a page for people."""


class EphemeralToken(AnswerShape):
    """A token and what it is good for."""

    value: SecretStr
    """Sent like a key, or by a browser as the subprotocol `openai-insecure-api-key.VALUE` beside `realtime`."""
    expires_at: datetime | None
    """Until when sessions can be started with it, in UTC; running ones go on. None where the server did not say."""
    model: str


async def mint_token(client: Client, model: str) -> EphemeralToken:
    """Return a token for realtime sessions with a model. Safe to cancel; an unused token expires by itself.

    Raises RequestRefusedError when key or model are refused, or when the gateway offers no tokens, and
    RequestFailedError for what may pass.
    """
    for path, body in ((SECRETS, {"session": {"type": "realtime", "model": model}}), (SESSIONS, {"model": model})):
        value, expires_at = read_token(await answered(client, path, body))
        if value is not None:
            return EphemeralToken(value=SecretStr(value), expires_at=expires_at, model=model)
    raise RequestRefusedError(
        f"{client.base_url} offers no ephemeral tokens: neither POST {SECRETS} nor POST {SESSIONS} is there;"
        " let browsers talk through a server of yours, and never give them the key",
        Failure(Kind.NOT_OFFERED),
    )


async def answered(client: Client, path: str, body: Json) -> Json:
    """Return the answer of an endpoint; an empty one where the server has no such endpoint."""
    request = Request("POST", path, msgspec.json.encode(body), repeat=Repeat.SAFE)
    try:
        return (await client.ask_json(request)).raw
    except (RequestRefusedError, RequestFailedError) as error:
        if error.failure.kind not in ABSENT:
            raise
        return {}


def read_token(raw: Json) -> tuple[str | None, datetime | None]:
    """Return token and expiry: at the top as in newer answers, or under `client_secret` as in older ones."""
    for place in (raw, child(raw, "client_secret")):
        if value := optional_text(place, "value"):
            return value, moment(number(place, "expires_at"))
    return optional_text(raw, "client_secret"), moment(number(raw, "expires_at"))


def moment(seconds: float | None) -> datetime | None:
    """Return the moment that many seconds after 1970; None where that is no time."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
