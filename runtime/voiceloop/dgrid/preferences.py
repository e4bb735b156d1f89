"""Which model fits which role: preferences from one dated data file, so that no model id stands in code."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

__all__ = ["ROLES", "Preferences", "Role", "preferences"]

ROLES = ("realtime", "transcription", "chat", "speech", "embedding", "image", "moderation")
DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Role:
    """What a model is wanted for, and which ones fit, best first."""

    name: str
    prefer: tuple[str, ...]
    likely: tuple[str, ...]
    """Shapes of ids that would do; `*` stands for anything."""
    unlikely: tuple[str, ...]
    """Shapes that are refused although they look likely."""

    @property
    def first(self) -> str:
        """The id to try where nobody tells which there are."""
        return self.prefer[0]

    def fits(self, model: str) -> bool:
        """Whether a model could take this role, as far as its id tells."""
        return model in self.prefer or (matches(model, self.likely) and not matches(model, self.unlikely))

    def choose(self, models: Sequence[str]) -> str | None:
        """Return the best of these models: a preferred one, else the first that fits; None when none does."""
        preferred = (model for model in self.prefer if model in models)
        return next(preferred, None) or next(filter(self.fits, models), None)


@dataclass(frozen=True, slots=True)
class Preferences:
    """The data file."""

    file: str
    date: date
    roles: Mapping[str, Role]


def matches(model: str, shapes: Iterable[str]) -> bool:
    """Whether an id has one of these shapes; capitals do not matter."""
    return any(fnmatchcase(model.lower(), shape) for shape in shapes)


@functools.cache
def preferences() -> Preferences:
    """Read the newest data file of the package, once."""
    path = max(DATA.glob("models-*.toml"))
    tables = tomllib.loads(path.read_text("utf-8"))
    roles = {
        name: Role(name, *(tuple(tables[name][part]) for part in ("prefer", "likely", "unlikely"))) for name in ROLES
    }
    return Preferences(path.name, tables["date"], roles)
