"""Answers of Gemini's dialect, written."""

import json

import pytest

from voiceloop_local.realtime.usage import Spent
from voiceloop_local.rest.gemini_chat_answer import ArrayWriter, GeminiWriter
from voiceloop_local.rest.inner import Answer, Called, Ended, Reason, Words
from voiceloop_local.rest.problems import ApiProblem

READ = Spent(5, 2)
LAMP = Called("c1", "lamp", '{"on":true}')
PART = {"functionCall": {"id": "c1", "name": "lamp", "args": {"on": True}}}


def ended(reason=Reason.FINISHED):
    return Ended(reason, READ, Spent(3))


def test_a_whole_answer_has_words_and_calls():
    told = GeminiWriter("r1", "any/model").whole(Answer([Words("Hello"), Words(" you."), LAMP], ended(Reason.CALLS)))
    [candidate] = told["candidates"]
    assert candidate["content"] == {"role": "model", "parts": [{"text": "Hello you."}, PART]}
    assert candidate["finishReason"] == "STOP"
    assert (told["modelVersion"], told["responseId"]) == ("any/model", "r1")
    usage = told["usageMetadata"]
    assert (usage["promptTokenCount"], usage["candidatesTokenCount"], usage["totalTokenCount"]) == (7, 3, 10)
    assert {"modality": "AUDIO", "tokenCount": 2} in usage["promptTokensDetails"]


def test_a_stream_ends_with_reason_and_usage():
    writer = GeminiWriter("r1", "m")
    events = [*writer.begin(READ), *writer.add(Words("Hm.")), *writer.add(LAMP), *writer.end(ended(Reason.LENGTH))]
    candidates = [event["candidates"][0] for event in events]
    assert [candidate["content"]["parts"] for candidate in candidates] == [[{"text": "Hm."}], [PART], [{"text": ""}]]
    assert [candidate.get("finishReason") for candidate in candidates] == [None, None, "MAX_TOKENS"]
    assert ["usageMetadata" in event for event in events] == [False, False, True]


@pytest.mark.parametrize("count", [1, 3])
def test_without_events_a_stream_is_one_json_array(count):
    writer = ArrayWriter("r1", "m")
    written = b"".join(writer.frame({"n": n}) for n in range(count)) + writer.last
    assert json.loads(written) == [{"n": n} for n in range(count)]


def test_an_error_is_told_in_googles_words():
    [error] = GeminiWriter("r1", "m").failed(ApiProblem(503, "The brain left."))
    assert error == {"error": {"code": 503, "message": "The brain left.", "status": "UNAVAILABLE"}}
