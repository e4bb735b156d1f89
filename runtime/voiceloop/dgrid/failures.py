"""Why a request failed: one parser for every shape of error that gateways and the vendors behind them send. Pure.

Shapes: OpenAI's, new-api's, Anthropic's and Google's error objects, a `success` that is false under HTTP 200, text or
HTML of a proxy in between, and an error inside a stream. Each may come on any route. Texts are kept without secrets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from voiceloop.dgrid.retry_after import asked_wait_s, duration_s
from voiceloop.errors import RefusedError, UnreachableError
from voiceloop.redact import Redactor
from voiceloop.vocabulary import Cause
from voiceloop.wire.faults import judge
from voiceloop.wire.items import WireError
from voiceloop.wire.lenient import Json, child, integer, listing, text

__all__ = ["Failure", "Kind", "RequestFailedError", "RequestRefusedError", "error_of", "failure_in", "read_failure"]

SHOWN = 300
"""Characters of a server's own words that are kept."""
LOOKED_AT = 4 * SHOWN
REQUEST_ID_HEADERS: Final = ("x-request-id", "request-id", "x-oneapi-request-id")
REQUEST_ID = re.compile(r"(?i)\brequest[ _-]?id\b\W{1,3}([\w.:-]{4,128})")
ID = re.compile(r"[\w.:-]{1,128}")
PATH = re.compile(r"(?i)\bhttps?://\S+|(?<!\w)/\S*")
"""An address, or a path by itself; not a model's id with a slash in it."""
TAG = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^<>]*>", re.DOTALL | re.IGNORECASE)


class Kind(StrEnum):
    """What went wrong, as far as it decides what to do next."""

    BAD_KEY = "bad_key"
    QUOTA = "quota"
    BAD_MODEL = "bad_model"
    REFUSED = "refused"
    """The request as it is will never be taken."""
    NOT_OFFERED = "not_offered"
    """The server has no such endpoint."""
    RATE_LIMITED = "rate_limited"
    SERVER_FAULT = "server_fault"
    """The server, or the vendor behind it, failed at a request that may be in order."""
    REDIRECTED = "redirected"
    PROXY_REFUSED = "proxy_refused"
    """A proxy in between wants another user or password; it may lock the account of who tries again."""
    UNREACHABLE = "unreachable"
    """No connection: the request never left."""
    SILENT = "silent"
    DROPPED = "dropped"
    """The connection broke; the request may have been carried out."""
    BROKEN = "broken"
    """An answer that cannot be read."""


CAUSES: Final = {
    Kind.BAD_KEY: Cause.BAD_KEY,
    Kind.QUOTA: Cause.QUOTA,
    Kind.BAD_MODEL: Cause.BAD_MODEL,
    Kind.REFUSED: Cause.REFUSED,
    Kind.NOT_OFFERED: Cause.UNSUPPORTED_DIALECT,
    Kind.RATE_LIMITED: Cause.BUSY,
    Kind.SERVER_FAULT: Cause.UNREACHABLE,
    Kind.REDIRECTED: Cause.REFUSED,
    Kind.PROXY_REFUSED: Cause.UNREACHABLE,
    Kind.UNREACHABLE: Cause.UNREACHABLE,
    Kind.SILENT: Cause.DEAD_WIRE,
    Kind.DROPPED: Cause.DROP,
    Kind.BROKEN: Cause.BROKEN_PEER,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed request. No field holds a secret."""

    kind: Kind
    message: str = ""
    """The server's own words, or ours where it sent none; one line of at most 300 characters."""
    status: int | None = None
    """HTTP status; None when no answer came."""
    code: str = ""
    """The server's name for it."""
    param: str = ""
    """The field of the request it is about."""
    request_id: str = ""
    retry_after_s: float | None = None
    """How long the server asks to be left alone, in seconds."""

    @property
    def cause(self) -> Cause:
        """Why an engine that lives on such requests would be left."""
        return CAUSES[self.kind]


class RequestRefusedError(RefusedError):
    """The server refused a request for good. `failure` says why."""

    def __init__(self, message: str, failure: Failure) -> None:
        super().__init__(message)
        self.failure = failure


class RequestFailedError(UnreachableError):
    """A request got no answer that is of use; another try may succeed. `failure` says why."""

    def __init__(self, message: str, failure: Failure) -> None:
        super().__init__(message)
        self.failure = failure


# Reading -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a body says, before it is judged."""

    error: WireError
    status: int = 0
    """An HTTP status told in the body; 0 when there is none."""
    request_id: str = ""
    retry_after_s: float | None = None


def read_failure(
    status: int, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
) -> Failure:
    """Return what an HTTP answer other than a success means.

    `headers` have names in lower case, `now` is aware. Any bytes will do as body.
    """
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raw = plain(body)
    complaint = read_complaint(raw)
    told_s = asked_wait_s(headers, now)
    return Failure(
        kind=kind_of(status, complaint),
        message=excerpt(complaint.error.message, secrets),
        status=status,
        code=excerpt(complaint.error.code or complaint.error.kind, secrets),
        param=excerpt(complaint.error.param, secrets),
        request_id=request_id(headers, complaint, secrets),
        retry_after_s=complaint.retry_after_s if told_s is None else told_s,
    )


def failure_in(
    raw: object, secrets: Sequence[str], status: int = 200, headers: Mapping[str, str] | None = None
) -> Failure | None:
    """Return the failure that a successful answer or a frame of a stream turns out to be; None where it is none."""
    if not isinstance(raw, dict) or not (raw.get("error") or raw.get("success") is False):
        return None
    complaint = read_complaint(raw)
    if complaint.status:
        kind = kind_of(complaint.status, complaint)
    elif raw.get("success") is False:
        kind = kind_by_account(complaint) or Kind.REFUSED
    else:
        kind = kind_by_account(complaint) or kind_by_name(complaint.error) or Kind.SERVER_FAULT
    return Failure(
        kind=kind,
        message=excerpt(complaint.error.message, secrets),
        status=status,
        code=excerpt(complaint.error.code or complaint.error.kind, secrets),
        param=excerpt(complaint.error.param, secrets),
        request_id=request_id(headers or {}, complaint, secrets),
        retry_after_s=complaint.retry_after_s,
    )


def read_complaint(raw: object) -> Complaint:
    """Return what any decoded body says; Google's streams put theirs in an array."""
    if isinstance(raw, list):
        raw = raw[0] if raw else ""
    if not isinstance(raw, dict):
        return Complaint(WireError(message=raw if isinstance(raw, str) else ""))
    told = child(raw, "error")
    if not told:
        detail = raw.get("detail")
        if isinstance(detail, dict):
            return read_complaint(detail)
        told = raw if isinstance(detail, str | None) else one_detail(detail)
    words = text(told, "message") or text(told, "detail") or text(raw, "error") or text(raw, "message")
    code, number = text(told, "code"), integer(told, "code")
    return Complaint(
        WireError(kind=text(told, "type"), code=code_of(told, code), message=words, param=text(told, "param")),
        status=number if 400 <= number < 600 else 0,  # noqa: PLR2004 - HTTP's errors
        request_id=text(raw, "request_id") or text(told, "request_id"),
        retry_after_s=retry_delay_s(told),
    )


def code_of(told: Json, code: str) -> str:
    """Return the name of an error: Google's stands in `status`, and its `code` is a number."""
    return text(told, "status") if code.isdecimal() or not code else code


def one_detail(details: object) -> Json:
    """Return the first entry of a list of what is wrong with a request, as pydantic's servers write it."""
    first = details[0] if isinstance(details, list) and details else ""
    if not isinstance(first, dict):
        return {"message": str(first)}
    place = [str(part) for part in listing(first, "loc")]
    return {"message": f"{'.'.join(place)}: {text(first, 'msg')}", "param": place[-1] if place else ""}


def retry_delay_s(told: Json) -> float | None:
    """Return the seconds of Google's `RetryInfo`, such as `"17s"`."""
    for detail in listing(told, "details"):
        if isinstance(detail, dict) and (delay := duration_s(text(detail, "retryDelay"))) is not None:
            return delay
    return None


def request_id(headers: Mapping[str, str], complaint: Complaint | None, secrets: Sequence[str]) -> str:
    """Return the name the server gave to the request, to be quoted to its owner; empty when it gave none."""
    found = next((headers[name] for name in REQUEST_ID_HEADERS if headers.get(name)), "")
    if not found and complaint is not None:
        told = REQUEST_ID.search(complaint.error.message)
        found = complaint.request_id or (told[1] if told else "")
    return found if ID.fullmatch(found) and not any(secret in found for secret in secrets) else ""


# Texts ---------------------------------------------------------------------------------------------------------------


def plain(body: bytes) -> str:
    """Return the words of a body that is no JSON, without the tags of a web page."""
    words = body[: 16 * LOOKED_AT].decode(errors="replace")
    return TAG.sub(" ", words) if words.lstrip().startswith("<") else words


def excerpt(words: str, secrets: Sequence[str]) -> str:
    """Return the beginning of a text on one line, printable and without secrets."""
    line = " ".join("".join(c if c.isprintable() else " " for c in words[:LOOKED_AT]).split())
    return Redactor(secrets)(line)[:SHOWN]


# Judging -------------------------------------------------------------------------------------------------------------

ACCOUNT: Final = {Cause.QUOTA: Kind.QUOTA, Cause.BAD_KEY: Kind.BAD_KEY, Cause.BAD_MODEL: Kind.BAD_MODEL}
TOO_MANY, MISSING = 429, 404
STATUSES: Final = {
    401: Kind.BAD_KEY,
    402: Kind.QUOTA,
    403: Kind.BAD_KEY,
    405: Kind.NOT_OFFERED,
    408: Kind.SERVER_FAULT,
    409: Kind.SERVER_FAULT,
    410: Kind.NOT_OFFERED,
    425: Kind.SERVER_FAULT,
    TOO_MANY: Kind.RATE_LIMITED,
    501: Kind.NOT_OFFERED,
}
HUNDREDS: Final = {3: Kind.REDIRECTED, 4: Kind.REFUSED}
NAMES: Final = {
    "authentication_error": Kind.BAD_KEY,
    "permission_error": Kind.BAD_KEY,
    "UNAUTHENTICATED": Kind.BAD_KEY,
    "PERMISSION_DENIED": Kind.BAD_KEY,
    "billing_error": Kind.QUOTA,
    "not_found_error": Kind.BAD_MODEL,
    "NOT_FOUND": Kind.BAD_MODEL,
    "invalid_request_error": Kind.REFUSED,
    "request_too_large": Kind.REFUSED,
    "INVALID_ARGUMENT": Kind.REFUSED,
    "FAILED_PRECONDITION": Kind.REFUSED,
    "rate_limit_error": Kind.RATE_LIMITED,
    "rate_limit_exceeded": Kind.RATE_LIMITED,
    "RESOURCE_EXHAUSTED": Kind.RATE_LIMITED,
}
"""Names of errors whose status nobody told: they came inside an answer that had begun well."""


def kind_of(status: int, complaint: Complaint) -> Kind:
    """Return what a status means together with the words that came with it."""
    if status == TOO_MANY and complaint.retry_after_s is not None:
        return Kind.RATE_LIMITED  # Google speaks of quota when it means requests a minute
    if account := kind_by_account(complaint):
        return account
    if status == MISSING:  # of a model or of the path: only the words tell
        words = PATH.sub(" ", complaint.error.message).lower()  # paths hold the word "models"
        return Kind.BAD_MODEL if "model" in words else Kind.NOT_OFFERED
    return STATUSES.get(status) or HUNDREDS.get(status // 100) or Kind.SERVER_FAULT


def kind_by_account(complaint: Complaint) -> Kind | None:
    """Return what the words tell about key, quota and model; vendors use statuses for these as they like."""
    return ACCOUNT.get(judge(complaint.error).cause)


def kind_by_name(error: WireError) -> Kind | None:
    """Return what the error's code or type tells."""
    return NAMES.get(error.code) or NAMES.get(error.kind)


# The face ------------------------------------------------------------------------------------------------------------

TOLD: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.BAD_KEY: ("refuses the key or the account", "check DGRID_API_KEY"),
    Kind.QUOTA: ("says that the account's credit is used up", "top it up, or use another key"),
    Kind.BAD_MODEL: ("does not have this model for this key", "choose another: voiceloop models"),
    Kind.REFUSED: ("refuses the request", "correct what it names"),
    Kind.NOT_OFFERED: ("does not offer this", "check DGRID_BASE_URL"),
    Kind.RATE_LIMITED: ("is asked too often", "try again later"),
    Kind.SERVER_FAULT: ("is in trouble", "try again later"),
    Kind.REDIRECTED: ("sends elsewhere, where the key must not go", "set the right DGRID_BASE_URL"),
    Kind.PROXY_REFUSED: ("cannot be reached", "nothing was sent"),
    Kind.UNREACHABLE: ("cannot be reached", "check DGRID_BASE_URL and the network"),
    Kind.SILENT: ("did not answer in time", "try again"),
    Kind.DROPPED: ("dropped the connection", "try again"),
    Kind.BROKEN: ("sent an answer that cannot be read", "check DGRID_BASE_URL"),
}
REFUSALS: Final = frozenset(
    {Kind.BAD_KEY, Kind.QUOTA, Kind.BAD_MODEL, Kind.REFUSED, Kind.NOT_OFFERED, Kind.PROXY_REFUSED}
)


def error_of(failure: Failure, where: str) -> RequestRefusedError | RequestFailedError:
    """Return the error to raise for a failure at `where`: refused when another try is of no use, else failed."""
    what, fix = TOLD[failure.kind]
    if failure.retry_after_s is not None:
        fix = f"it asks for {failure.retry_after_s:.0f} s of patience"
    status = "" if failure.status is None else f" (HTTP {failure.status})"
    words = f": {failure.message}" if failure.message else ""
    asked = f" [request {failure.request_id}]" if failure.request_id else ""
    line = f"{where} {what}{status}{words}{asked}; {fix}"
    return (RequestRefusedError if failure.kind in REFUSALS else RequestFailedError)(line, failure)
