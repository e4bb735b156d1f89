"""Responses, written."""

import pytest

from voiceloop_local.realtime.usage import Spent
from voiceloop_local.rest.inner import Answer, Called, Ended, Reason, Words
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.responses_answer import ResponsesWriter

READ = Spent(5, 2)
LAMP = Called("c1", "lamp", '{"on":true}')


def ended(reason=Reason.FINISHED):
    return Ended(reason, READ, Spent(3))


@pytest.fixture
def writer():
    return ResponsesWriter("resp_1", 7, "any/model", {"tools": []})


def test_a_whole_answer_has_a_message_and_calls(writer):
    told = writer.whole(Answer([Words("Hello"), Words(" you."), LAMP], ended(Reason.CALLS)))
    assert (told["id"], told["object"], told["created_at"], told["model"]) == ("resp_1", "response", 7, "any/model")
    assert (told["status"], told["error"], told["incomplete_details"]) == ("completed", None, None)
    message, call = told["output"]
    assert (message["type"], message["status"], message["role"]) == ("message", "completed", "assistant")
    assert message["content"][0]["text"] == "Hello you."
    assert (call["type"], call["call_id"], call["arguments"]) == ("function_call", "c1", '{"on":true}')
    assert message["id"] != call["id"]
    usage = told["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (7, 3, 10)


def test_a_stream_opens_and_closes_everything_in_order(writer):
    events = [*writer.begin(READ), *writer.add(Words("Hm.")), *writer.add(LAMP), *writer.end(ended(Reason.CALLS))]
    assert [event["type"].removeprefix("response.") for event in events] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    assert [event["sequence_number"] for event in events] == list(range(13))
    assert events[0]["response"]["output"] == []
    assert {event["item_id"] for event in events[3:7]} == {events[7]["item"]["id"]}
    assert [event["output_index"] for event in events[2:12]] == [0] * 6 + [1] * 4
    assert events[-1]["response"]["output"] == [events[7]["item"], events[11]["item"]]


def test_an_answer_that_was_cut_is_incomplete(writer):
    told = writer.whole(Answer([Words("One ")], ended(Reason.LENGTH)))
    assert (told["status"], told["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert told["output"][0]["status"] == "incomplete"


def test_an_error_is_told_before_the_response_that_failed(writer):
    error, failed = writer.failed(ApiProblem(503, "The brain left.", "model_unavailable"))
    assert (error["type"], error["code"], error["message"]) == ("error", "model_unavailable", "The brain left.")
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["error"]["message"] == "The brain left."
    assert writer.frame(failed).startswith(b"event: response.failed\ndata: {")
