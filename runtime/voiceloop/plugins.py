"""Finds plugins through entry points and loads only the ones that are named."""

from __future__ import annotations

import difflib
import functools
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from voiceloop.errors import DeviceError, MisuseError, SettingsError, VoiceloopError

__all__ = ["GROUPS", "Installed", "PluginContext", "check_tables", "installed", "load"]

TOOLS: Final = "voiceloop.tools"
GROUPS: Final = (TOOLS, "voiceloop.engines", "voiceloop.lines", "voiceloop.services")

_all_points = functools.cache(entry_points)  # looking reads a file of every distribution that is installed


@dataclass(frozen=True, slots=True)
class PluginContext:
    """What the factory of a tool plugin learns about where it runs."""

    data_dir: Path | None = None
    """Where the plugin may keep files; None when nothing may be kept."""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Installed:
    """An entry point that is there, loaded or not."""

    group: str
    name: str
    target: str
    """Module and factory, `package.module:factory`."""
    distribution: str
    version: str


def installed() -> list[Installed]:
    """Return every entry point of every group, sorted, without importing any of them."""
    return sorted((_described(point) for group in GROUPS for point in _points(group)), key=_place)


def check_tables(names: Iterable[str]) -> None:
    """Refuse a table `[plugins.NAME]` that no installed plugin would read. Raises SettingsError."""
    for name in names:
        known = sorted({point.name for group in GROUPS for point in _points(group)})
        if name not in known:
            raise SettingsError(f"there is no plugin {name}; {_hint(name, known)}", ("plugins", name))


def load(group: str, name: str, settings: Mapping[str, Any], context: object) -> object:
    """Import the plugin `name` of `group` and return what its factory makes of `settings` and `context`.

    Raises SettingsError for a name that is not installed, is offered twice, or whose settings are wrong; DeviceError
    when a package it needs is missing; any other failure as a VoiceloopError. Each names the plugin and its
    distribution.
    """
    if group not in GROUPS:
        raise MisuseError(f"there are no plugins of group {group}; the groups are {', '.join(GROUPS)}")
    point = _find(group, name)
    try:
        return point.load()(settings, context)
    except ImportError as error:
        raise DeviceError(f"plugin {_culprit(point)} needs a package that is missing: {_one_line(error)}") from error
    except ValidationError as error:
        wrong = tuple(map(str, error.errors()[0]["loc"][:1]))
        raise SettingsError(
            f"settings of plugin {_culprit(point)} are wrong: {_complaints(error, _settings_of(point, error))}",
            ("plugins", name, *wrong),
        ) from error
    except SettingsError as error:
        raise SettingsError(f"plugin {_culprit(point)}: {_one_line(error)}", ("plugins", name, *error.path)) from error
    except VoiceloopError as error:
        raise _kind(error)(f"plugin {_culprit(point)}: {_one_line(error)}") from error
    except Exception as error:
        raise VoiceloopError(f"plugin {_culprit(point)} broke: {type(error).__name__}: {_one_line(error)}") from error


def _points(group: str) -> Sequence[EntryPoint]:
    return tuple(_all_points().select(group=group))


def _find(group: str, name: str) -> EntryPoint:
    points = _points(group)
    found = {point.value: point for point in points if point.name == name}
    if len(found) == 1:
        return next(iter(found.values()))
    kind = group.rpartition(".")[2]
    if found:
        makers = " and ".join(sorted(_described(point).distribution for point in found.values()))
        raise SettingsError(f"{name} under {kind} is offered by {makers}; uninstall one of them")
    raise SettingsError(
        f"there is no plugin {name} under {kind}; {_hint(name, sorted({p.name for p in points}))}",
        ("agent", "tools") if group == TOOLS else (),
    )


def _hint(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"installed are: {', '.join(known)}" if known else "none is installed"


def _described(point: EntryPoint) -> Installed:
    maker = point.dist
    return Installed(
        point.group, point.name, point.value, maker.name if maker else "unknown", maker.version if maker else "unknown"
    )


def _culprit(point: EntryPoint) -> str:
    """How an error names a plugin."""
    plugin = _described(point)
    return f"{plugin.name} ({plugin.target} of {plugin.distribution} {plugin.version})"


def _place(plugin: Installed) -> tuple[int, str, str]:
    return GROUPS.index(plugin.group), plugin.name, plugin.target


def _settings_of(point: EntryPoint, error: ValidationError) -> Sequence[str]:
    """The settings a plugin has, if the model that refused them stands beside its factory."""
    model = getattr(sys.modules.get(point.module), error.title, None)
    return sorted(getattr(model, "model_fields", ()))


def _complaints(error: ValidationError, known: Sequence[str]) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'settings'}: {_complaint(item, known)}" for item in found)


def _complaint(item: ErrorDetails, known: Sequence[str]) -> str:
    """What is wrong with one value; for a name that is unknown pydantic has no word for people."""
    if item["type"] != "extra_forbidden":
        return item["msg"].removeprefix("Value error, ")
    near = difflib.get_close_matches(str(item["loc"][-1]), known, n=1)
    return f"there is no such setting{f'; did you mean {near[0]}?' if near else ''}"


def _kind(error: VoiceloopError) -> type[VoiceloopError]:
    """A plugin's own error class may want other arguments, so its documented base is raised."""
    return next(kind for kind in type(error).__mro__ if kind.__module__ == VoiceloopError.__module__)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
