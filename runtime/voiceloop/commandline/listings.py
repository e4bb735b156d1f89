"""`voiceloop plugins` and `voiceloop config`: what is installed and what is set."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from voiceloop.commandline.schema import schema_text
from voiceloop.overlay import Effective, dotted, leaves
from voiceloop.plugins import installed
from voiceloop.settings import Settings
from voiceloop.sources import Origins, agent_from_file, read_settings

__all__ = ["plugins", "print_rows", "schema", "show"]

SECRETS = frozenset({("backend", "api_key")})


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


def show(origins: Origins, agent_file: Path | None = None) -> int:
    """Print the effective settings as TOML, each with where it came from; with a file, those of its agent."""
    effective = read_settings(origins)
    if agent_file is not None:
        settings = effective.settings.of(agent_from_file(agent_file).settings)
        effective = Effective(settings, effective.given, effective.values)
    sys.stdout.write("\n".join(shown(effective, str(agent_file or ""))) + "\n")
    return 0


def shown(effective: Effective, agent_file: str = "") -> list[str]:
    """Return the lines of a settings file that has the same effect. A secret is only mentioned: no file may hold it."""
    untouched = Effective(Settings(), {}, {})

    def origin(path: tuple[str, ...]) -> str:
        by_agent = path not in effective.values and value_at(effective, path) != value_at(untouched, path)
        return agent_file if by_agent and agent_file else effective.where(path)

    sections: dict[tuple[str, ...], list[str]] = {}
    free = sorted(path for path in effective.values if path[0] == "plugins")
    for path in [*(leaf for leaf in leaves(Settings) if leaf != ("plugins",)), *free]:
        line = f"{path[-1]} = {written(value_at(effective, path))}  # {origin(path)}"
        sections.setdefault(path[:-1], []).append(f"# {line}" if path in SECRETS else line)
    return [line for section, lines in sections.items() for line in (f"[{dotted(section)}]", *lines, "")][:-1]


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
    if isinstance(value, dict):
        entries = ", ".join(f"{json.dumps(name, ensure_ascii=False)} = {written(part)}" for name, part in value.items())
        return f"{{ {entries} }}" if entries else "{}"
    return json.dumps("" if value is None else value, ensure_ascii=False)


def schema() -> int:
    """Print the JSON schema of a settings file."""
    sys.stdout.write(schema_text())
    return 0
