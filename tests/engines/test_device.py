"""The engine of the device tier: whether it can be had, and how it is made."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

import voiceloop.engines.device as module
from engines.cascade.fakes import FakeServices, Port
from voiceloop.engines.base import Seed
from voiceloop.engines.device import LANGUAGE_PACKAGES, MODEL_PACKAGES, device_engine, device_missing, language_missing
from voiceloop.errors import SettingsError
from voiceloop.events import EngineReady
from voiceloop.plugins import Installed
from voiceloop.settings import Settings
from voiceloop.testing.clock import virtual_time
from voiceloop.vocabulary import AudioFormat, Tier

POINT = Installed("voiceloop.services", "local", "voiceloop_local.services:factory", "voiceloop", "1")


@pytest.fixture
def machine(monkeypatch):
    """What is installed: plugins and packages, all that is needed to begin with."""
    points, packages = [POINT], set(MODEL_PACKAGES)
    monkeypatch.setattr(module, "installed", lambda: points)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in packages else None)
    return points, packages


def test_nothing_is_missing_where_plugin_and_packages_are_there(machine):
    assert device_missing() == ""


def test_a_package_that_is_missing_is_named_with_the_fix(machine):
    machine[1].difference_update({"hibari", "ctranslate2"})
    assert device_missing() == "models on this machine need ctranslate2, hibari: pip install 'voiceloop[local]'"
    with pytest.raises(SettingsError, match=r"pip install 'voiceloop\[local\]'"):
        device_engine(Settings())


def test_a_plugin_that_is_missing_is_named_with_the_fix(machine):
    machine[0].clear()
    assert device_missing().endswith("is not installed: pip install 'voiceloop[local]'")
    with pytest.raises(SettingsError, match=r"pip install 'voiceloop\[local\]'"):
        device_engine(Settings())


@pytest.mark.parametrize("tag", ["en", "en-GB", "auto"])
def test_english_and_guessing_need_no_more_than_the_models(machine, tag):
    assert language_missing(tag) == ""


def test_what_another_language_needs_is_named_with_the_fix(machine, monkeypatch):
    monkeypatch.setattr(module.shutil, "which", lambda program: None)
    machine[1].update(set(LANGUAGE_PACKAGES) - {"babel"})
    assert language_missing("de-AT") == "German on this machine needs babel: pip install 'voiceloop[languages]'"
    machine[1].add("babel")
    assert language_missing("de") == "German speech on this machine needs espeak-ng: sudo apt-get install espeak-ng"
    monkeypatch.setattr(module.shutil, "which", lambda program: f"/usr/bin/{program}")
    assert language_missing("de") == ""


def test_looking_imports_neither_plugin_nor_models():
    code = (
        "import sys\nfrom voiceloop.engines.device import device_missing\ndevice_missing()\n"
        "print(sorted({'voiceloop_local', 'hassil', 'ctranslate2', 'hibari'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@virtual_time
async def test_the_engine_is_of_the_device_tier_and_opens_its_services_anew_each_time(machine, monkeypatch):
    settings, opened = Settings(), []

    @asynccontextmanager
    async def services(seed):
        opened.append(seed)
        yield FakeServices().services

    def loaded(group, name, given, context):
        assert (group, name, given, context) == ("voiceloop.services", "local", {}, settings)
        return services

    monkeypatch.setattr(module, "load", loaded)
    engine, seed = device_engine(settings), Seed("Be brief.", (), AudioFormat())
    for each in (engine, engine.fresh(2)):
        port = Port()
        await each.open(seed, port)
        assert [event.tier for event in port.of(EngineReady)] == [Tier.DEVICE]
        await each.close(0.5)
    assert opened == [seed, seed]
