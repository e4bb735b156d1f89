"""The models of this machine: scripted services behind the real engine, and the real ones once."""

from __future__ import annotations

import importlib.util
import json

import pytest

from engines.cascade.fakes import FakeServices
from voiceloop import cli
from voiceloop.commandline import doctor_device as module
from voiceloop.commandline.doctor_device import check_device
from voiceloop.commandline.doctor_report import Finding, State
from voiceloop.commandline.doctor_services import Bounds
from voiceloop.dgrid.failures import Failure, Kind, error_of
from voiceloop.engines.base import Seed
from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.errors import DeviceError, SettingsError
from voiceloop.settings import Settings
from voiceloop.testing.clock import run_virtual
from voiceloop.vocabulary import Tier

SETTINGS = Settings()
GONE = error_of(Failure(Kind.DROPPED, "the models are gone"), "this machine")
HANGS = 1e6


@pytest.fixture
def look(monkeypatch):
    """Look at a machine whose services follow a script, or whose models do not load; its findings and its tier."""

    def run(services, *, missing="", language="en", bounds=Bounds()):  # noqa: B008
        monkeypatch.setattr(module, "device_missing", lambda: missing)
        monkeypatch.setattr(module, "device_engine", lambda settings: CascadeEngine(services, tier=Tier.DEVICE))
        seed = Seed("Be brief.", (), SETTINGS.audio.wire, language=language)
        tier = run_virtual(check_device(SETTINGS, seed, bounds))
        assert (tier.tier, tier.carries_pictures) == (Tier.DEVICE, False)
        return [(each.what, each.state.value, each.detail) for each in tier.checks], tier

    return run


def not_loading(error):
    def make(seed):
        raise error

    return make


def test_models_that_load_hear_and_speak(look):
    fakes = FakeServices(words=["What time is it?"])
    findings, tier = look(fakes.services)
    assert findings == [
        ("models", "ok", "loaded after 0.00 s"),
        ("transcription", "ok", 'heard "What time is it?" after 0.40 s'),
        ("speech", "ok", "spoke for 0.36 s after 0.25 s"),
    ]
    assert tier.usable
    assert fakes.open == []


def test_the_voice_wished_for_this_machine_is_handed_over(look, monkeypatch):
    seeds = []
    settings = Settings.model_validate({"agent": {"voice": {"realtime": "marin", "device": "heart"}}})

    def make(seed):
        seeds.append(seed)
        raise DeviceError("no")

    monkeypatch.setattr(module, "device_missing", lambda: "")
    monkeypatch.setattr(module, "device_engine", lambda settings: CascadeEngine(make, tier=Tier.DEVICE))
    run_virtual(check_device(settings, Seed("", (), settings.audio.wire, voice="marin"), Bounds()))
    assert seeds[0].voice == "heart"


def test_an_extra_that_is_not_installed_comes_with_its_fix(look):
    _, tier = look(None, missing="models on this machine need hibari: pip install 'voiceloop[local]'")
    assert tier.checks == (
        Finding("models", State.NOT_OFFERED, "models on this machine need hibari", "pip install 'voiceloop[local]'", 6),
    )


def test_a_language_that_is_not_spoken_here_keeps_it_from_taking_over(look):
    missing = "German speech needs espeak-ng; install it with: sudo apt-get install espeak-ng"
    _, tier = look(not_loading(SettingsError(missing)), language="de")
    (found,) = tier.checks
    assert (found.state, found.detail, found.exit_status) == (State.NOT_OFFERED, "German speech needs espeak-ng", 6)
    assert found.fix == "sudo apt-get install espeak-ng"
    assert not tier.speaks


def test_files_that_were_changed_do_not_load(look):
    _, tier = look(not_loading(DeviceError("model.bin is not the pinned one")))
    (found,) = tier.checks
    assert (found.state, found.detail) == (State.FAILED, "model.bin is not the pinned one")
    assert found.fix
    assert not tier.usable


def test_a_service_that_fails_is_told(look):
    findings, _ = look(FakeServices(words=[GONE, GONE, GONE], speech=[GONE, GONE, GONE]).services)
    assert findings[0][1] == "ok"
    assert [state for _, state, _ in findings[1:]] == ["failed", "failed"]
    assert "the models are gone" in findings[1][2]


def test_nothing_is_waited_for_longer_than_its_bound(look):
    findings, _ = look(FakeServices(words=["late"], transcribe_s=HANGS, first_chunk_s=HANGS).services)
    assert [state for _, state, _ in findings] == ["ok", "failed", "failed"]


@pytest.mark.real
@pytest.mark.models
@pytest.mark.skipif(importlib.util.find_spec("hibari") is None, reason="needs the extra local")
def test_the_models_of_this_machine(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("DGRID_API_KEY", "DGRID_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert cli.outcome(["doctor", "--json"]) == 0
    device = json.loads(capsys.readouterr().out)["tiers"][-1]
    assert [(check["what"], check["state"] in {"ok", "degraded"}) for check in device["checks"]] == [
        ("models", True),
        ("transcription", True),
        ("speech", True),
    ]
    assert "time" in device["checks"][1]["detail"]
