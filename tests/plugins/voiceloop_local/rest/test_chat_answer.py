"""Chat completions, written."""

import json

import pytest

from voiceloop_local.realtime.usage import Spent
from voiceloop_local.rest.chat_answer import ChatWriter
from voiceloop_local.rest.inner import Answer, Called, Ended, Reason, Words
from voiceloop_local.rest.problems import ApiProblem

READ, WRITTEN = Spent(5, 2), Spent(3)
LAMP, CLOCK = Called("c1", "lamp", '{"on":true}'), Called("c2", "clock", "{}")


def ended(reason=Reason.FINISHED):
    return Ended(reason, READ, WRITTEN)


def writer(**fields):
    return ChatWriter("chatcmpl-1", 7, "any/model", **fields)


def test_a_whole_answer():
    told = writer().whole(Answer([Words("Hello"), Words(" you.")], ended()))
    assert (told["id"], told["object"], told["created"], told["model"]) == (
        "chatcmpl-1",
        "chat.completion",
        7,
        "any/model",
    )
    [choice] = told["choices"]
    assert choice["message"] == {"role": "assistant", "content": "Hello you.", "refusal": None}
    assert choice["finish_reason"] == "stop"
    usage = told["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (7, 3, 10)
    assert usage["prompt_tokens_details"]["audio_tokens"] == 2


def test_calls_in_a_whole_answer_have_no_content_beside_them():
    [choice] = writer().whole(Answer([LAMP, CLOCK], ended(Reason.CALLS)))["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    assert [call["id"] for call in choice["message"]["tool_calls"]] == ["c1", "c2"]
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "lamp", "arguments": '{"on":true}'}


def test_a_stream_tells_role_words_calls_and_reason():
    chat = writer()
    chunks = [
        *chat.begin(READ),
        *chat.add(Words("Hm.")),
        *chat.add(LAMP),
        *chat.add(CLOCK),
        *chat.end(ended(Reason.CALLS)),
    ]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[:2] == [{"role": "assistant", "content": ""}, {"content": "Hm."}]
    assert deltas[2]["tool_calls"][0]["function"] == {"name": "lamp", "arguments": ""}
    assert deltas[3]["tool_calls"] == [{"index": 0, "function": {"arguments": '{"on":true}'}}]
    assert [deltas[at]["tool_calls"][0]["index"] for at in (4, 5)] == [1, 1]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * 6 + ["tool_calls"]
    assert all("usage" not in chunk for chunk in chunks)


def test_usage_comes_last_and_only_when_it_is_wanted():
    [last, usage] = writer(counts=True).end(ended())
    assert (last["usage"], usage["choices"]) == (None, [])
    assert usage["usage"]["total_tokens"] == 10


@pytest.mark.parametrize(("reason", "told"), [(Reason.LENGTH, "length"), (Reason.STOP_TEXT, "stop")])
def test_reasons(reason, told):
    assert writer().end(ended(reason))[0]["choices"][0]["finish_reason"] == told


def test_an_error_takes_the_place_of_a_chunk():
    [error] = writer().failed(ApiProblem(503, "The brain left.", "model_unavailable"))
    assert error["error"]["message"] == "The brain left."
    assert json.loads(writer().frame(error).removeprefix(b"data: ")) == error
    assert writer().last == b"data: [DONE]\n\n"
