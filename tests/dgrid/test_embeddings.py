from __future__ import annotations

import base64
import struct
import sys
from array import array

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgrid.asker import GONE, KEY, client, refusal
from voiceloop.dgrid.embeddings import EmbeddingsRequest, embed, read_vectors
from voiceloop.dgrid.failures import Kind
from voiceloop.testing.rest import RestAnswer, ScriptedRest

PATH = "POST /v1/embeddings"
USAGE = {"prompt_tokens": 4, "total_tokens": 4}
ONE = {
    "object": "list",
    "data": [{"object": "embedding", "embedding": [0.5, -0.25], "index": 0}],
    "model": "m",
    "usage": USAGE,
}


def packed(*numbers):
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def data(*vectors):
    return {"data": [{"embedding": vector, "index": place} for place, vector in enumerate(vectors)]}


async def embedded(rest, **request):
    async with client(rest) as asker:
        return await embed(asker, EmbeddingsRequest(**{"model": "m", "input": "hello", **request}))


@pytest.mark.real
async def test_a_text_becomes_a_vector():
    async with ScriptedRest({PATH: [GONE, RestAnswer(ONE, headers={"x-request-id": "req_1"})]}) as rest:
        found = await embedded(rest)
    assert rest.heard[1].body == b'{"model":"m","input":"hello"}'
    assert rest.heard[1].headers["authorization"] == f"Bearer {KEY}"
    assert (found.vectors, found.dimensions) == ((array("f", [0.5, -0.25]),), 2)
    assert (found.model, found.usage.input_tokens, found.request_id) == ("m", 4, "req_1")


@pytest.mark.real
async def test_the_stock_client_of_openai_sends_the_same_and_reads_the_same():
    answer = RestAnswer({**ONE, "data": data(packed(1, 2), packed(3, 4))["data"]})
    async with ScriptedRest({PATH: [answer] * 2}) as rest:
        options = {"input": ["a", "b"], "dimensions": 2, "user": "u"}
        ours = await embedded(rest, encoding_format="base64", **options)
        async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{rest.base_url}/v1") as theirs:
            stock = await theirs.embeddings.create(model="m", **options)
    assert rest.heard[0].json == rest.heard[1].json
    assert [list(vector) for vector in ours.vectors] == [one.embedding for one in stock.data] == [[1, 2], [3, 4]]


@pytest.mark.real
async def test_the_legacy_endpoint_of_an_engine():
    legacy = {"POST /v1/engines/ada%20002/embeddings": [RestAnswer(ONE)]}
    async with ScriptedRest(legacy) as rest, client(rest) as asker:
        found = await embed(asker, EmbeddingsRequest(model="ada", input="hello"), engine="ada 002")
    assert found.dimensions == 2


@pytest.mark.real
async def test_an_answer_for_other_texts_is_broken():
    async with ScriptedRest({PATH: [RestAnswer(ONE)]}) as rest:
        failure = await refusal(embedded(rest, input=["a", "b"]))
    assert (failure.kind, failure.message) == (Kind.BROKEN, "1 vectors for 2 texts")


@pytest.mark.real
async def test_a_server_that_tells_no_tokens():
    async with ScriptedRest({PATH: [RestAnswer(data([1]))]}) as rest:
        assert (await embedded(rest)).usage is None


@pytest.mark.parametrize(("given", "count"), [("a", 1), (["a", "b"], 2), ([1, 2, 3], 1), ([[1], [2, 3]], 2)])
def test_how_many_texts_there_are(given, count):
    assert EmbeddingsRequest(model="m", input=given).count == count


@pytest.mark.parametrize("wrong", [[], [[]], [1, "a"], None, 7])
def test_an_input_that_is_no_text_is_refused(wrong):
    with pytest.raises(ValueError, match="input"):
        EmbeddingsRequest(model="m", input=wrong)


def entries(*pairs):
    return {"data": [{"embedding": [value]} | ({} if place is None else {"index": place}) for place, value in pairs]}


@pytest.mark.parametrize(
    ("raw", "firsts"),
    [
        (entries((1, 20), (0, 10)), [10, 20]),
        (entries((0, 10), (0, 20)), [10, 20]),
        (entries((None, 10), (None, 20)), [10, 20]),
        (entries((1, 10), (2, 20)), [10, 20]),
        (data([1], packed(2)), [1, 2]),
    ],
)
def test_the_order_is_that_of_the_texts(raw, firsts):
    assert [vector[0] for vector in read_vectors(raw, 2)] == firsts


@pytest.mark.parametrize(
    "odd", [None, [], {}, "", "?", "AAA", "AAAA", ["a"], [None], [[1]], [1e39], [10**400], packed(float("nan")), 7]
)
def test_what_is_no_vector_is_not_taken(odd):
    assert read_vectors(data(odd), 1) == "a vector that cannot be read"


def test_vectors_of_different_lengths_are_not_taken():
    assert read_vectors(data([1], [1, 2]), 2) == "vectors of different lengths"


@pytest.mark.parametrize("raw", [{}, {"data": None}, {"data": ["x"]}, {"data": {}}])
def test_an_answer_without_vectors(raw):
    assert read_vectors(raw, 1) == "0 vectors for 1 texts"


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_and_base64_are_the_same_vector(numbers):
    assert read_vectors(data(numbers), 1) == read_vectors(data(packed(*numbers)), 1) == (array("f", numbers),)


def test_base64_is_little_endian_on_every_machine(monkeypatch):
    monkeypatch.setattr(sys, "byteorder", "big")
    swapped = array("f", [1])
    swapped.byteswap()
    assert read_vectors(data(packed(1)), 1) == (swapped,)
