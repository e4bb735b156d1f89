"""Reading values out of decoded JSON without trusting its shape: what is missing or of another type is a default."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["child", "flag", "integer", "listing", "number", "optional_text", "text"]

Json = Mapping[str, Any]
_NOTHING: Json = {}
_LARGEST = 2**53


def text(raw: Json, key: str) -> str:
    """The string under `key`; numbers are written out (some servers send numeric codes); else empty."""
    value = raw.get(key)
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""


def optional_text(raw: Json, key: str) -> str | None:
    """The string under `key`, or None where there is none or it is empty."""
    value = raw.get(key)
    return value if isinstance(value, str) and value else None


def number(raw: Json, key: str) -> float | None:
    """The finite number under `key`, else None."""
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value if abs(value) <= _LARGEST else None


def integer(raw: Json, key: str) -> int:
    """The whole part of the number under `key`, never negative; 0 where there is none."""
    value = number(raw, key)
    return 0 if value is None else max(0, int(value))


def flag(raw: Json, key: str) -> bool | None:
    """The truth value under `key`, else None."""
    value = raw.get(key)
    return value if isinstance(value, bool) else None


def child(raw: Json, key: str) -> Json:
    """The object under `key`, else an empty one."""
    value = raw.get(key)
    return value if isinstance(value, dict) else _NOTHING


def listing(raw: Json, key: str) -> list[Any]:
    """The array under `key`, else an empty one."""
    value = raw.get(key)
    return value if isinstance(value, list) else []
