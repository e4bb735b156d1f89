"""A terminal in colour, through rich: loaded only where there is one."""

from __future__ import annotations

import errno
from typing import IO

from rich.console import Console
from rich.text import Text
from typing_extensions import override

from voiceloop.screen import Part

__all__ = ["OpenConsole", "Terminal"]


class OpenConsole(Console):
    """A console that lets its caller know when nobody reads it any more; rich would leave the process."""

    @override
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, "nobody reads the output")


class Terminal:
    """A surface that is drawn on by rich."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @property
    def file(self) -> IO[str]:
        """Where the console writes."""
        return self._console.file

    @property
    def is_terminal(self) -> bool:
        """Whether the console is one."""
        return self._console.is_terminal

    def line(self, *parts: Part) -> None:
        """Print a line; the terminal breaks it where it ends."""
        self._console.print(Text.assemble(*parts), soft_wrap=True)
