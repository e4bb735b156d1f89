"""What an error, a close code or a refused upgrade means for the connection. One table, read top down.

Servers differ in what they fill in: the code is matched first, then words of the message, then the error's type.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from voiceloop.vocabulary import Cause
from voiceloop.wire.items import WireError, read_error
from voiceloop.wire.lenient import child

__all__ = ["Fault", "Severity", "close_cause", "describe", "judge", "judge_close", "judge_upgrade"]


class Severity(StrEnum):
    """What an error asks of the client."""

    BENIGN = "benign"
    """A race both sides may lose; nothing to do."""
    FIX = "fix"
    """Our message was refused; send it again without what was named."""
    PASSING = "passing"
    """The server failed at something; the session lives on."""
    SWITCH = "switch"
    """The server wants the other dialect."""
    FATAL = "fatal"
    """This connection is of no more use."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A judgement. `cause` is the reason to report should the connection end over it."""

    severity: Severity
    cause: Cause = Cause.DROP


_BENIGN = Fault(Severity.BENIGN)
_FIX = Fault(Severity.FIX)
_PASSING = Fault(Severity.PASSING)
_BUSY = Fault(Severity.PASSING, Cause.BUSY)
_SWITCH = Fault(Severity.SWITCH, Cause.UNSUPPORTED_DIALECT)
_QUOTA = Fault(Severity.FATAL, Cause.QUOTA)
_BAD_KEY = Fault(Severity.FATAL, Cause.BAD_KEY)
_BAD_MODEL = Fault(Severity.FATAL, Cause.BAD_MODEL)
_EXPIRED = Fault(Severity.FATAL, Cause.SESSION_CAP)
_FULL = Fault(Severity.FATAL, Cause.CONTEXT_FULL)
_LACKING = Fault(Severity.FATAL, Cause.SETTINGS)
_NO_UPSTREAM = Fault(Severity.FATAL, Cause.UNREACHABLE)

_CODES: Final = {
    "conversation_already_has_active_response": _BENIGN,
    "response_cancel_not_active": _BENIGN,
    "input_audio_buffer_commit_empty": _BENIGN,
    "unsupported_content_type": _BENIGN,
    "item_create_duplicate_item_id": _BENIGN,
    "unknown_parameter": _FIX,
    "invalid_value": _FIX,
    "missing_required_parameter": _FIX,
    "invalid_type": _FIX,
    "cannot_update_voice": _FIX,
    "beta_api_shape_disabled": _SWITCH,
    "invalid_model": _BAD_MODEL,
    "model_not_found": _BAD_MODEL,
    "model_load_error": _BAD_MODEL,  # LocalAI, in place of session.created
    "OperationNotSupported": _BAD_MODEL,  # Azure: a transcription model at the realtime door
    "session_expired": _EXPIRED,
    "context_length_exceeded": _FULL,
    "exceed_context_size_error": _FULL,  # llama.cpp
    "rate_limit_exceeded": _BUSY,
    "inference_rate_limit_exceeded": _BUSY,
    "insufficient_quota": _QUOTA,
    "credit_balance_exhausted": _QUOTA,
    "billing_hard_limit_reached": _QUOTA,
    "insufficient_user_quota": _QUOTA,  # new-api
    "pre_consume_token_quota_failed": _QUOTA,  # new-api
    "invalid_api_key": _BAD_KEY,
    "account_deactivated": _BAD_KEY,
    "language_unavailable": _LACKING,  # voiceloop's own gateway
    "do_request_failed": _NO_UPSTREAM,  # new-api: upgraded first, then could not reach the vendor
}
_VAGUE: Final = "invalid_value"
"""A field of ours that is wrong, or a race that was lost: the words tell."""
_PHRASES: Final = (
    ("already has an active response", _BENIGN),
    ("no active response", _BENIGN),
    ("buffer too small", _BENIGN),
    ("is already shorter than", _BENIGN),
    ("only model output audio messages can be truncated", _BENIGN),
    ("maximum duration", _EXPIRED),
    ("maximum context length", _FULL),
    ("context window", _FULL),
    ("exceeded your current quota", _QUOTA),
    ("incorrect api key", _BAD_KEY),
    ("invalid api key", _BAD_KEY),
    ("unknown parameter", _FIX),
)
_TYPES: Final = {
    "insufficient_quota": _QUOTA,
    "billing_error": _QUOTA,
    "authentication_error": _BAD_KEY,
    "rate_limit_error": _BUSY,
    "rate_limit_exceeded": _BUSY,
    "new_api_error": _NO_UPSTREAM,
    "server_error": _PASSING,
}
_CLOSES: Final = {
    1002: Cause.BROKEN_PEER,
    1003: Cause.BROKEN_PEER,
    1007: Cause.BROKEN_PEER,
    1008: Cause.BAD_KEY,  # LiteLLM closes so on its upstream's 401 and 403
    1009: Cause.BROKEN_PEER,
    1013: Cause.BUSY,  # LiteLLM on its upstream's 429
}
_STATUSES: Final = {
    401: Cause.BAD_KEY,
    402: Cause.QUOTA,
    403: Cause.BAD_KEY,
    404: Cause.BAD_MODEL,
    429: Cause.BUSY,
    405: Cause.UNSUPPORTED_DIALECT,  # there is no realtime at this address
    501: Cause.UNSUPPORTED_DIALECT,
}
_ACCOUNT: Final = frozenset({Cause.QUOTA, Cause.BAD_KEY, Cause.BAD_MODEL, Cause.SESSION_CAP})
_FIRST_SERVER_FAULT = 500
APPLICATION_REFUSAL: Final = 4000
"""OpenAI's close code for a refusal; the reason holds `type.code`."""


def judge(error: WireError) -> Fault:
    """What an error means. Unknown ones leave the session open, as most do."""
    found = _CODES.get(error.code)
    if found is _BAD_MODEL and "transcription" in error.param:
        return _FIX  # only the model that writes down the user's words
    if found is not None and error.code != _VAGUE:
        return found
    words = error.message.lower()
    for phrase, fault in _PHRASES:
        if phrase in words:
            return fault
    return found or _TYPES.get(error.code) or _TYPES.get(error.kind) or _PASSING


def judge_close(reason: str) -> Fault | None:
    """What a close reason tells by itself; None when it says nothing known. OpenAI writes `type.code` there."""
    for word in reason.replace(":", " ").replace(",", " ").split():
        fault = _CODES.get(word.rpartition(".")[2].strip("'\"()"))
        if fault is not None:
            return fault
    by_words = judge(WireError(message=reason))
    return by_words if by_words.severity is Severity.FATAL else None


def close_cause(code: int) -> Cause:
    """What a bare close code tells; most only that the connection is gone."""
    return _CLOSES.get(code, Cause.DROP)


def judge_upgrade(status: int, body: bytes) -> Fault:
    """What an HTTP answer other than 101 means; the body may be any gateway's error shape, or HTML."""
    told = judge(_read_body(body))
    if told.severity is Severity.SWITCH or told.cause in _ACCOUNT:
        return told
    if status in _STATUSES:
        return Fault(Severity.FATAL, _STATUSES[status])
    return Fault(Severity.FATAL, Cause.UNREACHABLE if status >= _FIRST_SERVER_FAULT else Cause.REFUSED)


def describe(error: WireError) -> str:
    """The error in one line: code and words."""
    words = " ".join(error.message.split())
    return ": ".join(part for part in (error.code or error.kind, words) if part) or "the server gave no reason"


def _read_body(body: bytes) -> WireError:
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return WireError(message=body.decode(errors="replace"))
    if not isinstance(raw, dict):
        return WireError(message=str(raw))
    return read_error(child(raw, "error") or raw.get("error") or raw)
