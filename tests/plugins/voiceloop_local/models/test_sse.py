import json

import pytest

from voiceloop_local.models.sse import ChatStream
from voiceloop_local.seams import Call


def chunk(**delta):
    return "data: " + json.dumps({"choices": [{"delta": delta}]})


def test_text_is_taken_from_data_lines_only():
    stream = ChatStream()
    assert [stream.line(line) for line in (": ping", "event: x", "", chunk(content="Hi"), chunk(role="assistant"))] == [
        "",
        "",
        "",
        "Hi",
        "",
    ]
    assert not stream.done
    stream.line("data: [DONE]")
    assert stream.done


def test_a_tool_call_is_put_together_from_its_pieces():
    stream = ChatStream()
    stream.line(chunk(tool_calls=[{"index": 1, "id": "b", "function": {"name": "second", "arguments": ""}}]))
    stream.line(chunk(tool_calls=[{"index": 0, "id": "a", "function": {"name": "first", "arguments": '{"x"'}}]))
    stream.line(chunk(tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}]))
    assert stream.calls() == [Call("first", '{"x": 1}'), Call("second", "{}")]


def test_calls_without_an_index_or_with_an_object_as_arguments_are_taken_whole():
    stream = ChatStream()
    stream.line(chunk(tool_calls=[{"function": {"name": "one", "arguments": {"x": 1}}}]))
    stream.line(chunk(tool_calls=[{"function": {"name": "two"}}, {"function": {"arguments": "{}"}}]))
    assert stream.calls() == [Call("one", '{"x": 1}'), Call("two", "{}")]


@pytest.mark.parametrize("line", ["data: {", 'data: {"error": {"message": "no memory"}}'])
def test_errors_in_the_stream_are_kept(line):
    stream = ChatStream()
    stream.line(line)
    assert stream.error


@pytest.mark.parametrize("line", ["data: []", 'data: {"choices": null}', 'data: {"choices": [{"delta": null}]}'])
def test_empty_chunks_hold_nothing(line):
    stream = ChatStream()
    assert stream.line(line) == ""
    assert stream.error is None
