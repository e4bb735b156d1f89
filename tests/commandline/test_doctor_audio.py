"""What is said about microphone and speaker; once for real, through PulseAudio."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from devices.conftest import sound  # noqa: F401  (a fixture)
from voiceloop.audio.chirp import Measured
from voiceloop.commandline.doctor_audio import buffers, findings
from voiceloop.commandline.doctor_report import State
from voiceloop.devices.exchange import Trouble

GOOD = Measured(8, 60.0, 12.0, 20.0, -62.0, 0.0, silent=False)


def test_a_good_desk_needs_nothing():
    assert {found.state for found in findings(GOOD)} == {State.OK}
    assert not any(found.fix for found in findings(GOOD))


@pytest.mark.parametrize(
    ("change", "what", "fix"),
    [
        ({"round_trip_ms": 420.0}, "round trip", "cable"),
        ({"echo_loss_db": -6.0}, "echo", "headphones"),
        ({"noise_db": -30.0}, "room", "quieter"),
        ({"clipped": 0.1}, "clipping", "turn down"),
        ({"drift_ppm": -800.0}, "clocks", "same device"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_change(change, what, fix):
    wrong = [found for found in findings(replace(GOOD, **change)) if found.state is not State.OK]
    assert [found.what for found in wrong] == [what]
    assert fix in wrong[0].fix


def test_headphones_are_no_fault():
    found = list(findings(replace(GOOD, heard=0, round_trip_ms=None, echo_loss_db=None, drift_ppm=None)))
    assert (found[-1].state, found[-1].exit_status) == (State.SKIPPED, 0)


def test_a_muted_microphone_is_named():
    found = list(findings(replace(GOOD, silent=True)))
    assert [(each.what, each.state, each.exit_status) for each in found] == [("microphone", State.FAILED, 6)]


def test_underruns_and_overruns_are_counted_and_many_are_a_fault():
    few, many = buffers(Trouble(1, 0, 2, 0)), buffers(Trouble(4, 3, 9, 20))
    assert (few.state, few.detail) == (State.OK, "3 underruns of the speaker, 0 overruns of the microphone")
    assert (many.state, many.detail) == (State.DEGRADED, "13 underruns of the speaker, 23 overruns of the microphone")
    assert "busy" in many.fix


@pytest.mark.real
@pytest.mark.alone
def test_chirps_go_through_a_real_sound_server(sound, tmp_path):  # noqa: F811
    environment = sound.start(60)
    command = [sys.executable, "-m", "voiceloop", "doctor", "--audio", "--json"]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["exit_status"]) == (0, 0), done.stdout + done.stderr
    assert told["measured"]["heard"] >= 6
    assert 60 < told["measured"]["round_trip_ms"] < 400
    assert abs(told["measured"]["echo_loss_db"]) < 3
    assert {"room", "round trip", "echo", "clipping", "clocks", "buffers"} == {found["what"] for found in told["audio"]}
