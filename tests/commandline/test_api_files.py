from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from voiceloop.commandline.api_files import (
    Output,
    Paragraph,
    check_inputs,
    check_output,
    read_file,
    read_words,
    sending,
    show,
)
from voiceloop.errors import UsageError


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def typed(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


# In ------------------------------------------------------------------------------------------------------------------


def test_a_text_is_taken_as_it_is_and_a_dash_reads_it(monkeypatch):
    assert read_words(" two words\n") == " two words\n"
    typed(monkeypatch, "Grüße\n\n".encode())
    assert read_words("-") == "Grüße\n"


@pytest.mark.parametrize(("data", "told"), [(b"", "is empty"), (b"\n", "is empty"), (b"\xff", "is not UTF-8")])
def test_what_is_no_text_is_refused(monkeypatch, data, told):
    typed(monkeypatch, data)
    with pytest.raises(UsageError, match=told):
        read_words("-")


def test_an_argument_that_is_not_utf_8_is_refused():
    with pytest.raises(UsageError, match="the text is not UTF-8"):
        read_words(os.fsdecode(b"\xff"))


def test_a_file_or_standard_input(monkeypatch):
    Path("a").write_bytes(b"file")
    typed(monkeypatch, b"input")
    assert (read_file("a", "picture", 4), read_file("-", "picture", 5)) == (b"file", b"input")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none", "cannot read the picture none: No such file"),
        (".", "cannot read the picture .: Is a directory"),
        ("a\0b", "null byte"),
        ("empty", "the picture empty is empty"),
        ("large", "the picture large has more than 1 MB"),
    ],
)
def test_a_file_of_no_use_is_named(name, told):
    Path("empty").touch()
    Path("large").write_bytes(bytes(1024 * 1024 + 1))
    with pytest.raises(UsageError, match=told):
        read_file(name, "picture", 1024 * 1024)


def test_standard_input_is_read_once():
    check_inputs("-", "a", "b")
    with pytest.raises(UsageError, match="can be read once"):
        check_inputs("-", "a", "-")


# Out -----------------------------------------------------------------------------------------------------------------


def test_a_file_that_is_written_is_private_to_its_owner():
    Path("was.txt").write_text("something longer")
    Path("was.txt").chmod(0o644)
    show("words", Path("was.txt"))
    assert Path("was.txt").read_text() == "words\n"
    assert stat.S_IMODE(Path("was.txt").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (".", "it is a folder"),
        ("no/where.txt", "there is no folder no"),
        ("in.wav", "in.wav is what is read"),
        ("./link.wav", "link.wav is what is read"),
    ],
)
def test_what_cannot_be_written_is_known_before(output, told):
    Path("in.wav").write_bytes(b"sound")
    Path("link.wav").symlink_to("in.wav")
    with pytest.raises(UsageError, match=told):
        check_output(Path(output), "-", "in.wav")
    assert Path("in.wav").read_bytes() == b"sound"


def test_what_can_be_written_is():
    Path("in.wav").write_bytes(b"sound")
    for output in (None, Path("-"), Path("new.txt")):
        check_output(output, "in.wav", "none.wav")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_disk_that_is_full_is_one_line():
    with pytest.raises(UsageError, match="cannot write /dev/full: No space left"), Output(Path("/dev/full")) as file:
        file.write(b"words")


def test_a_dash_is_standard_output(capsysbinary):
    with Output(Path("-")) as file:
        file.write(b"\x00\xff")
    assert (capsysbinary.readouterr().out, file.written) == (b"\x00\xff", 2)


def test_words_come_at_once_and_end_their_line(capsys):
    paragraph = Paragraph()
    paragraph.write("Hel")
    assert capsys.readouterr().out == "Hel"
    paragraph.write("lo.")
    paragraph.end()
    paragraph.end()
    assert capsys.readouterr().out == "lo.\n"
    Paragraph().end()
    assert capsys.readouterr().out == ""


def test_a_terminal_is_spared_what_could_move_its_cursor_and_a_pipe_gets_all(monkeypatch, capsys):
    Paragraph().write("a\x1b[2Jb\n")
    assert capsys.readouterr().out == "a\x1b[2Jb\n"
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    Paragraph().write("a\x1b[2Jb\n")
    assert screen.getvalue() == "a[2Jb\n"


# Progress ------------------------------------------------------------------------------------------------------------


def test_a_large_upload_tells_a_terminal_how_far_it_is_and_leaves_no_trace(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with sending() as progress:
        progress(1024 * 1024, 5 * 1024 * 1024)
        assert screen.getvalue() == "\rsending, 1.0 of 5.0 MB"
    assert screen.getvalue().endswith(f"\r{' ' * 22}\r")


def test_a_small_upload_and_a_pipe_hear_nothing(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with sending() as progress:
        progress(500, 1000)
    assert screen.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with sending() as progress:
        assert progress is None
