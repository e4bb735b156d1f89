from __future__ import annotations

import pytest

from voiceloop.commandline import doctor_machine as module
from voiceloop.commandline.doctor_machine import look_around
from voiceloop.commandline.doctor_report import Finding, State


@pytest.fixture(autouse=True)
def a_machine_with_everything(monkeypatch):
    monkeypatch.setattr(module, "why_no_sound", lambda: "")
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: object())


def find(what):
    return next(finding for finding in look_around() if finding.what == what)


def test_a_machine_with_everything_needs_no_fix():
    assert [(found.what, found.state, found.fix) for found in look_around()] == [
        (what, State.OK, "")
        for what in ("Python", "sound card", "ffmpeg", "local models", "local languages", "wake word")
    ]


def test_whatever_is_missing_comes_with_its_fix(monkeypatch):
    monkeypatch.setattr(module, "why_no_sound", lambda: "no microphone found")
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(module.platform, "python_version_tuple", lambda: ("3", "10", "1"))
    assert {found.what: found.fix for found in look_around()} == {
        "Python": "use Python 3.11 to 3.14",
        "sound card": "until then: voiceloop talk --input FILE.wav --output FILE.wav, or --text",
        "ffmpeg": "sudo apt-get install ffmpeg",
        "local models": "pip install 'voiceloop[local]'",
        "wake word": "pip install 'voiceloop[wake]'",
    }


def test_the_wake_words_are_told():
    assert find("wake word").detail == "okay_nabu, hey_jarvis, hey_mycroft, alexa"


def test_other_languages_than_english_are_an_extra_and_a_program(monkeypatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None if name == "babel" else object())
    assert find("local languages") == Finding(
        "local languages",
        State.DEGRADED,
        "English alone; others need babel",
        "pip install 'voiceloop[languages]'",
    )
    monkeypatch.setattr(module.shutil, "which", lambda name: None if name == "espeak-ng" else f"/usr/bin/{name}")
    finding = find("local languages")
    assert finding.detail.endswith("need babel, espeak-ng")
    assert finding.fix.endswith("[languages]' && sudo apt-get install espeak-ng")
