from __future__ import annotations

import pytest

from voiceloop import events as e
from voiceloop.commandline.replay import core_of, replay
from voiceloop.core import Core, Profile
from voiceloop.errors import TapeError, UsageError
from voiceloop.tape import TapeWriter
from voiceloop.vocabulary import ReplyStatus, Tier, ToolCall, Traits

CALL = ToolCall("c1", "dial", '{"number": "555 123 4567", "card": 4111111111111111}')
TALK = [
    (10.0, e.SessionOpened()),
    (10.1, e.EngineReady(Tier.REALTIME, "m", Traits(), "ga")),
    (10.2, e.LineOpened()),
    (11.0, e.SpeechStarted("t1", 0.5)),
    (12.0, e.SpeechStopped("t1", 1.5)),
    (12.1, e.TurnCommitted("t1")),
    (12.2, e.UserTranscribed("t1", "call 555 123 4567, my key is sk-abcdefgh1234")),
    (12.3, e.ReplyStarted("r1")),
    (12.4, e.ToolCalled("r1", CALL)),
    (12.5, e.ReplyFinished("r1", ReplyStatus.COMPLETED)),
    (12.6, e.ToolFinished("c1", "ok", "called 555 123 4567")),
    (12.7, e.ReplyStarted("r2", "ask-1")),
    (12.8, e.ReplyTextArrived("r2", "i1", 0, "I called 555 12")),
    (12.8, e.ReplyAudioStarted("r2", "i1")),
    (12.9, e.ReplyTextArrived("r2", "i1", 0, "3 4567 for you.")),
    (13.0, e.ReplyFinished("r2", ReplyStatus.COMPLETED)),
    (13.1, e.PlaybackStarted("r2")),
    (14.0, e.EndAsked("enough")),
    (14.0, e.PlaybackFlushed(())),
]


@pytest.fixture
def tape(tmp_path):
    path = tmp_path / "talk.tape"
    profile = Profile(greeting="")
    core = Core(profile)
    with TapeWriter(path, profile) as writer:
        for now, event in TALK:
            writer.step(now, event, core.step(event, now))
    return path


def test_a_session_with_secrets_replays_from_a_tape_without_them(tape, capsys):
    text = tape.read_text()
    for secret in ("555 123", "4111111111111111", "sk-abcd", "4567"):
        assert secret not in text
    assert replay(tape) == 0
    assert capsys.readouterr().out.startswith(f"{len(TALK)} events, ")


def test_another_decision_is_a_tape_error_with_its_line(tape):
    tape.write_text(tape.read_text().replace('"reason":"enough"', '"reason":"other"', 1))
    with pytest.raises(TapeError, match=r"talk\.tape, line \d+: expected .*enough.*, got .*other") as error:
        replay(tape)
    assert error.value.exit_status == 1


def test_a_tape_that_was_cut_says_so(tape, capsys):
    tape.write_text(tape.read_text()[:-30])
    assert replay(tape) == 0
    assert "the tape ends before the session did" in capsys.readouterr().out


@pytest.mark.parametrize("change", [('"greeting"', '"hello"'), ('"limit_s":3600.0', '"limit_s":"long"')])
def test_a_profile_of_another_version_is_refused_by_name(tape, change):
    tape.write_text(tape.read_text().replace(*change, 1))
    with pytest.raises(UsageError, match="line 1: "):
        replay(tape)


def test_a_core_is_made_from_plain_settings():
    assert core_of({"greeting": "hi", "survivors": ["a"]}).profile == Profile(greeting="hi", survivors=("a",))
