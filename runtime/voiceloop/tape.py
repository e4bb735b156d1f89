"""The tape: everything a session was told and what its core decided, to be stepped again.

Line 1 is `{"tape":1,"version":..,"settings":{..},"seed":..}` with the core's profile as settings. Then each step stands
as one `{"at":seconds,"event":{"type":..}}` and one `{"command":{"type":..}}` for each command it gave. A step is
written in one piece, so a killed process cuts a tape only in its last lines.

Texts pass the redactor. Its masks keep lengths and words, and a masked character equals any other when commands are
compared, so a redacted tape replays.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self, TextIO, cast, get_args

import msgspec

from voiceloop.commands import Command
from voiceloop.errors import TapeError, UsageError
from voiceloop.events import Event, ReplyTextArrived
from voiceloop.redact import MASK, Redactor, same_but_for_masks
from voiceloop.transcript import open_private

__all__ = [
    "Mismatch",
    "ReplayReport",
    "Step",
    "Steps",
    "Tape",
    "TapeWriter",
    "command_of",
    "event_of",
    "read_tape",
    "replay",
    "to_plain",
]

FORMAT = 1
EVENTS: Mapping[str, type[msgspec.Struct]] = {kind.__name__: kind for kind in get_args(Event)}
COMMANDS: Mapping[str, type[msgspec.Struct]] = {kind.__name__: kind for kind in get_args(Command)}

WORDS = frozenset(
    {"arguments", "delta", "description", "detail", "heard_text", "instructions", "output", "say", "text"}
)
"""Fields that carry what people, models, tools or servers said. The core decides by their length at most."""

FIGURES = frozenset({"money_limit", "prices"})
"""Settings that the core computes with and nobody says: a mask in a price or a model's name would change a replay."""

MASKED_NUMBER = re.compile(rf"(?<=[\[:, ]){MASK}+(?=[,\]}}])")
"""A mask where JSON wants a number."""

ONES = re.compile("1{7,}")
"""What stands for a masked number; equals any number when commands are compared."""

LEFT_OUT = frozenset({"encoded"})
"""Fields that a tape does not hold: pictures."""

CONTEXT_CHARACTERS = 200
"""How much of a text that arrives in pieces is kept to recognise a secret cut in two."""

# Plain forms ---------------------------------------------------------------------------------------------------------


def to_plain(thing: Event | Command) -> dict[str, Any]:
    """Return the JSON object of an event or command, tagged with its class name as `type`."""
    return {"type": type(thing).__name__, **msgspec.to_builtins(thing)}


def event_of(data: Mapping[str, Any]) -> Event:
    """Return the event of a JSON object. Raises TapeError for an unknown type, field or value."""
    return cast("Event", from_plain(data, EVENTS))


def command_of(data: Mapping[str, Any]) -> Command:
    """Return the command of a JSON object. Raises TapeError for an unknown type, field or value."""
    return cast("Command", from_plain(data, COMMANDS))


def from_plain(data: Mapping[str, Any], kinds: Mapping[str, type[msgspec.Struct]]) -> object:
    """Return the event or command that `data["type"]` names among `kinds`."""
    given = dict(data)
    name = str(given.pop("type", None))
    kind = kinds.get(name)
    if kind is None:
        raise TapeError(f"unknown type {name!r}")
    if unknown := given.keys() - set(kind.__struct_fields__):
        raise TapeError(f"{name} has no field {', '.join(sorted(unknown))}")
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise TapeError(f"{name}: {error}") from error


# Writing -------------------------------------------------------------------------------------------------------------


class TapeWriter:
    """Writes a session's steps to a file that only its owner can read, or to a stream that stays open.

    A disk that fills up ends the tape, not the conversation; `failure` then says so.
    """

    __slots__ = ("_before", "_part", "_redact", "_stream", "failure", "path")

    def __init__(self, target: Path | TextIO, profile: object = None, *, redact: Redactor | None = None) -> None:
        """Create or empty the tape; with a profile, begin it. Raises UsageError when the file cannot be written."""
        self.path = target if isinstance(target, Path) else None
        self._stream: TextIO = open_private(target, "tape") if isinstance(target, Path) else target
        self._redact = redact or Redactor()
        self._part: tuple[str, str, int] = ("", "", 0)
        self._before = ""
        self.failure: UsageError | None = None
        if profile is not None:
            self.begin(profile)

    def begin(self, profile: object) -> None:
        """Write line 1. `profile` is a dataclass of plain values without secrets; its `seed`, if any, is lifted out."""
        plain = msgspec.to_builtins(profile)
        settings = self._redacted(plain, everywhere=True) | {name: plain[name] for name in FIGURES & plain.keys()}
        seed = settings.get("seed")
        self._write([{"tape": FORMAT, "version": version(), "settings": settings, "seed": seed}])

    def step(self, now: float, event: Event, commands: Sequence[Command]) -> None:
        """Write one step of the core. Never raises for the disk's sake."""
        lines: list[dict[str, Any]] = [{"at": now, "event": self._event(event)}]
        lines += ({"command": self._redacted(to_plain(command))} for command in commands)
        self._write(lines)

    def close(self) -> None:
        """End the tape; a stream that was handed in stays open. Idempotent."""
        if self.path is None:
            return
        try:
            self._stream.close()
        except OSError:  # a full disk, already noted in `failure`
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _event(self, event: Event) -> dict[str, Any]:
        plain = to_plain(event)
        if not isinstance(event, ReplyTextArrived):
            return self._redacted(plain)
        part = (event.reply_id, event.item_id, event.content_index)
        before = self._before if part == self._part else ""
        self._part, self._before = part, (before + event.delta)[-CONTEXT_CHARACTERS:]
        return {**plain, "delta": self._redact.delta(before, event.delta)}

    def _redacted(self, data: Mapping[str, Any], *, everywhere: bool = False) -> dict[str, Any]:
        """Redact the strings under the names in `WORDS`, or all of them."""
        return {
            name: "" if name in LEFT_OUT else self._redacted_value(part, everywhere=everywhere or name in WORDS)
            for name, part in data.items()
        }

    def _redacted_value(self, value: object, *, everywhere: bool) -> object:
        match value:
            case str() | Mapping() if everywhere:
                return self._redacted_words(value)
            case Mapping():
                return self._redacted(value)
            case list() | tuple():
                return [self._redacted_value(part, everywhere=everywhere) for part in value]
            case _:
                return value

    def _redacted_words(self, value: str | Mapping[str, Any]) -> object:
        """Redact a text, or an object as the text it is on the wire, so that both forms hide the same."""
        if isinstance(value, str) and not value.startswith("{"):
            return self._redact(value)
        try:
            text = json.dumps(json.loads(value) if isinstance(value, str) else value, ensure_ascii=False)
            text.encode()  # half a surrogate pair cannot be written, only its escape
        except (ValueError, RecursionError):
            return self._redact(str(value))
        hidden = MASKED_NUMBER.sub(lambda match: "1" * len(match.group()), self._redact(text))
        return hidden if isinstance(value, str) else json.loads(hidden)

    def _write(self, lines: Iterable[dict[str, Any]]) -> None:
        if self.failure is not None or self._stream.closed:
            return
        try:
            self._stream.write("".join(msgspec.json.encode(line).decode() + "\n" for line in lines))
            self._stream.flush()
        except OSError as error:
            self.failure = UsageError(f"the tape {self.path or 'stream'} ends early: {error.strerror}")


def version() -> str:
    """Return the installed version of voiceloop."""
    return importlib.metadata.version("voiceloop")


# Reading -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One event and the commands that were given for it, each with its line number."""

    line: int
    at: float
    event: Event
    commands: tuple[tuple[int, dict[str, Any]], ...]


@dataclass(frozen=True, slots=True)
class Tape:
    """A tape that was read."""

    version: str
    settings: Mapping[str, Any]
    seed: Any
    steps: tuple[Step, ...]
    cut: bool
    """The process was killed before the session ended: the last step may be incomplete."""


def read_tape(path: Path) -> Tape:
    """Read a tape; an unfinished last line is left out. Raises TapeError that names the line."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TapeError(f"cannot read the tape {path}: {getattr(error, 'strerror', None) or 'not text'}") from error
    lines = text.split("\n")
    unfinished = lines.pop()
    if not lines:
        raise TapeError(f"{path} is empty or cut in its first line; there is nothing to replay")
    try:
        header = read_header(lines[0])
        steps = tuple(read_steps(lines[1:]))
    except TapeError as error:
        raise TapeError(f"{path}, {error}") from error
    ended = bool(steps and steps[-1].commands and steps[-1].commands[-1][1].get("type") == "EndSession")
    return Tape(header["version"], header["settings"], header.get("seed"), steps, bool(unfinished) or not ended)


def read_header(line: str) -> dict[str, Any]:
    """Return line 1 as an object."""
    header = read_object(1, line)
    if "tape" not in header:
        raise TapeError("line 1: this is no tape; record one with voiceloop talk --tape FILE")
    if header["tape"] != FORMAT:
        wrote = header.get("version", "another version")
        raise TapeError(f"line 1: tape format {header['tape']!r} of voiceloop {wrote}; this one reads format {FORMAT}")
    if not isinstance(header.get("settings"), dict) or not isinstance(header.get("version"), str):
        raise TapeError("line 1: settings or version are missing")
    return header


def read_steps(lines: Sequence[str]) -> Iterator[Step]:
    """Group the lines after the header into steps."""
    step: Step | None = None
    for number, text in enumerate(lines, 2):
        line = read_object(number, text)
        try:
            follows = grown(step, line, number)
        except TapeError as error:
            raise TapeError(f"line {number}: {error}") from error
        if step is not None and follows.line != step.line:
            yield step
        step = follows
    if step is not None:
        yield step


def grown(step: Step | None, line: Mapping[str, Any], number: int) -> Step:
    """Return the step that a line begins or goes on with."""
    match line:
        case {"at": int() | float() as at, "event": dict() as event}:
            return Step(number, at, event_of(event), ())
        case {"command": dict() as command} if step is not None:
            command_of(command)
            return replace(step, commands=(*step.commands, (number, command)))
        case _:
            raise TapeError("neither an event nor a command after one")


def read_object(number: int, line: str) -> dict[str, Any]:
    """Return one line as an object."""
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, ValueError) as error:
        raise TapeError(f"line {number}: not a JSON object ({error})") from error


# Replaying -----------------------------------------------------------------------------------------------------------


class Steps(Protocol):
    """What replays: `voiceloop.core.Core`."""

    def step(self, event: Event, now: float) -> Sequence[Command]:
        """Return the commands for an event."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first place where the core decided something else."""

    line: int
    expected: str
    got: str

    @property
    def sentence(self) -> str:
        """The finding in one line."""
        return f"line {self.line}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay found."""

    steps: int
    commands: int
    """How many were compared and equal."""
    mismatch: Mismatch | None
    cut: bool


def replay(tape: Tape, core_factory: Callable[[Mapping[str, Any]], Steps]) -> ReplayReport:
    """Step a new core over a tape and compare every command. `core_factory` takes the settings of line 1."""
    core = core_factory(tape.settings)
    compared = 0
    for number, step in enumerate(tape.steps, 1):
        given = [msgspec.json.decode(msgspec.json.encode(to_plain(c))) for c in core.step(step.event, step.at)]
        last = tape.cut and number == len(tape.steps)
        mismatch = compare(step, given, may_be_cut=last)
        if mismatch is not None:
            return ReplayReport(number, compared, mismatch, tape.cut)
        compared += len(step.commands)
    return ReplayReport(len(tape.steps), compared, None, tape.cut)


def compare(step: Step, given: Sequence[Mapping[str, Any]], *, may_be_cut: bool) -> Mismatch | None:
    """Return the first difference between a step's recorded commands and the given ones."""
    for (line, expected), got in zip(step.commands, given, strict=False):
        if not same(expected, got):
            return Mismatch(line, show(expected), show(got))
    if len(step.commands) > len(given):
        line, expected = step.commands[len(given)]
        return Mismatch(line, show(expected), "no command")
    if len(given) > len(step.commands) and not may_be_cut:
        line = step.commands[-1][0] if step.commands else step.line
        return Mismatch(line, "no further command", show(given[len(step.commands)]))
    return None


def same(one: object, other: object) -> bool:
    """Whether two JSON values are equal, masked characters aside."""
    match one, other:
        case str(), str():
            return one == other or same_but_for_masks(one, other)
        case dict(), dict():
            return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
        case list(), list():
            return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
        case _:
            masked = any(type(side) is int and ONES.fullmatch(str(side)) for side in (one, other))
            return (one == other or masked) and kind_of(one) is kind_of(other)


def kind_of(value: object) -> type:
    """Return the JSON type of a value: 1 and 1.0 are both numbers, true is none."""
    return float if type(value) is int else type(value)


def show(command: Mapping[str, Any]) -> str:
    """Return a command as it stands on the tape."""
    return msgspec.json.encode(command).decode()
