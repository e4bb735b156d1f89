"""`voiceloop plugins` and `voiceloop config`: what is installed and what is set."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from pydantic import SecretStr

from voiceloop.overlay import Effective, dotted, leaves
from voiceloop.plugins import installed
from voiceloop.settings import Settings
from voiceloop.sources import Origins, read_settings

__all__ = ["plugins", "print_rows", "schema", "show"]


def plugins() -> int:
    """Print every installed plugin."""
    rows = [(p.group, p.name, p.target, f"{p.distribution} {p.version}") for p in installed()]
    print_rows([("group", "name", "factory", "from"), *rows])
    return 0


def print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns as wide as their widest entry."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(entry.ljust(width) for entry, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def show(origins: Origins) -> int:
    """Print the effective settings as TOML, each with where it came from."""
    sys.stdout.write("\n".join(shown(read_settings(origins))) + "\n")
    return 0


def shown(effective: Effective) -> list[str]:
    """Return one line for each setting and one for each section's name."""
    rows: list[str] = []
    section: tuple[str, ...] = ()
    free = [path for path in effective.values if path[0] == "plugins"]
    for path in [*(leaf for leaf in leaves(Settings) if leaf != ("plugins",)), *sorted(free)]:
        if path[:-1] != section:
            section = path[:-1]
            rows.append(f"\n[{dotted(section)}]" if rows else f"[{dotted(section)}]")
        rows.append(f"{path[-1]} = {written(value_at(effective, path))}  # {effective.where(path)}")
    return rows


def value_at(effective: Effective, path: tuple[str, ...]) -> object:
    """Return a setting's value; that of a plugin's table as it was given."""
    if path[0] == "plugins":
        return effective.values[path]
    value: object = effective.settings
    for name in path:
        value = getattr(value, name)
    return value


def written(value: object) -> str:
    """Return a value as TOML writes it; an unset one as empty text, a secret as stars."""
    if isinstance(value, SecretStr):
        return '"***"'
    if isinstance(value, tuple):
        value = list(value)
    return json.dumps("" if value is None else value, ensure_ascii=False)


def schema() -> int:
    """Print the JSON schema of a settings file."""
    sys.stdout.write(json.dumps(Settings.model_json_schema(), indent=2) + "\n")
    return 0
