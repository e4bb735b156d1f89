from __future__ import annotations

from voiceloop.testing.numbers import numbered
from voiceloop.testing.service_log import Ending, Recognition, Sentence, outputs_missing
from voiceloop.testing.spans import Span
from voiceloop.vocabulary import ToolCall, ToolOutput, UserTurn

CALL = ToolCall("a", "find", "{}")


def test_a_recognition_tells_which_samples_are_in_it():
    asked = Recognition(at_s=1.0, pcm=bytes(20) + numbered(100, 50) + bytes(20) + numbered(300, 10), rate_hz=24_000)
    assert asked.spans == (Span(100, 150), Span(300, 310))
    assert (asked.endpoint, asked.ending) == ("transcribe", Ending.OPEN)


def test_a_sentence_tells_which_samples_were_sent():
    assert Sentence(at_s=1.0, text="hi", rate_hz=24_000, first_number=7, samples=3).span == Span(7, 10)


def test_each_call_has_one_output():
    said = UserTurn("t", "where is it")
    assert outputs_missing([said, CALL, ToolOutput("a", "here")]) == []
    assert outputs_missing([said, CALL]) == ["0 outputs for a"]
    assert outputs_missing([CALL, ToolOutput("a", "x"), ToolOutput("a", "y")]) == ["2 outputs for a"]
    assert outputs_missing([ToolOutput("b", "x")]) == ["an output for b, which was not called"]
