"""Messages of Claude's dialect, written."""

import pytest

from voiceloop_local.realtime.usage import Spent
from voiceloop_local.rest.inner import Answer, Called, Ended, Reason, Words
from voiceloop_local.rest.messages_answer import MessagesWriter
from voiceloop_local.rest.problems import ApiProblem

READ = Spent(5, 2)
LAMP = Called("c1", "lamp", '{"on":true}')


def ended(reason=Reason.FINISHED, stop=None):
    return Ended(reason, READ, Spent(3), stop)


@pytest.fixture
def writer():
    return MessagesWriter("msg_1", "any/model")


def test_a_whole_answer_has_blocks(writer):
    told = writer.whole(Answer([Words("Hello"), Words(" you."), LAMP], ended(Reason.CALLS)))
    assert (told["id"], told["type"], told["role"], told["model"]) == ("msg_1", "message", "assistant", "any/model")
    assert told["content"] == [
        {"type": "text", "text": "Hello you."},
        {"type": "tool_use", "id": "c1", "name": "lamp", "input": {"on": True}},
    ]
    assert (told["stop_reason"], told["stop_sequence"]) == ("tool_use", None)
    assert (told["usage"]["input_tokens"], told["usage"]["output_tokens"]) == (7, 3)


def test_a_stream_opens_and_closes_every_block(writer):
    events = [
        *writer.begin(READ),
        *writer.add(Words("Hm")),
        *writer.add(Words(".")),
        *writer.add(LAMP),
        *writer.add(Words("So.")),
        *writer.end(ended(Reason.CALLS)),
    ]
    assert [(event["type"].removeprefix("content_block_"), event.get("index")) for event in events] == [
        ("message_start", None),
        ("start", 0),
        ("delta", 0),
        ("delta", 0),
        ("stop", 0),
        ("start", 1),
        ("delta", 1),
        ("stop", 1),
        ("start", 2),
        ("delta", 2),
        ("stop", 2),
        ("message_delta", None),
        ("message_stop", None),
    ]
    assert events[0]["message"]["usage"]["input_tokens"] == 7
    assert events[5]["content_block"]["input"] == {}
    assert events[6]["delta"] == {"type": "input_json_delta", "partial_json": '{"on": true}'}
    assert events[-2]["usage"]["output_tokens"] == 3


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (ended(), ("end_turn", None)),
        (ended(Reason.LENGTH), ("max_tokens", None)),
        (ended(Reason.STOP_TEXT, "END"), ("stop_sequence", "END")),
    ],
)
def test_reasons(writer, end, told):
    delta = writer.end(end)[0]["delta"]
    assert (delta["stop_reason"], delta["stop_sequence"]) == told


def test_arguments_that_a_model_garbled_are_its_error(writer):
    garbled = Called("c1", "lamp", "{")
    with pytest.raises(ApiProblem, match="'lamp'"):
        writer.add(garbled)
    with pytest.raises(ApiProblem, match="'lamp'"):
        writer.whole(Answer([garbled], ended(Reason.CALLS)))


def test_an_error_is_an_event_of_its_own(writer):
    [error] = writer.failed(ApiProblem(503, "The brain left."))
    assert error == {"type": "error", "error": {"type": "overloaded_error", "message": "The brain left."}}
    assert writer.frame(error).startswith(b"event: error\ndata: {")
