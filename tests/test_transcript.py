from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from voiceloop.commands import WriteLine
from voiceloop.errors import UsageError
from voiceloop.transcript import TranscriptLine, TranscriptWriter, problems
from voiceloop.vocabulary import Tier

START = {"event": "session_started", "t": 0.0, "tier": "realtime", "model": "m"}
END = {"event": "session_ended", "t": 3.0, "reason": "input_ended"}
SAID = {
    "event": "agent_said",
    "t": 2.5,
    "reply_id": "r1",
    "text": "Hello there",
    "heard_text": "Hello",
    "heard_ms": 310,
    "interrupted": True,
    "items": [],
}


def test_a_line_begins_with_event_and_time_and_goes_on_with_its_fields():
    line = TranscriptLine.of(WriteLine("session_started", 1.234567, {"tier": Tier.REST, "model": "Größe"}))
    assert line.as_json() == '{"event":"session_started","t":1.2346,"tier":"rest","model":"Größe"}'
    assert list(line.as_dict()) == ["event", "t", "tier", "model"]


def test_tuples_in_fields_become_lists():
    assert (
        TranscriptLine("agent_said", 0.0, {"items": ({"heard_ms": 1},)}).as_json().endswith('"items":[{"heard_ms":1}]}')
    )


def test_lines_are_in_the_file_as_soon_as_they_are_written(tmp_path):
    path = tmp_path / "talk.jsonl"
    with TranscriptWriter(path) as writer:
        writer.write(TranscriptLine("warning", 0.5, {"code": "c", "detail": "d\ne"}))
        assert [json.loads(line) for line in path.read_text().splitlines()] == [
            {"event": "warning", "t": 0.5, "code": "c", "detail": "d\ne"}
        ]
    writer.write(TranscriptLine("warning", 0.6, {"code": "late", "detail": ""}))
    assert len(path.read_text().splitlines()) == 1


def test_only_the_owner_can_read_a_transcript_even_if_the_file_was_there(tmp_path):
    path = tmp_path / "talk.jsonl"
    path.write_text("old\n")
    path.chmod(0o644)
    TranscriptWriter(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == ""


@pytest.mark.parametrize("name", ["missing/talk.jsonl", ".", "nul\0byte"])
def test_a_file_that_cannot_be_written_is_a_usage_error_that_names_it(tmp_path, name):
    with pytest.raises(UsageError, match="cannot write the transcript") as error:
        TranscriptWriter(tmp_path / name)
    assert "\n" not in str(error.value)


def test_a_full_disk_is_a_usage_error_and_closing_stays_quiet():
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    writer = TranscriptWriter(Path("/dev/full"))
    with pytest.raises(UsageError, match="No space left"):
        writer.write(TranscriptLine("warning", 0.0, {}))
    writer.close()


def test_a_whole_transcript_has_no_problems():
    lines = [
        START,
        {"event": "user_speech_started", "t": 1.9, "turn_id": "t1"},
        {"event": "user_speech_stopped", "t": 1.95, "turn_id": "t1", "added": 1},
        {"event": "user_said", "t": 1.9, "turn_id": "t1", "text": "hi"},
        {"event": "tool_called", "t": 2, "call_id": "c", "name": "n", "arguments": "{}"},
        {"event": "tool_finished", "t": 2, "call_id": "c", "outcome": "ok", "output": "1"},
        SAID,
        SAID | {"heard_ms": None},
        {"event": "turn_metrics", "t": 2.6, "turn_id": "t1"},
        {"event": "tier_changed", "t": 2.7, "tier": "rest", "cause": "drop"},
        {"event": "tier_changed", "t": 2.8, "tier": "realtime", "cause": "recovered"},
        END,
    ]
    assert problems(lines) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"event": "agent_sneezed", "t": 0}, "unknown event 'agent_sneezed'"),
        ({"t": 0}, "unknown event 'None'"),
        ({"t": 0, "event": "session_ended", "reason": ""}, "must begin with event and a number t"),
        (START | {"t": "0"}, "must begin with event and a number t"),
        ({"event": "user_said", "t": 0, "turn_id": "t"}, "user_said lacks text"),
        (SAID | {"heard_ms": True}, "agent_said.heard_ms is True"),
        (SAID | {"interrupted": 1}, "agent_said.interrupted is 1"),
        ({"event": "tier_changed", "t": 0, "tier": "rest", "cause": "mood"}, "tier_changed.cause is 'mood'"),
        (START | {"tier": "moon"}, "session_started.tier is 'moon', not one of device, realtime, rest"),
    ],
)
def test_each_kind_of_wrong_line_is_found(line, problem):
    found = problems([line, END])
    assert any(problem in sentence for sentence in found), found


def test_time_may_step_back_two_seconds_and_not_more():
    late, early = {**START, "t": 5.0}, {**SAID, "t": 3.0}
    assert problems([late, early, {**END, "t": 5.0}]) == []
    odd = {**START, "t": 16.899}  # less 2.0 it is 14.899000000000001
    assert problems([odd, {**SAID, "t": 14.899}, {**END, "t": 16.899}]) == []
    assert problems([late, {**SAID, "t": 2.9}, {**END, "t": 5.0}]) == ["line 2: t steps back from 5.0 to 2.9"]


def test_the_end_stands_once_and_last():
    assert "stands in no line" in problems([START])[0]
    assert problems([END, END]) == ["session_ended must be the last line and stand once; it stands in [1, 2]"]
