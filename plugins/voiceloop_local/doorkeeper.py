"""Who may come in, and in which dialect: the pure part of the gateway's front door."""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

__all__ = ["Answer", "Caller", "Handshake", "admit", "is_loopback", "problem", "route", "subprotocol"]

_TOKEN_PROTOCOL = "openai-insecure-api-key."
_BETA_PROTOCOL = "openai-beta.realtime-v1"
_REALTIME_PROTOCOL = "realtime"
RETRY_AFTER_S = 1


@dataclass(frozen=True, slots=True)
class Caller:
    """A request as the front door sees it. Header values are None when absent."""

    target: str
    """Path and query."""
    authorization: str | None = None
    origin: str | None = None
    beta: str | None = None
    """The `OpenAI-Beta` header."""
    upgrade: str | None = None
    subprotocols: Sequence[str] = ()

    @property
    def path(self) -> str:
        """The path without the query."""
        return urlsplit(self.target).path

    @property
    def speaks_beta(self) -> bool:
        """The caller asks for the beta dialect, by header or, in a browser, by subprotocol."""
        return (self.beta is not None and "realtime=v1" in self.beta) or _BETA_PROTOCOL in self.subprotocols

    @property
    def token(self) -> str | None:
        """The key the caller shows."""
        if self.authorization is not None:
            scheme, _, token = self.authorization.partition(" ")
            return token.strip() if scheme.lower() == "bearer" else None
        offered = (one for one in self.subprotocols if one.startswith(_TOKEN_PROTOCOL))
        return next((one.removeprefix(_TOKEN_PROTOCOL) for one in offered), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """A plain HTTP answer in JSON."""

    status: int
    reason: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handshake:
    """The caller may open a realtime session."""

    model: str
    ga: bool


def admit(caller: Caller, key: str | None) -> Answer | None:
    """Refuse who may not come in; None lets in.

    Without a key everybody on this machine may come, but no web page: any page a browser shows could reach a loopback
    port, and always names its origin.
    """
    if key is None:
        if caller.origin is not None:
            message = "Browsers are refused while the gateway runs without a key: start it with --key."
            return problem(403, "Forbidden", message, "origin_not_allowed")
        return None
    if caller.token is None:
        message = "You didn't provide an API key. Send it as a bearer token in the Authorization header."
        return problem(401, "Unauthorized", message, None)
    if not hmac.compare_digest(caller.token.encode(), key.encode()):
        return problem(401, "Unauthorized", "Incorrect API key provided.", "invalid_api_key")
    return None


def route(caller: Caller, models: Sequence[str], *, ready: bool, created: int) -> Answer | Handshake:
    """What an admitted caller gets: an answer, or a realtime session."""
    if caller.path == "/healthz":
        return _json(200, "OK", {"status": "ok" if ready else "loading"})
    if caller.path not in ("/v1/models", "/v1/realtime"):
        return problem(404, "Not Found", f"Unknown request URL: GET {caller.path}.", "unknown_url")
    if not ready:
        message = "The models are still loading: try again in a moment."
        answer = problem(503, "Service Unavailable", message, "models_loading", kind="server_error")
        return Answer(answer.status, answer.reason, answer.body, answer.headers | {"Retry-After": str(RETRY_AFTER_S)})
    if caller.path == "/v1/models":
        listed = [{"id": one, "object": "model", "created": created, "owned_by": "voiceloop"} for one in models]
        return _json(200, "OK", {"object": "list", "data": listed})
    return _realtime(caller)


def _realtime(caller: Caller) -> Answer | Handshake:
    if caller.upgrade is None or caller.upgrade.lower() != "websocket":
        answer = problem(426, "Upgrade Required", "This URL speaks websocket.", "upgrade_required")
        return Answer(answer.status, answer.reason, answer.body, answer.headers | {"Upgrade": "websocket"})
    model = parse_qs(urlsplit(caller.target).query).get("model", [""])[-1]
    if not model:
        return problem(400, "Bad Request", "You must provide a model parameter.", "missing_model")
    return Handshake(model, ga=not caller.speaks_beta)


def subprotocol(offered: Sequence[str]) -> str | None:
    """The one to accept: the token must not be sent back."""
    return _REALTIME_PROTOCOL if _REALTIME_PROTOCOL in offered else None


def is_loopback(host: str) -> bool:
    """Only this machine can reach a server bound to `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def problem(status: int, reason: str, message: str, code: str | None, kind: str = "invalid_request_error") -> Answer:
    """An error in OpenAI's form."""
    return _json(status, reason, {"error": {"message": message, "type": kind, "param": None, "code": code}})


def _json(status: int, reason: str, body: object) -> Answer:
    return Answer(status, reason, json.dumps(body).encode(), {"Content-Type": "application/json"})
