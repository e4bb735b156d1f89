"""Conversations that do not come to their end: signals, and processes that die."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from journeys.real.conftest import JOURNEYS
from journeys.real.listening import read_recording, words
from journeys.real.talking import GatewayProcess, Journey, Talk, command, descendants, gone, read_lines
from voiceloop.transcript import problems

pytestmark = [pytest.mark.real, pytest.mark.models]

STORY = JOURNEYS["interruption"]


@pytest.mark.alone
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle_of_an_answer_ends_politely_and_at_once(gateways, tmp_path, number, status):
    with Talk(STORY, tmp_path, gateways["scripted"]) as talk:
        talk.until("agent_speech_started")
        talk.until_recorded(3.0)
        began = time.monotonic()
        talk.send(number)
        held = talk.hold(within_s=5.0)
        took_s = time.monotonic() - began
    assert took_s < 1.0
    assert held.status == status, held.story()
    assert "Traceback" not in held.stderr
    assert problems(held.lines) == []
    assert held.end["reason"] == {130: "interrupted", 143: "terminated"}[status]
    [story] = held.of("agent_said")
    assert story["interrupted"]
    first_s, last_s = held.recording.sounding(0.0, held.recording.seconds)
    assert (last_s - first_s) * 1000 == pytest.approx(story["heard_ms"], abs=20)
    assert held.recording.seconds == pytest.approx(held.end["t"], abs=0.04)
    assert command(["replay", held.tape], tmp_path).status == 0


def test_a_gateway_that_is_killed_and_does_not_return_ends_the_conversation_with_a_reason(tmp_path):
    environ = {"VOICELOOP_REALTIME__RECONNECT_WITHIN_S": "3", "VOICELOOP_TIERS__ORDER": "realtime,rest"}
    soon = replace(STORY, environ=environ)
    with GatewayProcess("scripted", tmp_path) as gateway, Talk(soon, tmp_path, gateway.base_url) as talk:
        models = descendants(gateway.process.pid)
        assert models
        talk.until("agent_speech_started")
        talk.until_recorded(3.0)
        gateway.process.kill()
        held = talk.hold(within_s=10.0)
    assert held.status == 5, held.story()
    assert problems(held.lines) == []
    assert held.end["reason"].startswith("engine_lost")
    told = [line for line in held.stderr.splitlines() if line.startswith("voiceloop: ")]
    assert len(told) == 1
    assert "refuses connections" in told[0]
    assert "Traceback" not in held.stderr
    assert held.recording.seconds == pytest.approx(held.end["t"], abs=0.04)
    assert held.recording.right.any()
    assert gone(models, within_s=5.0) == set(), "the models outlive the gateway"


def test_a_gateway_that_is_killed_while_the_user_speaks_and_started_again_hears_every_word(tmp_path):
    with GatewayProcess("scripted", tmp_path) as gateway, Talk(STORY, tmp_path, gateway.base_url) as talk:
        talk.until("user_speech_started")
        gateway.process.kill()
        with GatewayProcess("scripted", tmp_path, port=urlsplit(gateway.base_url).port):
            held = talk.hold(within_s=40.0)
    assert held.status == 0, held.story()
    assert problems(held.lines) == []
    assert held.end["reason"] == "input_ended"
    assert [line["code"] for line in held.of("warning")] == ["engine_lost_drop"]
    assert words(held.texts("user_said")[0]) == ["tell", "me", "a", "story"]
    assert command(["replay", held.tape], tmp_path).status == 0


def test_a_killed_talk_leaves_its_files_readable_and_no_process_behind(tmp_path):
    with Talk(Journey("two_questions.wav", "own"), tmp_path) as talk:
        talk.until("agent_said", within_s=60.0)
        talk.until_recorded(4.0)
        children = descendants(talk.process.pid)
        assert len(children) >= 2, "the gateway and its models"
        os.kill(talk.process.pid, signal.SIGKILL)
        talk.process.wait(5)
        assert gone(children, within_s=5.0) == set()
    lines = read_lines(tmp_path / "transcript.jsonl")
    assert [line["event"] for line in lines][:2] == ["session_started", "user_speech_started"]
    assert problems(lines) == ["session_ended must be the last line and stand once; it stands in no line"]
    recording = read_recording(tmp_path / "out.wav")
    assert recording.seconds >= 3.0
    said = next(line for line in lines if line["event"] == "agent_said")
    assert recording.right.any(), said
    done = command(["replay", tmp_path / "tape"], tmp_path)
    assert done.status == 0, done.stderr
    assert "ends before the session did" in done.stdout


@pytest.mark.alone
def test_ctrl_c_while_the_models_load_leaves_nothing_behind(tmp_path):
    with Talk(JOURNEYS["own_gateway"], tmp_path) as talk:
        deadline = time.monotonic() + 20.0
        while not (children := descendants(talk.process.pid)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert children
        began = time.monotonic()
        talk.send(signal.SIGINT)
        held = talk.hold(within_s=5.0)
        took_s = time.monotonic() - began
    assert held.status == 130, held.stderr
    assert took_s < 1.0
    assert "Traceback" not in held.stderr
    assert gone(children, within_s=5.0) == set()
