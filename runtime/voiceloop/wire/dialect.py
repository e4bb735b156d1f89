"""Which of the two dialects a server speaks: a guess, and what confirms or corrects it. Pure functions.

Order of decisions: settings, then a guess from the model id, then the shape of `session.created`, then the errors that
the first `session.update` brings. Receiving never depends on the dialect: both spellings are always understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

__all__ = ["BETA_HEADERS", "Dialect", "from_complaint", "from_session", "guess", "other"]

Dialect = Literal["beta", "ga"]

BETA_HEADERS: Final = {"OpenAI-Beta": "realtime=v1"}
"""Sent in beta only; GA servers refuse it."""

_GA_FIELDS: Final = frozenset({"type", "audio", "output_modalities"})
_BETA_FIELDS: Final = frozenset({"modalities", "input_audio_format"})
_GA_PARAMS: Final = frozenset({"session.type", "session.audio", "session.output_modalities"})
_BETA_PARAMS: Final = frozenset(
    {
        "session.input_audio_format",
        "session.input_audio_transcription",
        "session.max_response_output_tokens",
        "session.modalities",
        "session.output_audio_format",
        "session.temperature",
        "session.turn_detection",
        "session.voice",
    }
)


def guess(model: str) -> Dialect:
    """The likelier dialect of a model id: only preview models were ever served in beta (QuantumNous/new-api#6032)."""
    return "beta" if "-realtime-preview" in model else "ga"


def other(dialect: Dialect) -> Dialect:
    """The dialect that is not this one."""
    return "ga" if dialect == "beta" else "beta"


def from_session(session: Mapping[str, Any]) -> Dialect | None:
    """What the session object of `session.created` tells; None for a bare one."""
    if not _GA_FIELDS.isdisjoint(session):
        return "ga"
    if not _BETA_FIELDS.isdisjoint(session):
        return "beta"
    return None


def from_complaint(code: str, param: str) -> Dialect | None:
    """What an error about `session.update` tells; None when it is about something else.

    A beta server does not know GA's fields (openai/openai-python#2638); a GA server misses `session.type` or does not
    know beta's flat fields.
    """
    if code == "unknown_parameter":
        return "beta" if param in _GA_PARAMS else "ga" if param in _BETA_PARAMS else None
    misses_type = code == "missing_required_parameter" and param == "session.type"
    return "ga" if misses_type or code == "beta_api_shape_disabled" else None
