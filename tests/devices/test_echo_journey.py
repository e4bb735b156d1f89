"""A whole conversation on open speakers, on PulseAudio: the agent tells a story, then the user talks over it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys

import numpy as np
import pytest

from devices.test_echo import HERE, ROOMS
from journeys.real.listening import RECORDING_HZ, words
from journeys.real.talking import SPEECH, GatewayProcess, Journey, Talk
from voiceloop.clips import decode
from voiceloop.transcript import problems

pytest.importorskip("pywebrtc_audio", reason="install voiceloop[desk]")

pytestmark = [pytest.mark.real, pytest.mark.models, pytest.mark.alone, pytest.mark.long]

VERSE = (
    "There once was a lighthouse at the end of a long road. Its keeper lit the lamp each evening, and counted the "
    "ships that went by. In winter the storms came early, and the waves climbed over the wall. "
    "Nobody came to visit then, except a grey gull with one white wing. "
)
STORY = 6 * VERSE
ALONE_S = 60.0
USER = SPEECH / "time_question_c.wav"
PATHS_MS = {"60 ms": 60, "150 ms": 150, "350 ms": 350}


@contextlib.contextmanager
def relay(room, environment):
    """Carries the sound of the speaker into the room, unless the sound server does."""
    if room in PATHS_MS:
        yield
        return
    process = subprocess.Popen([sys.executable, str(HERE / "echo_relay.py"), *map(str, ROOMS[room])], env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(params=[*PATHS_MS, *ROOMS])
def held(sound, tmp_path, request):
    """The conversation in each room: the agent tells its story, and after a minute the user asks for the time."""
    room = request.param
    environment = sound.start(PATHS_MS[room]) if room in PATHS_MS else sound.start()
    journey = Journey(environ={"VOICELOOP_AGENT__GREETING": STORY})
    with (
        relay(room, environment),
        GatewayProcess("local", tmp_path) as gateway,
        Talk(journey, tmp_path, gateway.base_url) as talk,
    ):
        begins_s = talk.until("agent_speech_started", within_s=60.0)["t"]
        talk.until_recorded(begins_s + ALONE_S, within_s=ALONE_S + 30.0)
        asks = ["paplay", "--latency-msec=40", "--device=room", str(USER)]
        subprocess.run(asks, env=environment, timeout=30, check=True)
        talk.until("agent_said", within_s=30.0, interrupted=False)
        talk.send(signal.SIGINT)
        return talk.hold(within_s=10.0)


def test_the_agent_minds_nobody_but_the_user(held):
    assert held.status == 130, held.story()
    assert problems(held.lines) == []
    begins_s = held.of("agent_speech_started")[0]["t"]
    [begun] = held.of("user_speech_started")
    assert begun["t"] > begins_s + ALONE_S, held.story()
    story, answer = held.of("agent_said")
    assert story["interrupted"], held.story()
    assert story["heard_ms"] > 1000 * ALONE_S
    onset_s = spoken_at(held.recording.left, begun["t"])
    silent_s = held.recording.sounding(begins_s, held.playback_of(answer["reply_id"])[0] - 0.3)[1]
    print(f"noticed {begun['t'] - onset_s:.3f} s, silent {silent_s - onset_s:.3f} s")  # noqa: T201  (shown with -s)
    assert silent_s - onset_s <= 0.7, held.story()
    assert [words(said) for said in held.texts("user_said")] == [["what", "time", "is", "it"]], held.story()


def spoken_at(microphone, around_s):
    """When the user's first sound was captured: where the microphone fits the recording best."""
    said = np.frombuffer(decode(USER.read_bytes(), RECORDING_HZ), np.int16).astype(float)
    first = int(np.flatnonzero(np.abs(said) > 300)[0])
    start = max(0, int((around_s - 2.5) * RECORDING_HZ))
    heard = microphone[start : start + 5 * RECORDING_HZ].astype(float)
    count = len(heard) + len(said)
    fit = np.fft.irfft(np.fft.rfft(heard, count) * np.conj(np.fft.rfft(said, count)), count)[: len(heard)]
    return (start + int(fit.argmax()) + first) / RECORDING_HZ
