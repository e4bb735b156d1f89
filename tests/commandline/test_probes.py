"""What is remembered of models between one command and the next."""

from __future__ import annotations

from datetime import datetime

import pytest

from voiceloop.commandline.doctor_report import Chosen, Finding, Report, State, TierFound
from voiceloop.commandline.probes import FILE, MOST_SERVERS, keep_probes, last_probes, remember
from voiceloop.machine import data_dir
from voiceloop.vocabulary import Tier

NOW, LATER = datetime(2026, 11, 23, 5, 41), datetime(2026, 11, 24, 9, 5)  # noqa: DTZ001 - what a clock on the wall says
SERVER = "https://models.example"


@pytest.fixture
def environ(tmp_path, monkeypatch):
    """A home that holds nothing yet, on every system."""
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    return {"XDG_DATA_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}


def test_each_model_keeps_the_newest_word_about_it(environ):
    keep_probes(environ, SERVER, {"m-1": "ok", "m-2": "refused"}, NOW)
    keep_probes(environ, SERVER, {"m-2": "ok"}, LATER)
    assert last_probes(environ, SERVER) == {"m-1": "ok, 2026-11-23 05:41", "m-2": "ok, 2026-11-24 09:05"}


def test_servers_know_nothing_of_each_other(environ):
    keep_probes(environ, SERVER, {"m-1": "ok"}, NOW)
    keep_probes(environ, "https://other.example", {"m-1": "failed"}, NOW)
    assert last_probes(environ, SERVER) == {"m-1": "ok, 2026-11-23 05:41"}
    assert last_probes(environ, "https://nobody.example") == {}


def test_the_newest_servers_are_remembered(environ):
    for number in range(MOST_SERVERS + 1):
        keep_probes(environ, f"http://127.0.0.1:{number}", {"m": "ok"}, NOW)
    keep_probes(environ, "http://127.0.0.1:1", {"m": "ok"}, LATER)
    keep_probes(environ, SERVER, {"m": "ok"}, LATER)
    assert last_probes(environ, "http://127.0.0.1:0") == last_probes(environ, "http://127.0.0.1:2") == {}
    assert last_probes(environ, "http://127.0.0.1:1") == {"m": "ok, 2026-11-24 09:05"}


@pytest.mark.parametrize("text", ["", "no json", "[]", "null", '{"https://models.example": 5}', "[" * 100_000])
def test_what_cannot_be_read_is_as_good_as_nothing(environ, text):
    folder = data_dir(environ)
    folder.mkdir(parents=True)
    (folder / FILE).write_text(text)
    assert last_probes(environ, SERVER) == {}
    keep_probes(environ, SERVER, {"m": "ok"}, NOW)
    assert last_probes(environ, SERVER) == {"m": "ok, 2026-11-23 05:41"}


def test_a_place_that_cannot_be_written_is_no_error(environ):
    data_dir(environ).write_text("a file where the folder would be")
    keep_probes(environ, SERVER, {"m": "ok"}, NOW)
    assert last_probes(environ, SERVER) == {}


def test_of_a_report_is_kept_what_was_asked(environ):
    models = [Chosen(role, f"m-{role}", "") for role in ("realtime", "transcription", "chat")] + [
        Chosen("speech", "", "")
    ]
    states = {"transcription": State.OK, "chat": State.SKIPPED, "speech": State.NOT_OFFERED}
    tiers = [
        TierFound(Tier.REALTIME, [Finding("session", State.REFUSED, "no")], "m-realtime"),
        TierFound(Tier.REST, [Finding(role, state, "") for role, state in states.items()], "m-chat"),
        TierFound(Tier.DEVICE, [Finding("models", State.OK, "loaded")]),
    ]
    remember(environ, Report([], [], models, tiers, base_url=SERVER), NOW)
    remember(environ, Report([], [], (), tiers, embedded=True), LATER)
    assert last_probes(environ, SERVER) == {
        "m-realtime": "refused, 2026-11-23 05:41",
        "m-transcription": "ok, 2026-11-23 05:41",
    }
