"""Reading JSON whose shape somebody else chose: each field knows where it stands, and says what is wrong with it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from voiceloop_local.rest.problems import ApiProblem

__all__ = ["Node", "arguments_object", "output_text"]


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a request. Every method raises ApiProblem (400) that names `path`."""

    value: Any
    """None where there is none: `null` counts as absent, as it does upstream."""
    path: str = ""

    def __bool__(self) -> bool:
        return self.value is not None

    def at(self, *names: str) -> Node:
        """Return a field of this object: the first of several spellings that is there."""
        self.required()
        if not isinstance(self.value, dict):
            self.refuse("must be an object", "invalid_type")
        found = next((name for name in names if self.value.get(name) is not None), names[0])
        return Node(self.value.get(found), f"{self.path}.{found}" if self.path else found)

    def required(self) -> None:
        """Refuse an absent value."""
        if self.value is None:
            raise ApiProblem(
                400, f"Missing required parameter: '{self.path}'.", "missing_required_parameter", self.path
            )

    def refuse(self, what: str, code: str = "invalid_value") -> NoReturn:
        """Refuse the value; `what` goes on from its name."""
        raise ApiProblem(400, f"'{self.path}' {what}." if self.path else f"The body {what}.", code, self.path or None)

    def refuse_unless_absent(self, why: str) -> None:
        """Refuse a field that would change the answer and cannot here."""
        if self:
            self.refuse(f"is not supported here: {why}", "unsupported_value")

    def text(self, default: str | None = None) -> str:
        """Return a string; without a default it must be there."""
        if self.value is None and default is not None:
            return default
        self.required()
        if not isinstance(self.value, str):
            self.refuse("must be a string", "invalid_type")
        return str(self.value)

    def name(self) -> str:
        """Return a string that is not empty."""
        if not self.text().strip():
            self.refuse("must not be empty")
        return self.text()

    def list(self) -> Sequence[Node]:
        """Return the values of an array."""
        self.required()
        if not isinstance(self.value, list):
            self.refuse("must be an array", "invalid_type")
        return [Node(value, f"{self.path}[{at}]") for at, value in enumerate(self.value)]

    def some(self) -> Sequence[Node]:
        """Return the values of an array that may be absent."""
        return self.list() if self else ()

    def texts(self) -> Sequence[str]:
        """Return the strings of an array, or the one string that stands for it."""
        if isinstance(self.value, str):
            return (self.value,)
        return tuple(each.text() for each in self.some())

    def flag(self, *, default: bool = False) -> bool:
        """Return true or false."""
        if self.value is None:
            return default
        if not isinstance(self.value, bool):
            self.refuse("must be true or false", "invalid_type")
        return bool(self.value)

    def count(self) -> int | None:
        """Return a whole number from 1 on, None where there is none."""
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self.refuse("must be a whole number", "invalid_type")
        if self.value < 1:
            self.refuse("must be at least 1")
        return int(self.value)

    def one_of(self, *allowed: str, default: str | None = None) -> str:
        """Return one of some words."""
        found = self.text(default)
        if found not in allowed:
            self.refuse(f"is '{found[:80]}': use {' or '.join(allowed)}")
        return found

    def data(self) -> bytes:
        """Return what is written in base64, of either alphabet, padded or not."""
        written = self.name().translate(_PLAIN_ALPHABET).rstrip("=")
        try:
            return base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
        except (binascii.Error, ValueError):
            self.refuse("must be base64")

    def mapping(self) -> dict[str, Any]:
        """Return an object as it is, empty where there is none."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            self.refuse("must be an object", "invalid_type")
        return dict(self.value)


_PLAIN_ALPHABET = str.maketrans("-_", "+/")


def arguments_object(name: str, arguments: str) -> dict[str, Any]:
    """Return the arguments of a call as JSON. Raises ApiProblem where a model garbled them."""
    try:
        found = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ApiProblem(503, f"The model called '{name}' with arguments that are no JSON object.", "model_unavailable")
    return found


def output_text(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return what a tool returned as the text a brain reads."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
