"""Reads single fields of a JSON body, and says in one line what is wrong with them; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voiceloop_local.rest.problems import ApiProblem

__all__ = ["flag", "missing", "number", "one_of", "text", "whole"]


def missing(name: str) -> ApiProblem:
    """Return the problem of a field that has to be there."""
    return ApiProblem(400, f"Missing required parameter: '{name}'.", "missing_required_parameter", name)


def text(body: Mapping[str, Any], name: str) -> str:
    """Return a string that has to be there and to hold more than space. Raises ApiProblem."""
    value = body.get(name)
    if value is None:
        raise missing(name)
    if not isinstance(value, str) or not value.strip():
        raise ApiProblem(400, f"'{name}' must be a string that is not empty.", "invalid_value", name)
    return value


def one_of(body: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
    """Return a string of `known`, the first where the field is missing or null. Raises ApiProblem."""
    value = body.get(name)
    if value is None:
        return known[0]
    if value not in known:
        raise ApiProblem(400, f"'{name}' must be one of {', '.join(known)}.", "invalid_value", name)
    return str(value)


def whole(body: Mapping[str, Any], name: str, default: int, most: int, least: int = 1) -> int:
    """Return a whole number from `least` to `most`. Raises ApiProblem."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ApiProblem(400, f"'{name}' must be a whole number from {least} to {most}.", "invalid_value", name)
    return value


def number(body: Mapping[str, Any], name: str, default: float, least: float, most: float) -> float:
    """Return a number from `least` to `most`. Raises ApiProblem."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ApiProblem(400, f"'{name}' must be a number from {least} to {most}.", "invalid_value", name)
    return float(value)


def flag(body: Mapping[str, Any], name: str) -> bool:
    """Return a boolean, false where the field is missing or null. Raises ApiProblem."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise ApiProblem(400, f"'{name}' must be true or false.", "invalid_value", name)
    return bool(value)
