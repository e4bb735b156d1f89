"""The agent on open speakers, on PulseAudio: its voice comes back as loud as it was, and the user speaks over it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pywebrtc_audio", reason="install voiceloop[desk]")

pytestmark = [pytest.mark.real, pytest.mark.alone]

HERE = Path(__file__).parent
ROOMS = {  # of the relay: more delay than its own 60 ms, drift in ppm, a jump in ms, at which second, clipped at
    "drift of 100 ppm": (0, 100, 0, 0, 1),
    "jump of 120 ms": (0, 0, 120, 8, 1),
    "clipped speaker": (0, 0, 0, 0, 0.12),
}


def meet(environment, alone_s, user_db=3.0):
    """The agent alone for so long, then the user; nothing of the echo is heard, the user is, and soon."""
    done = subprocess.run(
        [sys.executable, str(HERE / "echo_program.py"), str(alone_s), str(user_db)],
        env=environment, capture_output=True, text=True, timeout=alone_s + 60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    print(figures)  # noqa: T201  (shown when a test fails, and with -s)
    assert figures["false_onsets_s"] == [], figures
    assert figures["noticed_s"], figures
    assert figures["noticed_s"][0] <= 0.5, figures
    assert figures["echo_db"] - figures["left_db"] > 25, figures


def test_the_agent_does_not_hear_itself_and_hears_the_user(sound):
    meet(sound.start(60), 8.0)


@pytest.mark.long
@pytest.mark.parametrize("echo_ms", [60, 150, 350])
def test_a_minute_of_its_own_voice_is_nothing_to_the_agent(sound, echo_ms):
    meet(sound.start(echo_ms), 60.0)


@pytest.mark.long
@pytest.mark.parametrize("room", ROOMS)
def test_nor_is_a_minute_in_a_room_that_does_worse(sound, room):
    environment = sound.start()
    relay = subprocess.Popen([sys.executable, str(HERE / "echo_relay.py"), *map(str, ROOMS[room])], env=environment)
    try:
        meet(environment, 60.0)
    finally:
        relay.terminate()
        relay.wait(10)
