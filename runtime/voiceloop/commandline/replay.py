"""`voiceloop replay`: step a recorded session again and compare every decision."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec

from voiceloop.core import Core, Profile
from voiceloop.errors import TapeError, UsageError
from voiceloop.tape import read_tape
from voiceloop.tape import replay as step_again

__all__ = ["core_of", "replay"]


def replay(path: Path) -> int:
    """Replay a tape. Raises UsageError when it cannot be read, TapeError at the first other decision."""
    try:
        tape = read_tape(path)
        core_of(tape.settings)
    except TapeError as error:
        raise UsageError(str(error)) from error
    report = step_again(tape, core_of)
    if report.mismatch is not None:
        raise TapeError(f"{path}, {report.mismatch.sentence}")
    cut = "; the tape ends before the session did" if report.cut else ""
    sys.stdout.write(f"{report.steps} events, {report.commands} commands: all as recorded by {tape.version}{cut}\n")
    return 0


def core_of(settings: Mapping[str, Any]) -> Core:
    """Return a new core with the profile of a tape. Raises TapeError for a profile of another version."""
    unknown = settings.keys() - {field.name for field in fields(Profile)}
    if unknown:
        raise TapeError(f"line 1: this version knows no profile field {', '.join(sorted(unknown))}")
    try:
        return Core(msgspec.convert(dict(settings), Profile))
    except msgspec.ValidationError as error:
        raise TapeError(f"line 1: {error}") from error
