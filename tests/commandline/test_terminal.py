from __future__ import annotations

import io

import pytest

from voiceloop.commandline.talk import surface
from voiceloop.commandline.terminal import OpenConsole, Terminal
from voiceloop.screen import Paper

LONG = " ".join(["[hello]"] * 20)
"""Wider than a terminal, and no markup."""


class Screenlike(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def usual(monkeypatch):
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def printed(stream, *, color=True):
    surface(stream, color=color).line(("you: ", "bold cyan"), (LONG, ""))
    return stream.getvalue()


def test_a_file_gets_the_words_alone():
    assert isinstance(surface(io.StringIO(), color=True), Paper)
    assert printed(io.StringIO()) == f"you: {LONG}\n"


def test_a_terminal_gets_colours_and_breaks_lines_itself():
    assert printed(Screenlike()) == f"\x1b[1;36myou: \x1b[0m{LONG}\n"


def test_a_terminal_without_colours_gets_none():
    assert "36m" not in printed(Screenlike(), color=False)


def test_a_pipe_that_is_said_to_end_in_a_terminal_is_taken_for_one(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert surface(io.StringIO(), color=True).is_terminal
    assert "36m" in printed(io.StringIO())


def test_output_that_nobody_reads_is_an_error_and_not_the_end():
    class Closed(Screenlike):
        def write(self, text):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError, match="nobody reads"):
        Terminal(OpenConsole(file=Closed())).line(("hello", ""))
