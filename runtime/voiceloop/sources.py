"""Where settings, keys and agents come from: files and the environment, read here and nowhere else.

Order, later wins: keyring of the system (keys only), settings file, `.env` in the working folder, environment, flags,
`--key-file`.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pydantic import ValidationError

from voiceloop.agent import Agent
from voiceloop.errors import SettingsError, UsageError
from voiceloop.keystore import stored_key
from voiceloop.overlay import (
    BACKEND_VARIABLES,
    ENV_PREFIX,
    Effective,
    Layer,
    complaint,
    env_layer,
    flag_layer,
    overlay,
    toml_layer,
)
from voiceloop.overlay import Path as SettingPath
from voiceloop.settings import AgentSettings, BackendSettings, Settings

__all__ = [
    "DEFAULT_BASE_URL",
    "Origins",
    "agent_from_file",
    "base_url",
    "environment_settings",
    "read_settings",
    "realtime_url",
]

DEFAULT_BASE_URL = "https://api.dgrid.ai"
LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")
SECURE = frozenset({"https", "wss"})
PLAIN = frozenset({"http", "ws"})
USER = re.compile(r"^(\w+://)?.*@", re.DOTALL)
KEY_CHARACTERS = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Origins:
    """What settings are made from."""

    config: Path | None = None
    key_file: Path | None = None
    flags: Mapping[SettingPath, tuple[str, Any]] = field(default_factory=dict)
    """Setting to flag name and value; a value of None counts as not given."""
    environ: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()
    """Where `.env` is looked for."""
    keyring: Callable[[str], str | None] | None = None
    """Gives the key that is kept for a base URL; asked when there is none elsewhere."""


def read_settings(origins: Origins) -> Effective:
    """Read, lay over and check all settings; the base URL comes out normal. Raises UsageError or SettingsError."""
    layers: list[Layer] = []
    if origins.config is not None:
        layers.append(toml_layer(read_text(origins.config, "settings file"), str(origins.config)))
    layers.append(dotenv_layer(origins.folder / ".env", origins.environ))
    layers.append(env_layer(origins.environ))
    layers.append(flag_layer(origins.flags))
    if origins.key_file is not None:
        key = read_text(origins.key_file, "key file").strip()
        layers.append(flag_layer({("backend", "api_key"): (f"--key-file {origins.key_file}", key)}))
    effective = overlay(layers)
    backend = checked_backend(effective)
    if backend.api_key is None and origins.keyring is not None:
        kept = origins.keyring(backend.base_url or DEFAULT_BASE_URL)
        if kept is not None:
            effective = overlay([*layers, flag_layer({("backend", "api_key"): ("the keyring", kept)})])
            backend = checked_backend(effective)
    settings = effective.settings.model_copy(update={"backend": backend})
    return Effective(settings, effective.given, effective.values)


def environment_settings(*, needs_backend: bool = True) -> Settings:
    """Return what `.env`, the environment and the keyring say, for programs without a command line.

    Raises SettingsError for a wrong value and, where a backend is needed, when there is neither a key nor a base URL.
    """
    settings = read_settings(Origins(environ=os.environ, keyring=stored_key)).settings
    if needs_backend and settings.backend.base_url is None:
        raise SettingsError(
            "there is no backend: set DGRID_API_KEY, or start `voiceloop gateway` and set DGRID_BASE_URL to its address"
        )
    return settings


def checked_backend(effective: Effective) -> BackendSettings:
    """Return the backend's settings with a normal base URL; the default one where there is a key and no URL."""
    backend = effective.settings.backend
    if backend.api_key is not None and not KEY_CHARACTERS.fullmatch(backend.api_key.get_secret_value()):
        where = effective.where(("backend", "api_key"))
        raise SettingsError(f"{where}: the key is empty or holds blanks, line breaks or letters that no key has")
    if backend.base_url is not None:
        try:
            url = base_url(backend.base_url, allow_plaintext=backend.allow_plaintext)
        except SettingsError as error:
            raise SettingsError(f"{effective.where(('backend', 'base_url'))}: {error}") from error
        return backend.model_copy(update={"base_url": url})
    return backend.model_copy(update={"base_url": DEFAULT_BASE_URL if backend.api_key is not None else None})


# Base URLs -----------------------------------------------------------------------------------------------------------


def base_url(url: str, *, allow_plaintext: bool = False) -> str:
    """Return a base URL as `http(s)://host[:port][/path]`, without a trailing `/` and `/v1`. Raises SettingsError."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        why = "" if "@" in url else f": {error}"  # which quotes parts of it
        raise SettingsError(f"{_shown(url)!r} is no URL{why}") from None
    if parts.scheme not in SECURE | PLAIN or not parts.hostname or port == 0:
        raise SettingsError(f"{_shown(url)!r} is no base URL; write it like {DEFAULT_BASE_URL}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise SettingsError("a base URL holds no user, password, question mark or #; set the key as DGRID_API_KEY")
    if parts.scheme in PLAIN and not allow_plaintext and not LOOPBACK.fullmatch(parts.hostname):
        raise SettingsError(
            f"{parts.scheme}://{parts.netloc} would send the key and the conversation readable for everyone on the way;"
            " use https, or set backend.allow_plaintext"
        )
    scheme = "https" if parts.scheme in SECURE else "http"
    return parts._replace(scheme=scheme, path=bare_path(parts)).geturl()


def _shown(url: str) -> str:
    """Return what may be told of a wrong base URL: everything before an @ may be a user's name and password."""
    return USER.sub(r"\1***@", url)


def bare_path(parts: SplitResult) -> str:
    """Return the path without trailing `/` and `/v1`."""
    return parts.path.rstrip("/").removesuffix("/v1").rstrip("/")


def realtime_url(base: str) -> str:
    """Return the websocket form of a normal base URL."""
    return base.replace("http", "ws", 1)


# Files ---------------------------------------------------------------------------------------------------------------


def read_text(path: Path, what: str) -> str:
    """Read a file a flag named. Raises UsageError when it cannot be read or is empty."""
    try:
        text = path.read_text("utf-8-sig")  # Windows likes to begin a file with a mark of its own
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a null byte in the name
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"cannot read the {what} {path}: {reason}") from error
    if not text.strip():
        raise UsageError(f"the {what} {path} is empty")
    return text


def dotenv_layer(path: Path, environ: Mapping[str, str]) -> Layer:
    """Return the layer of a `.env` file; names that are in the environment too are left to it."""
    if not path.is_file():
        return env_layer({})
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsError(f"cannot read {path}: {reason}; make it readable or remove it") from error
    found = {name: (number, value) for number, name, value in dotenv_lines(text) if not environ.get(name, "").strip()}
    values = {name: value for name, (_, value) in found.items()}
    return env_layer(values, lambda name: f"{path.name}, line {found[name][0]} ({name})")


def dotenv_lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line number, name and value of each line that concerns voiceloop; the file may serve others too."""
    for number, line in enumerate(text.splitlines(), 1):
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        name = name.strip()
        if equals and (name in BACKEND_VARIABLES or name.startswith(ENV_PREFIX)):
            yield number, name, unquoted(value.strip())


def unquoted(value: str) -> str:
    """Return a `.env` value without its quotes, or without the comment behind it."""
    if value[:1] in {"'", '"'} and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return re.split(r"(?:^|\s)#", value, maxsplit=1)[0].strip()


# Agents --------------------------------------------------------------------------------------------------------------


def agent_from_file(path: Path) -> Agent:
    """Import a Python file and return its agent: the object named `agent`, or the only Agent. Raises UsageError."""
    if path.suffix != ".py":
        raise UsageError(f"{path} is no Python file; name a file like agent.py, or use --config for a settings file")
    module = import_file(path)
    named = getattr(module, "agent", None)
    if isinstance(named, Agent):
        return named
    found = {name: value for name, value in vars(module).items() if isinstance(value, Agent)}
    if not found:
        raise UsageError(f"{path} has no agent; end it with: agent = voiceloop.Agent(...)")
    if len({id(value) for value in found.values()}) > 1:
        raise UsageError(f"{path} has several agents ({', '.join(found)}); call the one to run: agent")
    return next(iter(found.values()))


def import_file(path: Path) -> ModuleType:
    """Run a file as a module of its own; its folder can be imported from. Raises UsageError with the line at fault."""
    if not path.is_file():
        raise UsageError(
            f"cannot read the agent {path}: {'it is a folder' if path.is_dir() else 'there is no such file'}"
        )
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None, "the name ends in .py"
    assert spec.loader is not None, "the name ends in .py"
    module = importlib.util.module_from_spec(spec)
    # Tools' annotations are looked up in sys.modules; a name that is taken stays whose it is.
    sys.modules.setdefault(path.stem, module)
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the author's code raises is told
        raise UsageError(f"{path}, line {line_at_fault(error, path)}: {wrong_with(error)}") from error
    return module


def line_at_fault(error: BaseException, path: Path) -> int:
    """Return the last line of the file itself that led to the error."""
    name = os.path.abspath(path)  # noqa: PTH100 - as importing spells it: no link is followed
    if isinstance(error, SyntaxError) and error.filename == name:
        return error.lineno or 1
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    return (lines or [1])[-1] or 1


def wrong_with(error: BaseException) -> str:
    """Return what an error says; of an agent's arguments what a settings file would be told of them."""
    if isinstance(error, ValidationError) and error.title == AgentSettings.__name__:
        finding = error.errors(include_url=False, include_context=False)[0]
        setting = ("agent", *map(str, finding["loc"]))
        return complaint(finding, setting, setting)
    return f"{type(error).__name__}: {one_line(error)}"


def one_line(error: BaseException) -> str:
    """Return an error's message on one line."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return " ".join(text.split())
