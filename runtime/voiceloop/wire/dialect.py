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
_BETA_ONLY_PARAMS: Final = frozenset(
    {
        "input_audio_format",
        "input_audio_transcription",
        "max_response_output_tokens",
        "modalities",
        "output_audio_format",
        "temperature",
        "turn_detection",
        "voice",
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
    if code == "beta_api_shape_disabled":
        return "ga"
    if not param.startswith("session."):
        return None
    field = param.removeprefix("session.").split(".")[0].split("[")[0]
    if code == "missing_required_parameter":
        return "ga" if field == "type" else None
    if code != "unknown_parameter":
        return None
    if param in {"session.type", "session.audio", "session.output_modalities"}:
        return "beta"
    return "ga" if field in _BETA_ONLY_PARAMS else None
