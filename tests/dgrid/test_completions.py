from __future__ import annotations

import contextlib
import json

import openai
import pytest

from dgrid.asker import BUSY, GONE, KEY, client, refusal
from voiceloop.dgrid.chat_answer import Stop
from voiceloop.dgrid.completions import CompletionRequest, Completions
from voiceloop.dgrid.completions_reading import Continued, Finished
from voiceloop.dgrid.failures import Kind
from voiceloop.testing.rest import RestAnswer, ScriptedRest

pytestmark = pytest.mark.real

ONCE = CompletionRequest(model="davinci-002", prompt="Once upon")
WHOLE = {
    "id": "cmpl-1",
    "object": "text_completion",
    "model": "m",
    "choices": [{"text": " a time", "index": 0, "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5},
}
TOLD = RestAnswer(WHOLE, headers={"x-request-id": "req_1"})
DONE = b"data: [DONE]\n\n"


def chunk(words, finish_reason=None, index=0):
    choice = {"text": words, "index": index, "finish_reason": finish_reason}
    return f"data: {json.dumps({'id': 'cmpl-1', 'model': 'm', 'choices': [choice]})}\n\n".encode()


USAGE = f"data: {json.dumps({'choices': [], 'usage': WHOLE['usage']})}\n\n".encode()
STREAMED = RestAnswer([chunk(" a"), chunk(" time", "stop"), USAGE, DONE])


@contextlib.asynccontextmanager
async def completing(*answers):
    async with ScriptedRest({"POST /v1/completions": answers}) as rest, client(rest) as asker:
        yield Completions(asker), rest


async def told(completions, request=ONCE):
    async with completions.stream(request) as pieces:
        return [piece async for piece in pieces]


async def test_a_text_goes_on():
    async with completing(TOLD) as (completions, rest):
        answer = await completions.complete(ONCE)
    (heard,) = rest.heard
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert heard.body == b'{"model":"davinci-002","prompt":"Once upon"}'
    assert (answer.text, answer.continuations[0].stop, answer.request_id) == (" a time", Stop.END, "req_1")
    assert (answer.id, answer.model, answer.usage.input_tokens, answer.usage.output_tokens) == ("cmpl-1", "m", 2, 3)


async def test_whole_or_streamed_it_is_the_same():
    async with completing(TOLD, STREAMED, STREAMED, TOLD) as (completions, rest):
        whole, unasked = await completions.complete(ONCE), await completions.complete(ONCE)
        streamed, at_once = await told(completions), await told(completions)
    plain = whole.model_copy(update={"request_id": ""})
    assert unasked == plain
    assert streamed == [Continued(0, " a"), Continued(0, " time"), Finished(plain)]
    assert at_once == [Continued(0, " a time"), Finished(whole)]
    assert rest.heard[2].json == {**rest.heard[0].json, "stream": True, "stream_options": {"include_usage": True}}


async def test_several_texts_grow_side_by_side():
    answer = RestAnswer([chunk("x", index=1), chunk("a"), chunk("", "length"), chunk("y", "stop", 1), DONE])
    async with completing(answer) as (completions, _):
        *pieces, last = await told(completions, ONCE.model_copy(update={"n": 2}))
    assert pieces == [Continued(1, "x"), Continued(0, "a"), Continued(1, "y")]
    assert [(one.text, one.stop) for one in last.completion.continuations] == [("a", Stop.LENGTH), ("xy", Stop.END)]


async def test_the_stock_client_of_openai_sends_the_same():
    options = {
        "suffix": "end", "max_tokens": 5, "temperature": 0.5, "top_p": 0.5, "n": 2, "logprobs": 1, "echo": True,
        "stop": ["x"], "presence_penalty": 1, "frequency_penalty": -1, "best_of": 3, "logit_bias": {"7": -100},
        "user": "u", "seed": 4,
    }  # fmt: skip
    async with (
        completing(*[TOLD] * 6) as (completions, rest),
        openai.AsyncOpenAI(api_key=KEY, base_url=f"{rest.base_url}/v1") as theirs,
    ):
        for prompt in ("Once", ["Once", "Twice"], [[1, 2], [3]]):
            await completions.complete(CompletionRequest(model="m", prompt=prompt, **options))
            await theirs.completions.create(model="m", prompt=prompt, **options)
    for ours, stock in zip(rest.heard[::2], rest.heard[1::2], strict=True):
        assert ours.json == stock.json


async def test_what_a_model_refuses_is_left_out():
    refused = RestAnswer({"error": {"message": "Unsupported parameter: temperature", "param": "temperature"}}, 400)
    async with completing(refused, TOLD, TOLD) as (completions, rest):
        for _ in range(2):
            assert (await completions.complete(ONCE.model_copy(update={"temperature": 1}))).text == " a time"
    assert ["temperature" in heard.json for heard in rest.heard] == [True, False, False]


async def test_it_is_asked_again_when_the_connection_breaks_before_the_answer():
    async with completing(GONE, BUSY, TOLD) as (completions, _):
        assert (await completions.complete(ONCE)).text == " a time"


async def test_a_connection_that_breaks_leaves_a_truncated_text():
    async with completing(RestAnswer([chunk(" a")], ends="cut")) as (completions, _):
        *_, last = await told(completions)
    assert (last.completion.text, last.completion.continuations[0].stop) == (" a", Stop.TRUNCATED)


@pytest.mark.parametrize("ends", ["never", "cut"])
async def test_a_server_that_hangs_on_after_the_last_word_is_left(monkeypatch, ends):
    monkeypatch.setattr("voiceloop.dgrid.frames.FIGURES_WITHIN_S", 0.01)
    monkeypatch.setattr("voiceloop.dgrid.client.END_WITHIN_S", 0.01)
    async with completing(RestAnswer([chunk(" a", "stop")], ends=ends)) as (completions, _):
        *_, last = await told(completions)
    assert last.completion.continuations[0].stop is Stop.END


async def test_a_connection_that_breaks_before_any_text_is_an_error():
    async with completing(RestAnswer([b": PING\n\n"], ends="cut")) as (completions, _):
        assert (await refusal(told(completions))).kind is Kind.DROPPED


@pytest.mark.parametrize("odd", [b"", b"<html>", b"[]", b"{}", b"data: x\n\n", b"\xff", b'{"choices":[7]}'])
async def test_what_is_no_answer_is_broken(odd):
    async with completing(RestAnswer(odd), RestAnswer([odd])) as (completions, _):
        assert (await refusal(completions.complete(ONCE))).kind is Kind.BROKEN
        assert (await refusal(told(completions))).kind is Kind.BROKEN


async def test_an_answer_that_is_too_long_for_one_is_broken(monkeypatch):
    monkeypatch.setattr("voiceloop.dgrid.sse.LONGEST", 20)
    async with completing(TOLD) as (completions, _):
        assert "longer than 20 bytes" in (await refusal(completions.complete(ONCE))).message


@pytest.mark.parametrize("wrong", [{"prompt": []}, {"prompt": [[]]}, {"n": 0}, {"n": 3, "best_of": 2}, {"modle": "x"}])
def test_a_request_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CompletionRequest(**{"model": "m", "prompt": "x", **wrong})
