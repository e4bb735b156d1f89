"""A memory with an end: what has to be known of the newest few of something, however long a session lasts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

__all__ = ["Recent"]

V = TypeVar("V")

MOST = 256


class Recent(Generic[V]):
    """Values by id. Of more than `most` the one that was added first is forgotten."""

    __slots__ = ("_most", "_values")

    def __init__(self, most: int = MOST) -> None:
        self._values: dict[str, V] = {}
        self._most = most

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, key: str) -> V:
        return self._values[key]

    def __setitem__(self, key: str, value: V) -> None:
        self._values[key] = value
        if len(self._values) > self._most:
            del self._values[next(iter(self._values))]

    def get(self, key: str, default: V) -> V:
        """Return the value of an id; `default` when it is unknown or forgotten."""
        return self._values.get(key, default)

    def setdefault(self, key: str, default: V) -> V:
        """Return the value of an id, which becomes `default` when it is unknown or forgotten."""
        if key not in self._values:
            self[key] = default
        return self._values[key]

    def pop(self, key: str, default: V) -> V:
        """Forget an id and return its value; `default` when it is unknown or forgotten."""
        return self._values.pop(key, default)
