"""What is wrong with a request, before it is told in the words of one family."""

from __future__ import annotations

__all__ = ["ApiProblem"]


class ApiProblem(Exception):  # noqa: N818 - it is raised to be answered, in the shape of the endpoint's family
    """Ends a request with an HTTP status and a message for people."""

    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        """`code` is a word for programs, `param` the field that is meant."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
