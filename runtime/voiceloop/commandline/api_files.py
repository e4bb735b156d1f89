"""What goes into a command of `voiceloop api` and what comes out: files, standard streams, progress."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from voiceloop.errors import UsageError
from voiceloop.machine import private_file
from voiceloop.screen import CONTROL

__all__ = [
    "STREAM",
    "Output",
    "Paragraph",
    "check_inputs",
    "check_output",
    "note",
    "print_json",
    "read_file",
    "read_words",
    "sending",
    "show",
]

STREAM: Final = "-"
"""In place of a file: standard input or standard output."""
MB: Final = 1024 * 1024
MOST_WORDS: Final = 16 * MB
LARGE: Final = MB
"""Bytes from which on an upload tells how far it is."""


# In ------------------------------------------------------------------------------------------------------------------


def check_inputs(*names: str) -> None:
    """Raise UsageError when standard input is to be read more than once."""
    if names.count(STREAM) > 1:
        raise UsageError("- stands for standard input, which can be read once: name a file for the others")


def read_words(text: str, what: str = "text") -> str:
    """Return a text as it was given, or what standard input holds for `-`. Raises UsageError where it says nothing."""
    try:
        words = text
        if text == STREAM:
            words = read_file(STREAM, what, MOST_WORDS).decode().removesuffix("\n")
        words.encode()
    except UnicodeError:
        raise UsageError(f"the {what} is not UTF-8") from None
    if not words.strip():
        raise UsageError(f"the {what} is empty: give it at least one word, or - to read it from standard input")
    return words


def read_file(name: str, what: str, largest_bytes: int) -> bytes:
    """Return a file, or standard input for `-`. Raises UsageError for what is missing, empty or too large."""
    where = "standard input" if name == STREAM else name
    try:
        with contextlib.nullcontext(sys.stdin.buffer) if name == STREAM else Path(name).open("rb") as file:
            data = file.read(largest_bytes + 1)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise UsageError(f"cannot read the {what} {where}: {getattr(error, 'strerror', None) or error}") from error
    if not data:
        raise UsageError(f"the {what} {where} is empty")
    if len(data) > largest_bytes:
        raise UsageError(f"the {what} {where} has more than {largest_bytes // MB} MB: no server takes that")
    return data


# Out -----------------------------------------------------------------------------------------------------------------


def note(line: str) -> None:
    """Tell something beside the result."""
    sys.stderr.write(f"{line}\n")


def show(text: str, output: Path | None = None) -> None:
    """Print a text, or write it into a file."""
    if output is None or str(output) == STREAM:
        paragraph = Paragraph()
        paragraph.write(text)
        paragraph.end()
        return
    with Output(output) as file:
        file.write((text if text.endswith("\n") else f"{text}\n").encode())


def print_json(fields: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    sys.stdout.write(json.dumps(fields) + "\n")


class Paragraph:
    """Words on standard output as they come. On a terminal without controls, which could move the cursor."""

    def __init__(self) -> None:
        self._last = "\n"

    def write(self, piece: str) -> None:
        """Print a piece at once."""
        if sys.stdout.isatty():
            piece = CONTROL.sub("", piece)
        sys.stdout.write(piece)
        sys.stdout.flush()
        self._last = piece[-1:] or self._last

    def end(self) -> None:
        """End the line, if it has not ended."""
        if self._last != "\n":
            self.write("\n")


def check_output(output: Path | None, *inputs: str) -> None:
    """Raise UsageError, before anything is asked, for a file that cannot be written or is one of the inputs."""
    if output is None or str(output) == STREAM:
        return
    if output.is_dir():
        raise UsageError(f"cannot write {output}: it is a folder")
    if not output.parent.is_dir():
        raise UsageError(f"cannot write {output}: there is no folder {output.parent}")
    if not os.access(output if output.exists() else output.parent, os.W_OK):
        raise UsageError(f"cannot write {output}: Permission denied")
    for name in inputs:
        if name != STREAM and output.exists() and Path(name).exists() and output.samefile(name):
            raise UsageError(f"{output} is what is read: write into another file")


class Output:
    """A file that is private to its owner, or standard output for `-`. Raises UsageError where it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self.written = 0
        """Bytes."""

    def __enter__(self) -> Self:
        if str(self._path) != STREAM:
            with self._told():
                self._file = os.fdopen(private_file(self._path), "wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with self._told():
                self._file.close()

    def write(self, data: bytes) -> None:
        """Write at once."""
        self.written += len(data)
        if self._file is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return
        with self._told():
            self._file.write(data)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UsageError(f"cannot write {self._path}: {error.strerror}") from error


@contextlib.contextmanager
def sending() -> Iterator[Callable[[int, int], None] | None]:
    """Yield what tells how far a large upload is, on a line that is gone in the end; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    told = 0

    def tell(sent: int, total: int) -> None:
        nonlocal told
        if total > LARGE:
            line = f"sending, {sent / MB:.1f} of {total / MB:.1f} MB"
            told = len(line)
            sys.stderr.write(f"\r{line}")
            sys.stderr.flush()

    try:
        yield tell
    finally:
        sys.stderr.write(f"\r{' ' * told}\r" if told else "")
