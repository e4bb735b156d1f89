from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from voiceloop.commandline.talk import LONGEST_LINE, Options, prompt, typed_lines, wanted
from voiceloop.errors import UsageError


def ask(**options):
    return wanted(Options(**options), None, {})


def test_without_options_microphone_and_speaker_are_used_if_there_are_any():
    asked = ask()
    assert (asked.input, asked.output, asked.card) == (None, None, False)


def test_named_devices_must_be_there():
    assert ask(input="mic").card
    assert ask(output="speaker").card
    assert ask(input="a.wav", output="speaker").card


def test_files_are_files():
    asked = ask(input="a.WAV", output="b.wave")
    assert (asked.input, asked.output, asked.card) == (Path("a.WAV"), Path("b.wave"), False)


@pytest.mark.parametrize("name", ["a.mp3", "speaker", "", "micro"])
def test_an_input_that_is_neither_device_nor_wav_is_refused(name):
    with pytest.raises(UsageError, match="or mic"):
        ask(input=name)


def test_flags_that_are_settings_join_the_overlay():
    flags = ask(engine="realtime", dialect="ga", model="m").origins.flags
    assert flags["tiers", "engine"] == ("--engine", "realtime")
    assert flags["realtime", "dialect"] == ("--dialect", "ga")
    assert flags["realtime", "model"] == ("--model", "m")


def test_blank_sayings_are_left_out():
    assert ask(say=("a", " ", "b")).say == ("a", "b")


@pytest.mark.parametrize(("home", "folder"), [("/data", Path("/data/voiceloop")), ("", None), ("relative", None)])
def test_tools_keep_their_files_where_the_xdg_rule_says(home, folder):
    asked = wanted(Options(), None, {"XDG_DATA_HOME": home})
    assert asked.data_dir == (folder or Path.home() / ".local/share/voiceloop")


def test_nobody_is_prompted_where_nobody_sits(capsys):
    prompt()()
    assert capsys.readouterr().out == ""


def test_a_person_at_a_terminal_is_prompted(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    prompt()()
    assert capsys.readouterr().out == "> "


async def read_all(*blocks):
    """Type blocks into a pipe, close it, and collect what is read."""
    reader, writer = os.pipe()
    try:
        for block in blocks:
            os.write(writer, block)
    finally:
        os.close(writer)
    try:
        return [line async for line in typed_lines(reader, lambda: None)]
    finally:
        os.close(reader)


@pytest.mark.real
async def test_typed_lines_come_whole_and_blank_ones_are_empty():
    typed = await read_all(b"one\n \n  two \r\n", "drei\u00df\nlast".encode())
    assert typed == ["one", "", "two", "drei\u00df", "last"]


@pytest.mark.real
async def test_bytes_that_are_no_text_do_not_end_the_conversation():
    assert await read_all(b"a\xffb\n") == ["a\ufffdb"]


@pytest.mark.real
async def test_a_line_without_end_is_refused():
    with pytest.raises(UsageError, match="longer than"):
        await read_all(b"x" * LONGEST_LINE, b"y" * 10)


@pytest.mark.real
async def test_nothing_typed_is_nothing_read():
    assert await read_all() == []


@pytest.mark.real
async def test_a_terminal_that_goes_away_is_the_end():
    reader, writer = os.pipe()
    os.close(writer)
    os.close(reader)
    assert [line async for line in typed_lines(reader, lambda: None)] == []


# Sound in, words out; and typing while talking ------------------------------------------------------------------------


def test_captions_and_typing_are_asked_for():
    asked = ask(captions_only=True, type=True)
    assert (asked.captions_only, asked.typed, asked.text) == (True, True, False)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"captions_only": True, "output": "speaker"}, "--captions-only makes no sound"),
        ({"captions_only": True, "text": True}, "--captions-only is for conversations with sound"),
        ({"type": True, "text": True}, "--type is for conversations with sound"),
        ({"push_to_talk": True, "text": True}, "--push-to-talk is for conversations with sound"),
        ({"wake_word": "okay_nabu", "text": True}, "--wake-word is for conversations with sound"),
    ],
)
def test_what_excludes_each_other_is_told(options, told):
    with pytest.raises(UsageError, match=told):
        ask(**options)


class Keys:
    """Standard input that is this file descriptor."""

    def __init__(self, descriptor):
        self.descriptor = descriptor

    def fileno(self):
        return self.descriptor


@pytest.mark.real
@pytest.mark.skipif(not hasattr(os, "tcgetpgrp"), reason="this system has no terminals to be in front of")
def test_a_person_types_only_at_a_terminal_this_process_is_in_front_of(monkeypatch):
    ours, theirs = os.openpty()
    try:
        monkeypatch.setattr(sys, "stdin", Keys(theirs))
        monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp())
        assert ask().at_terminal
        monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp() + 1)
        assert not ask().at_terminal
        reader, writer = os.pipe()
        monkeypatch.setattr(sys, "stdin", Keys(reader))
        assert not ask().at_terminal
        os.close(reader)
        os.close(writer)
    finally:
        os.close(ours)
        os.close(theirs)


def test_without_standard_input_nobody_types(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert not ask().at_terminal
