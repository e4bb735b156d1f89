"""A private PulseAudio for tests of the sound card."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

SOUND_PEER = Path(__file__).parent.parent.parent / "scripts" / "sound_peer"
PACKAGES = "pulseaudio pulseaudio-utils libasound2-plugins libportaudio2"


def missing():
    """What the tests of the sound card lack on this machine."""
    programs = [name for name in ("pulseaudio", "pactl", "paplay") if shutil.which(name) is None]
    return programs + ([] if ctypes.util.find_library("portaudio") else ["libportaudio2"])


@pytest.fixture
def sound(tmp_path, monkeypatch):
    """Null sinks instead of hardware; `start(echo_ms)` sets them up and gives the environment to use them in."""
    if lacks := missing():
        reason = f"{', '.join(lacks)} MISSING: the sound card is not tested; run apt-get install {PACKAGES}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path / "pulse"

    def start(*echo_ms):
        command = [str(SOUND_PEER), "start", str(folder), *map(str, echo_ms)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        server = done.stdout.strip().removeprefix("export PULSE_SERVER=")
        monkeypatch.setenv("PULSE_SERVER", server)
        return {**os.environ, "PULSE_SERVER": server}

    def stop():
        subprocess.run([str(SOUND_PEER), "stop", str(folder)], timeout=60, check=True)

    yield SimpleNamespace(start=start, stop=stop)
    stop()
