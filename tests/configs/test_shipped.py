"""The settings files that are shipped: right, and in the case of desktop.toml telling of every setting there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from voiceloop.overlay import leaves
from voiceloop.settings import Settings
from voiceloop.sources import Origins, read_settings
from voiceloop_basics import BasicsSettings

CONFIGS = Path(__file__).parents[2] / "configs"
NEVER_IN_A_FILE = ("backend", "api_key")


def told(text):
    """Every setting a file names, set or behind a #, with the words beside it."""
    section, found = (), {}
    for line in text.splitlines():
        if heading := re.match(r"\[([\w.]+)\]", line):
            section = tuple(heading[1].split("."))
        elif setting := re.match(r"(?:# )?(\w+) = ([^#]*)(.*)", line):
            found[*section, setting[1]] = setting[3]
    return found


@pytest.mark.parametrize("name", ["desktop.toml", "offline.toml"])
def test_each_is_right(name, tmp_path):
    effective = read_settings(Origins(config=CONFIGS / name, folder=tmp_path))
    assert effective.settings.agent.greeting
    assert effective.settings.plugins["basics"] == {"units": "metric", "clock": "12h"}


def test_the_one_for_the_desk_tells_of_every_setting():
    named = told((CONFIGS / "desktop.toml").read_text("utf-8"))
    every = [path for path in leaves(Settings) if path not in {("plugins",), NEVER_IN_A_FILE}]
    every += [("plugins", "basics", name) for name in BasicsSettings.model_fields]
    assert [path for path in every if path not in named and path[:-1] not in named] == []


def test_what_stands_behind_a_mark_could_stand_without_it(tmp_path):
    file = tmp_path / "all.toml"
    text = (CONFIGS / "desktop.toml").read_text("utf-8")
    text = text.replace('voice = ""', "# voice", 1)  # it stands there twice, in two forms
    file.write_text(re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE), "utf-8")
    settings = read_settings(Origins(config=file, folder=tmp_path)).settings
    assert settings.agent.voice.device == "us"
    assert settings.realtime.roll_over_after_s == Settings().realtime.roll_over_after_s
