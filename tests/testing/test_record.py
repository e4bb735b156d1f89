from __future__ import annotations

from voiceloop.testing.record import Called, Record
from voiceloop.transcript import TranscriptLine


def record_of(*lines):
    record = Record()
    for event, fields in lines:
        record.take(TranscriptLine(event, 0.0, fields))
    return record


def called(call_id, arguments):
    return "tool_called", {"call_id": call_id, "name": "lamp", "arguments": arguments}


def finished(call_id, outcome="ok", output="done"):
    return "tool_finished", {"call_id": call_id, "outcome": outcome, "output": output}


def test_a_call_gets_its_outcome_when_it_comes():
    record = record_of(called("c1", {"on": True}), called("c2", {"on": False}), finished("c2", "timeout", "too slow"))
    assert record.calls == [Called("lamp", {"on": True}), Called("lamp", {"on": False}, "timeout", "too slow")]
    assert [str(call) for call in record.calls] == [
        "lamp(on=True) -> still running ''",
        "lamp(on=False) -> timeout 'too slow'",
    ]


def test_arguments_that_are_no_object_are_kept_as_they_came():
    assert record_of(called("c1", "{broken")).calls[0].arguments == {"arguments": "{broken"}


def test_a_turn_begins_the_record_anew_and_forgets_nothing():
    record = record_of(called("c1", {}), finished("c1"))
    record.turn_begins("'hello'")
    assert (record.turn, record.calls_since, record.since("tool_called")) == ("'hello'", [], [])
    assert len(record.lines) == 2
    assert len(record.calls) == 1


def test_what_happened_is_told_in_the_order_people_look_for_it():
    record = record_of(
        ("warning", {"code": "odd", "detail": "something"}),
        ("agent_said", {"heard_text": "Hello."}),
        called("c1", {}),
        ("session_ended", {"reason": "idle"}),
    )
    assert record.told.splitlines() == [
        "  called: lamp() -> still running ''",
        "  said:   'Hello.'",
        "  warned: odd something",
        "  ended:  idle",
    ]
    assert record_of().told.splitlines() == ["  called: nothing", "  said:   nothing"]
