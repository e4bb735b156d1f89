"""What is wrong with a request, in the words of the family that was asked: OpenAI's, Claude's or Gemini's."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

__all__ = ["Family", "error_body", "family_of"]


class Family(StrEnum):
    """Whose clients ask at a path."""

    OPENAI = "openai"
    CLAUDE = "claude"
    GEMINI = "gemini"


CLAUDES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}
GEMINIS: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
OURS_S: Final = 500
"""From this status on it is the server's fault."""


def family_of(path: str) -> Family:
    """Return whose clients ask at a path; unknown paths are OpenAI's."""
    if path == "/v1/messages" or path.startswith("/v1/messages/"):
        return Family.CLAUDE
    if path.startswith("/v1beta/") or ":" in path.rpartition("/")[2]:  # models/NAME:generateContent
        return Family.GEMINI
    return Family.OPENAI


def error_body(
    path: str, status: int, message: str, code: str | None = None, param: str | None = None
) -> dict[str, Any]:
    """Return the JSON to answer at a path; `code` is a word for programs, `param` the field that is meant."""
    match family_of(path):
        case Family.CLAUDE:
            kind = CLAUDES.get(status, "invalid_request_error" if status < OURS_S else "api_error")
            return {"type": "error", "error": {"type": kind, "message": message}}
        case Family.GEMINI:
            kind = GEMINIS.get(status, "INVALID_ARGUMENT" if status < OURS_S else "INTERNAL")
            return {"error": {"code": status, "message": message, "status": kind}}
        case Family.OPENAI:
            kind = "invalid_request_error" if status < OURS_S else "server_error"
            return {"error": {"message": message, "type": kind, "param": param, "code": code}}
