"""Strict reading of client events: an unknown name or a wrong value refuses the whole event and names itself."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from typing import Any

__all__ = [
    "ClientEventError",
    "Fields",
    "Json",
    "cannot_update",
    "decode_base64",
    "invalid_type",
    "invalid_value",
    "missing",
    "unknown",
]

Json = dict[str, Any]


class ClientEventError(Exception):
    """A client event is refused; the session lives on and answers with an `error` event."""

    def __init__(self, code: str | None, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


def unknown(param: str) -> ClientEventError:
    """A name this server does not know."""
    return ClientEventError("unknown_parameter", f"Unknown parameter: '{param}'.", param)


def missing(param: str) -> ClientEventError:
    """A name that must be there."""
    return ClientEventError("missing_required_parameter", f"Missing required parameter: '{param}'.", param)


def invalid_type(param: str, wanted: str, got: object) -> ClientEventError:
    """A value of another JSON type than the field takes."""
    name = {bool: "a boolean", int: "an integer", float: "a number", str: "a string", list: "an array"}.get(
        type(got), "null" if got is None else "an object"
    )
    message = f"Invalid type for '{param}': expected {wanted}, but got {name} instead."
    return ClientEventError("invalid_type", message, param)


def invalid_value(param: str, got: object, allowed: Collection[str] = (), hint: str = "") -> ClientEventError:
    """A value of the right type that the field does not take."""
    supported = " Supported values are: " + ", ".join(f"'{one}'" for one in allowed) + "." if allowed else ""
    return ClientEventError("invalid_value", f"Invalid value: '{got}'.{supported}{hint and ' ' + hint}", param)


def cannot_update(code: str, message: str, param: str) -> ClientEventError:
    """A field that may not change any more."""
    return ClientEventError(code, message, param)


def decode_base64(text: str, param: str) -> bytes:
    """Decode padded standard base64 without line breaks; raises `ClientEventError`."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ClientEventError("invalid_value", f"Invalid '{param}': expected valid base64.", param) from error


class Fields:
    """One JSON object of a client event. Absent fields give the default; `path` names the object in errors."""

    def __init__(self, raw: object, path: str, allowed: Collection[str] | None = None) -> None:
        if not isinstance(raw, dict):
            raise invalid_type(path, "an object", raw)
        self.raw: Json = raw
        self.path = path
        for name in raw if allowed is not None else ():
            if name not in (allowed or ()):
                raise unknown(self.at(name))

    def at(self, name: str) -> str:
        """The full name of a field."""
        return f"{self.path}.{name}" if self.path else name

    def __contains__(self, name: str) -> bool:
        return name in self.raw

    def get(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """The raw value, None when absent."""
        return self.raw.get(name)

    def require(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """The raw value of a field that must be there."""
        if self.raw.get(name) is None:
            raise missing(self.at(name))
        return self.raw[name]

    def text(self, name: str, default: str, *, at_most: int | None = None) -> str:
        """A string."""
        value = self.raw.get(name, default)
        if not isinstance(value, str):
            raise invalid_type(self.at(name), "a string", value)
        if at_most is not None and len(value) > at_most:
            message = f"Invalid '{self.at(name)}': string too long. Expected a maximum length of {at_most}."
            raise ClientEventError("string_above_max_length", message, self.at(name))
        return value

    def choice(self, name: str, allowed: Collection[str], default: str) -> str:
        """One of a few strings."""
        value = self.text(name, default)
        if value not in allowed:
            raise invalid_value(self.at(name), value, allowed)
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self.raw.get(name, default)
        if not isinstance(value, bool):
            raise invalid_type(self.at(name), "a boolean", value)
        return value

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number within bounds, both included."""
        value = self.raw.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise invalid_type(self.at(name), "an integer", value)
        self._bound(name, value, low, high)
        return value

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """A number within bounds, both included."""
        value = self.raw.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid_type(self.at(name), "a number", value)
        self._bound(name, value, low, high)
        return value

    def listing(self, name: str, default: list[Any]) -> list[Any]:
        """An array of anything."""
        value = self.raw.get(name, default)
        if not isinstance(value, list):
            raise invalid_type(self.at(name), "an array", value)
        return value

    def strings(self, name: str) -> Mapping[str, str] | None:
        """The metadata map: at most 16 pairs, keys of 64 and values of 512 characters."""
        value = self.raw.get(name)
        if value is None:
            return None
        pairs = Fields(value, self.at(name))
        if len(pairs.raw) > 16:  # noqa: PLR2004 - OpenAI's documented limit
            raise invalid_value(self.at(name), f"{len(pairs.raw)} pairs", hint="At most 16 are allowed.")
        for key in pairs.raw:
            if len(key) > 64:  # noqa: PLR2004 - OpenAI's documented limit
                raise invalid_value(self.at(name), key, hint="Keys have at most 64 characters.")
            pairs.text(key, "", at_most=512)
        return dict(pairs.raw)

    def _bound(self, name: str, value: float, low: float, high: float) -> None:
        if value < low:
            message = f"Invalid '{self.at(name)}': value below minimum. Expected a value >= {low}, but got {value}."
            raise ClientEventError("invalid_value", message, self.at(name))
        if value > high:
            message = f"Invalid '{self.at(name)}': value above maximum. Expected a value <= {high}, but got {value}."
            raise ClientEventError("invalid_value", message, self.at(name))
