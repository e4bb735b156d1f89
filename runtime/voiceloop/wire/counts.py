"""What came in that was of no use, counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

__all__ = ["Counts"]

_TYPES_KEPT: Final = 64


@dataclass(slots=True)
class Counts:
    """What came in that was of no use."""

    unknown: int = 0
    broken: int = 0
    benign: int = 0
    """Errors that only say a race was lost."""
    resent: int = 0
    """Messages sent again without a field the server refused."""
    unknown_types: dict[str, int] = field(default_factory=dict)
    """Of `unknown`, by type; the first 64 types."""

    def saw_unknown(self, type_: str) -> None:
        """An event that no table names arrived."""
        self.unknown += 1
        if type_ in self.unknown_types or len(self.unknown_types) < _TYPES_KEPT:
            self.unknown_types[type_] = self.unknown_types.get(type_, 0) + 1
