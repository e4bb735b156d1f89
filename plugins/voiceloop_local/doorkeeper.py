"""Who may come in, and in which dialect: the pure part of the gateway's front door."""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from voiceloop_local.rest.errors import error_body

__all__ = ["Answer", "Caller", "Handshake", "admit", "is_loopback", "problem", "route", "subprotocol"]

_TOKEN_PROTOCOL = "openai-insecure-api-key."
_BETA_PROTOCOL = "openai-beta.realtime-v1"
_REALTIME_PROTOCOL = "realtime"
RETRY_AFTER_S = 1
REALTIME = "/v1/realtime"
MODELS = "/v1/models"


@dataclass(frozen=True, slots=True)
class Caller:
    """A request as the front door sees it. Header values are None when absent."""

    target: str
    """Path and query."""
    authorization: str | None = None
    key: str | None = None
    """The header in which clients of Claude and Gemini show theirs."""
    origin: str | None = None
    beta: str | None = None
    """The `OpenAI-Beta` header."""
    upgrade: str | None = None
    subprotocols: Sequence[str] = ()
    method: str = "GET"

    @property
    def path(self) -> str:
        """The path without the query."""
        return urlsplit(self.target).path

    def asked(self, name: str) -> str | None:
        """Return a value of the query."""
        return parse_qs(urlsplit(self.target).query).get(name, [None])[-1]

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
        if (shown := self.key or self.asked("key")) is not None:
            return shown
        offered = (one for one in self.subprotocols if one.startswith(_TOKEN_PROTOCOL))
        return next((one.removeprefix(_TOKEN_PROTOCOL) for one in offered), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """A plain HTTP answer in JSON."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handshake:
    """The caller may open a realtime session."""

    model: str
    ga: bool


def admit(caller: Caller, key: str | None, lent: Callable[[str], bool] = lambda _token: False) -> Answer | None:
    """Refuse who may not come in; None lets in. `lent` knows the tokens that open realtime sessions for a while.

    Without a key everybody on this machine may come, but no web page: any page a browser shows could reach a loopback
    port, and always names its origin.
    """
    borrowed = caller.path == REALTIME and caller.token is not None and lent(caller.token)
    if borrowed or (key is None and caller.origin is None):
        return None
    if key is None:
        message = "Browsers are refused while the gateway runs without a key: start it with --key."
        return problem(caller, 403, message, "origin_not_allowed")
    if caller.token is not None and hmac.compare_digest(caller.token.encode(), key.encode()):
        return None
    if caller.token is None:
        message = "You didn't provide an API key. Send it as a bearer token in the Authorization header."
        return problem(caller, 401, message, None)
    return problem(caller, 401, "Incorrect API key provided.", "invalid_api_key")


def route(caller: Caller, models: Sequence[str], *, ready: bool, created: int) -> Answer | Handshake | None:
    """What an admitted caller gets: an answer, a realtime session, or None: what one of the REST families says."""
    if caller.path == "/healthz":
        return _json(200, {"status": "ok" if ready else "loading"})
    if not ready:
        answer = problem(caller, 503, "The models are still loading: try again in a moment.", "models_loading")
        return Answer(answer.status, answer.body, answer.headers | {"Retry-After": str(RETRY_AFTER_S)})
    if f"{caller.path}/".startswith(f"{MODELS}/") and caller.method in {"GET", "HEAD"}:
        return _models(caller, models, created)
    return _realtime(caller) if caller.path == REALTIME else None


def _models(caller: Caller, models: Sequence[str], created: int) -> Answer:
    listed = [{"id": one, "object": "model", "created": created, "owned_by": "voiceloop"} for one in models]
    if caller.path == MODELS:
        return _json(200, {"object": "list", "data": listed})
    name = unquote(caller.path.removeprefix(f"{MODELS}/"))
    found = next((one for one in listed if one["id"] == name), None)
    if found is None:
        return problem(caller, 404, f"The model '{name}' does not exist.", "model_not_found")
    return _json(200, found)


def _realtime(caller: Caller) -> Answer | Handshake:
    if caller.upgrade is None or caller.upgrade.lower() != "websocket":
        answer = problem(caller, 426, "This URL speaks websocket.", "upgrade_required")
        return Answer(answer.status, answer.body, answer.headers | {"Upgrade": "websocket"})
    model = caller.asked("model")
    if not model:
        return problem(caller, 400, "You must provide a model parameter.", "missing_model")
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


def problem(caller: Caller, status: int, message: str, code: str | None) -> Answer:
    """An error in the words of who is asked."""
    return _json(status, error_body(caller.path, status, message, code))


def _json(status: int, body: object) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})
