"""One overlay of settings: layers laid over each other, checked by the models, every wrong name or value placed.

A layer is a settings file's text, environment variables or flags; this module is handed them and reads nothing. Later
layers win, value by value. Errors are SettingsError with one line: where it stands, what is wrong, what is right.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from voiceloop.errors import SettingsError
from voiceloop.redact import looks_like_key
from voiceloop.settings import Settings

__all__ = [
    "ENV_PREFIX",
    "Effective",
    "Layer",
    "Path",
    "complaint",
    "dotted",
    "env_layer",
    "env_name",
    "flag_layer",
    "leaves",
    "overlay",
    "toml_layer",
]

ENV_PREFIX = "VOICELOOP_"
NOT_SETTINGS = frozenset({"VOICELOOP_DEBUG", "VOICELOOP_WATCHED"})
BACKEND_VARIABLES = {"DGRID_API_KEY": ("backend", "api_key"), "DGRID_BASE_URL": ("backend", "base_url")}
SECRET_NAME = re.compile(r"(?:^|[_-])(?:api_?key|secret|password|passwd|token|authorization)$", re.IGNORECASE)
FREE = "plugins"
"""The section whose tables belong to plugins; its values are checked by them."""

ALSO_CALLED = {
    "asr": "transcription",
    "first_message": "greeting",
    "llm": "chat",
    "stt": "transcription",
    "system_prompt": "instructions",
    "tts": "speech",
}
"""What other systems call the things that are set here."""

IN_TOML = {
    "a valid dictionary( or instance of .*)?": "a table",
    "a valid tuple": "a list",
    "a valid string": "a text in quotes",
    "^Value error, ": "",
    "^Input should": "it should",
}
"""What pydantic says, in the words of a settings file."""

LONGEST_VALUE = 60
"""Characters of a wrong value that are shown."""

Path = tuple[str, ...]


def dotted(path: Path) -> str:
    """Return a path as people write it."""
    return ".".join(path)


@dataclass(frozen=True, slots=True)
class Layer:
    """Values by path."""

    values: Mapping[Path, Any]
    where: Callable[[Path], str]
    """Where the first value at or below a path stands, in words for people."""
    spell: Callable[[Path], str]
    """How this layer writes the name of a path."""


@dataclass(frozen=True, slots=True)
class Effective:
    """Checked settings, and where each value that is not a default came from."""

    settings: Settings
    given: Mapping[Path, Layer]
    values: Mapping[Path, Any]

    def where(self, path: Path) -> str:
        """Say where the value of a path came from, or of what it is a part of, or the first of its parts."""
        above = (path[:length] for length in range(len(path), 0, -1))
        below = (leaf for leaf in self.given if leaf[: len(path)] == path)
        found = next((leaf for leaf in (*above, *below) if leaf in self.given), None)
        return self.given[found].where(found) if found else "default"

    @contextlib.contextmanager
    def placing(self) -> Iterator[None]:
        """Say of a SettingsError that is raised meanwhile where its setting stands, if it was set here."""
        try:
            yield
        except SettingsError as error:
            if error.path and (where := self.where(error.path)) != "default":
                raise SettingsError(f"{where}: {error}") from error
            raise


# Layers --------------------------------------------------------------------------------------------------------------


def toml_layer(text: str, name: str) -> Layer:
    """Return the layer of a settings file; `name` is how people know it. Keys in it are refused."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        last = text.rstrip().count("\n") + 1
        wrong = str(error).replace("at end of document", f"at line {last}, the end")
        raise SettingsError(f"{name}: not valid TOML: {wrong}") from error
    lines = functools.cache(lambda: line_numbers(text))

    def where(path: Path) -> str:
        known = (path[:length] for length in range(len(path), 0, -1))
        return next((f"{name}, line {lines()[p]}" for p in known if p in lines()), name)

    values = dict(flat(tables))
    for path, value in values.items():
        if names_secret(path) or (isinstance(value, str) and looks_like_key(value)):
            raise SettingsError(
                f"{where(path)}: {dotted(path)} holds a secret, which does not belong in a settings file;"
                " remove it and set DGRID_API_KEY in the environment or in .env, or use --key-file"
            )
    return Layer(values, where, dotted)


def env_layer(environ: Mapping[str, str], where: Callable[[str], str] = str) -> Layer:
    """Return the layer of `VOICELOOP_*` and `DGRID_*` variables; empty `DGRID_*` count as not set."""
    names: dict[Path, str] = {}
    for name, value in environ.items():
        if name in BACKEND_VARIABLES and value.strip():
            names.setdefault(BACKEND_VARIABLES[name], name)
        elif name.startswith(ENV_PREFIX) and name not in NOT_SETTINGS:
            names[tuple(name.removeprefix(ENV_PREFIX).lower().split("__"))] = name
    values = {path: from_text(path, environ[name].strip()) for path, name in names.items()}
    return Layer(values, lambda path: where(first_below(path, names)), env_name)


def flag_layer(flags: Mapping[Path, tuple[str, Any]]) -> Layer:
    """Return the layer of flags: path to flag name and value; None means the flag was not used."""
    used = {path: flag for path, flag in flags.items() if flag[1] is not None}
    names = {path: name for path, (name, _) in used.items()}
    return Layer({path: value for path, (_, value) in used.items()}, lambda path: first_below(path, names), dotted)


def first_below(path: Path, names: Mapping[Path, str]) -> str:
    """Return the name of the first path that begins with `path`."""
    return next(name for known, name in names.items() if known[: len(path)] == path)


def flat(tables: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each value that is no table, and empty tables, with its path."""
    for name, value in tables.items():
        if isinstance(value, dict) and value:
            yield from flat(value, (*above, name))
        else:
            yield (*above, name), value


def line_numbers(text: str) -> dict[Path, int]:
    """Return the line on which each path of a valid TOML text begins.

    A path stands where the shortest readable beginning of the text that holds it ends; a value of several lines begins
    after the last readable beginning that does not hold it.
    """
    found: dict[Path, int] = {}
    lines = text.splitlines(keepends=True)
    first_unread = 1
    for number in range(1, len(lines) + 1):
        try:
            tables = tomllib.loads("".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            continue
        for path, _ in flat(tables):
            for length in range(1, len(path) + 1):
                found.setdefault(path[:length], first_unread)
        first_unread = number + 1
    return found


def from_text(path: Path, text: str) -> Any:  # noqa: ANN401 - a value of any type, checked by the models later
    """Return a variable's text as the type its setting wants, as far as a text needs help."""
    if path[0] == FREE:
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    if "tuple" in str(annotation(path)):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


# Laying over ---------------------------------------------------------------------------------------------------------


def overlay(layers: Sequence[Layer]) -> Effective:
    """Lay layers over each other, the last on top, and check the result. Raises SettingsError."""
    given = stacked(layers)
    values = {path: nothing_if_empty(path, layer.values[path]) for path, layer in given.items()}
    tables: dict[str, Any] = {}
    for path in sorted(values, key=len):
        table = tables
        for depth, name in enumerate(path[:-1], 1):
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise SettingsError(
                    f"{given[path[:depth]].where(path[:depth])}: {dotted(path[:depth])} must be a table"
                )
        value = values[path]
        table[path[-1]] = dict(value) if isinstance(value, dict) else value
    try:
        return Effective(Settings.model_validate(tables), given, values)
    except ValidationError as error:
        refuse(error, given)


def stacked(layers: Sequence[Layer]) -> dict[Path, Layer]:
    """Return which layer has the last word about each path; a value also replaces what stands below its path."""
    given: dict[Path, Layer] = {}
    for layer in layers:
        below = [leaf for leaf in given if any(leaf[:length] in layer.values for length in range(1, len(leaf)))]
        for leaf in below:  # one voice for all takes the place of a table of voices
            del given[leaf]
        given.update(dict.fromkeys(layer.values, layer))
    return given


def nothing_if_empty(path: Path, value: Any) -> Any:  # noqa: ANN401 - a value of any type
    """TOML and variables have no word for None: an empty text means it, where None is allowed."""
    return None if value == "" and type(None) in get_args(annotation(path)) else value


def refuse(error: ValidationError, given: Mapping[Path, Layer]) -> NoReturn:
    """Raise the first of pydantic's findings as one line."""
    findings = error.errors(include_url=False, include_context=False)
    finding = findings[0]
    path = tuple(str(part) for part in finding["loc"])
    owner, layer = next(
        (path[:length], given[leaf])
        for length in range(len(path), 0, -1)
        for leaf in given
        if leaf[:length] == path[:length]
    )
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    raise SettingsError(f"{layer.where(owner)}: {complaint(finding, path, owner, layer.spell)}{more}") from error


def complaint(finding: ErrorDetails, path: Path, owner: Path, spell: Callable[[Path], str] = dotted) -> str:
    """Say what pydantic found wrong about a path, and what would be right; `owner` is the setting it is a part of."""
    if finding["type"] == "extra_forbidden":
        return f"there is no setting {dotted(path)}; {nearest(path, spell=spell)}"
    value = "***" if names_secret(path) else shortened(finding["input"])
    allowed = functools.reduce(lambda said, word: re.sub(word, IN_TOML[word], said), IN_TOML, finding["msg"])
    return f"{dotted(owner)} = {value} is wrong: {allowed}"


def nearest(path: Path, *, spell: Callable[[Path], str]) -> str:
    """Say which right name a wrong one comes nearest to."""
    section, name = path[:-1], ALSO_CALLED.get(path[-1], path[-1])
    known = sorted({leaf[:length] for leaf in leaves(Settings) for length in range(1, len(leaf) + 1)}, key=len)
    below = [right for right in known if len(right) > len(section) and right[: len(section)] == section]
    siblings = sorted(right[-1] for right in below if len(right) == len(path))
    parts = [right for right in siblings if right == name or right.startswith(f"{name}_") or right.endswith(f"_{name}")]
    elsewhere = [right for right in known if right[-1] == name and len(right) > 1]
    deeper = {dotted(right[len(section) :]): right for right in below if len(right) > len(path)}
    if parts:
        found = (*section, parts[0])
    elif close := difflib.get_close_matches(name, [s for s in siblings if (*section, s) in leaves(Settings)], 1, 0.9):
        found = (*section, close[0])
    elif elsewhere and (name,) not in known:  # the right name in the wrong place
        found = elsewhere[0]
    elif close := difflib.get_close_matches(name, siblings, n=1) or [s for s in siblings if s.startswith(name)]:
        found = (*section, close[0])
    elif close := difflib.get_close_matches(name, deeper, n=1, cutoff=0.8):
        found = deeper[close[0]]
    else:
        return f"known here: {', '.join(siblings)}" if siblings else "see voiceloop config show"
    return f"did you mean {spell(found)}?"


# Names ---------------------------------------------------------------------------------------------------------------


def env_name(path: Path) -> str:
    """Return the variable that sets a path."""
    return ENV_PREFIX + "__".join(path).upper()


def leaves(model: type[BaseModel], above: Path = ()) -> Iterator[Path]:
    """Yield the path of every setting."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation, (*above, name))
        else:
            yield (*above, name)


def annotation(path: Path) -> Any:  # noqa: ANN401 - a type or a form of typing
    """Return the type a path's setting wants; None where there is no such setting."""
    wanted: Any = Settings
    for name in path:
        field = wanted.model_fields.get(name) if isinstance(wanted, type) and issubclass(wanted, BaseModel) else None
        if field is None:
            return None
        wanted = field.annotation
    return wanted


def names_secret(path: Path) -> bool:
    """Whether a path sounds as if it held a secret, and is no setting that is known to hold none."""
    return SECRET_NAME.search(path[-1]) is not None and annotation(path) in {None, SecretStr | None}


def shortened(value: object) -> str:
    """Return a wrong value short enough for one line."""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."
