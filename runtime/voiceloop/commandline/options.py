"""What the commands of the command line share: options that mean the same everywhere, and imports that come late."""

from __future__ import annotations

import gc
import importlib
import os
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["ConfigOption", "KeyFileOption", "command", "origins"]

ConfigOption = Annotated[Path | None, typer.Option("--config", help="Settings file (TOML).", metavar="FILE")]
KeyFileOption = Annotated[Path | None, typer.Option("--key-file", help="File that holds the key.", metavar="FILE")]

NEW_OBJECTS = 10_000
"""A look at so many takes 2 ms."""


def command(module: str, name: str) -> Any:  # noqa: ANN401 - commands have arguments of their own
    """Import a command. From then on Python looks for garbage often enough that no look holds up sound."""
    found = getattr(importlib.import_module(f"voiceloop.commandline.{module}"), name)
    gc.set_threshold(NEW_OBJECTS)
    return found


def origins(config: Path | None = None, key_file: Path | None = None) -> Any:  # noqa: ANN401 - imported late
    """Return where settings come from."""
    sources = importlib.import_module("voiceloop.sources")
    keyring = importlib.import_module("voiceloop.keystore").stored_key
    return sources.Origins(config=config, key_file=key_file, environ=os.environ, keyring=keyring)
