"""How strictly the fields of requests and of answers are taken."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["AnswerShape", "RequestShape"]


class RequestShape(BaseModel):
    """Base of all that is sent: unknown names and wrong values are a ValidationError, which is a ValueError."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AnswerShape(BaseModel):
    """Base of all that is read."""

    model_config = ConfigDict(frozen=True)
