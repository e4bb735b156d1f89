"""The transcript: one JSON object a line, `event` and `t` first, flushed as it happens.

`t` is when it happened, in seconds on the recording's clock; lines stand in the order of writing, so `t` may step back
by up to `STEP_BACK_S`. Fields may be added, never renamed. `FIELDS` lists every event with the fields it always has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Self, TextIO

import msgspec

from voiceloop.commands import WriteLine
from voiceloop.errors import UsageError
from voiceloop.machine import private_file
from voiceloop.vocabulary import RECOVERED, Cause, Outcome, Tier

__all__ = ["FIELDS", "STEP_BACK_S", "TranscriptLine", "TranscriptWriter", "open_private", "problems"]

STEP_BACK_S = 2.0

FIELDS: Mapping[str, Mapping[str, type | UnionType]] = {
    "session_started": {"tier": str, "model": str},
    "tier_changed": {"tier": str, "cause": str},
    "microphone": {"state": str},
    "user_speech_started": {"turn_id": str},
    "user_speech_stopped": {"turn_id": str},
    "user_said": {"turn_id": str, "text": str},
    "agent_speech_started": {"reply_id": str},
    "agent_speech_stopped": {"reply_id": str},
    # One per reply, after its playback ended; heard_ms is null for a reply of text only.
    "agent_said": {
        "reply_id": str,
        "text": str,
        "heard_text": str,
        "heard_ms": int | float | None,
        "interrupted": bool,
        "items": list,
    },
    "tool_called": {"call_id": str, "name": str, "arguments": str | dict},
    "tool_finished": {"call_id": str, "outcome": str, "output": str},
    "turn_metrics": {"turn_id": str},  # milestones in ms on one clock; absent when unknown
    "warning": {"code": str, "detail": str},
    "session_ended": {"reason": str},
}
"""Every transcript event with the fields it always has and their types in JSON."""

CHOICES: Mapping[str, frozenset[str]] = {
    "tier": frozenset(Tier),
    "cause": frozenset(Cause) | {RECOVERED},
    "outcome": frozenset(Outcome),
}

ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One line: what happened, when in seconds on the recording's clock, and its fields."""

    event: str
    t: float
    fields: Mapping[str, Any]

    @classmethod
    def of(cls, command: WriteLine) -> Self:
        """Return the line a command asks for."""
        return cls(command.event, command.t, command.fields)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object: `event`, `t` to a tenth of a millisecond, then the fields."""
        fields: dict[str, Any] = msgspec.to_builtins(dict(self.fields))
        return {"event": self.event, "t": round(self.t, 4), **fields}

    def as_json(self) -> str:
        """Return the line as it stands in the file, without its end."""
        return ENCODER.encode(self.as_dict()).decode()


class TranscriptWriter:
    """Writes transcript lines to a file that only its owner can read."""

    __slots__ = ("_file", "path")

    def __init__(self, path: Path) -> None:
        """Create or empty the file. Raises UsageError when it cannot be written."""
        self.path = path
        self._file: TextIO = open_private(path, "transcript")

    def write(self, line: TranscriptLine) -> None:
        """Write one line and flush it; a write after `close` is ignored. Raises UsageError when the disk refuses."""
        if self._file.closed:
            return
        try:
            self._file.write(line.as_json() + "\n")
            self._file.flush()
        except OSError as error:
            self.close()
            raise UsageError(f"cannot write the transcript {self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Close the file. Idempotent."""
        try:
            self._file.close()
        except OSError:  # a full disk was reported by the write already
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def open_private(path: Path, what: str) -> TextIO:
    """Open a text file for writing, readable by its owner alone. Raises UsageError that names `what`."""
    try:
        return os.fdopen(private_file(path), "w", encoding="utf-8", newline="\n")
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot write the {what} {path}: {reason}; name a file in a folder that exists") from error


def problems(lines: list[Mapping[str, Any]]) -> list[str]:
    """Return what is wrong with a transcript, one sentence each; empty when nothing is."""
    found = [f"line {number}: {problem}" for number, line in enumerate(lines, 1) for problem in line_problems(line)]
    found += step_back_problems(lines)
    ends = [number for number, line in enumerate(lines, 1) if line.get("event") == "session_ended"]
    if ends != [len(lines)]:
        found.append(f"session_ended must be the last line and stand once; it stands in {ends or 'no line'}")
    return found


def line_problems(line: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one line by itself."""
    event = str(line.get("event"))
    if event not in FIELDS:
        yield f"unknown event {event!r}"
        return
    if list(line)[:2] != ["event", "t"] or not is_a(line["t"], int | float):
        yield f"{event} must begin with event and a number t"
    for name, wanted in FIELDS[event].items():
        if name not in line:
            yield f"{event} lacks {name}"
        elif not is_a(line[name], wanted):
            yield f"{event}.{name} is {line[name]!r}"
        elif name in CHOICES and line[name] not in CHOICES[name]:
            yield f"{event}.{name} is {line[name]!r}, not one of {', '.join(sorted(CHOICES[name]))}"


def step_back_problems(lines: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield each line whose `t` lies too far behind an earlier one."""
    latest = 0.0
    for number, line in enumerate(lines, 1):
        t = line.get("t")
        if not isinstance(t, int | float):
            continue
        if round(latest - t, 6) > STEP_BACK_S:  # times have milliseconds, their difference has a little more
            yield f"line {number}: t steps back from {latest} to {t}"
        latest = max(latest, t)


def is_a(value: object, wanted: type | UnionType) -> bool:
    """Whether a JSON value is of a type; true and false are no numbers."""
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, wanted)
