"""The example from the README: one file, run as a program and through the command, spoken to and typed to."""

from __future__ import annotations

import sys

import pytest

from journeys.real.listening import word_error_rate
from journeys.real.talking import TESTS, VOICELOOP, Journey, Talk
from voiceloop.transcript import problems

pytestmark = [pytest.mark.real, pytest.mark.models]

BAKERY = TESTS.parent / "configs" / "examples" / "bakery.py"
PROGRAM = (sys.executable, str(BAKERY))
COMMAND = (str(VOICELOOP), "talk", str(BAKERY))
TYPED = ("--text", "--say", "where is order 17")


def assert_order_was_found(held):
    assert held.status == 0, held.story()
    assert problems(held.lines) == []
    [call] = held.of("tool_called")
    assert (call["name"], call["arguments"]) == ("order_status", {"order_id": 17}), held.story()
    [finished] = held.of("tool_finished")
    assert (finished["outcome"], finished["output"]) == ("ok", "Order 17 leaves today.")
    answer = held.of("agent_said")[-1]
    assert "Order 17 leaves today" in answer["text"]
    assert answer["heard_text"] == answer["text"]
    assert held.end["reason"] == "input_ended"


@pytest.mark.parametrize("program", [PROGRAM, COMMAND], ids=["program", "command"])
def test_an_order_is_asked_for_aloud(gateways, tmp_path, program, transcribe):
    with Talk(Journey("order.wav", program=program), tmp_path, gateways["local"]) as talk:
        held = talk.hold()
    assert_order_was_found(held)
    [user_said] = held.texts("user_said")
    assert word_error_rate("Where is order seventeen", user_said) == 0
    greeting = held.of("agent_said")[0]
    assert greeting["text"] == "Hello, how can I help?"
    assert greeting["interrupted"], "the question begins before the greeting is over"
    answer = held.of("agent_said")[-1]
    started_s, stopped_s = held.playback_of(answer["reply_id"])
    heard_again = transcribe(held.recording.agent(started_s - 0.1, stopped_s))
    assert word_error_rate(answer["text"], heard_again) <= 0.15, heard_again


@pytest.mark.parametrize(
    ("program", "brain"),
    [(PROGRAM, "local"), (COMMAND, "scripted")],
    ids=["program, local brain", "command, scripted brain"],
)
def test_an_order_is_asked_for_in_writing(gateways, tmp_path, program, brain):
    with Talk(Journey(program=program, flags=TYPED), tmp_path, gateways[brain]) as talk:
        held = talk.hold(within_s=20.0)
    assert_order_was_found(held)
    [typed] = held.of("user_said")
    assert (typed["text"], typed["typed"]) == ("where is order 17", True)
    assert held.of("agent_speech_started") == []
    assert held.of("agent_said")[-1]["heard_ms"] is None
    assert "Order 17 leaves today" in held.stdout
