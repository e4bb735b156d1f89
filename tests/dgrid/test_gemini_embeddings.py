from __future__ import annotations

from array import array

import pytest
from google.genai import types
from pydantic import ValidationError

from dgrid.asker import GONE, KEY, client, refusal
from voiceloop.dgrid.failures import Kind
from voiceloop.dgrid.gemini_embeddings import GeminiEmbeddingsRequest, embed_content, read_values
from voiceloop.testing.rest import RestAnswer, ScriptedRest

ONE = {"embedding": {"values": [0.5, -0.25]}}
TWO = {"embeddings": [{"values": [1, 2]}, {"values": [3, 4]}]}


async def embedded(rest, **request):
    async with client(rest) as asker:
        return await embed_content(asker, GeminiEmbeddingsRequest(**{"model": "m", **request}))


@pytest.mark.real
async def test_a_text_becomes_a_vector():
    answer = RestAnswer(ONE | {"usageMetadata": {"promptTokenCount": 4}}, headers={"x-request-id": "req_1"})
    async with ScriptedRest({"POST /v1/models/google/m:embedContent": [GONE, answer]}) as rest:
        found = await embedded(
            rest, model="google/m", texts=["hi"], task_type="RETRIEVAL_QUERY", title="..", dimensions=256
        )
    assert rest.heard[1].headers["authorization"] == f"Bearer {KEY}"
    assert rest.heard[1].body == (
        b'{"content":{"parts":[{"text":"hi"}]},"taskType":"RETRIEVAL_QUERY","title":"..","outputDimensionality":256}'
    )
    assert (found.vectors, found.dimensions) == ((array("f", [0.5, -0.25]),), 2)
    assert (found.model, found.usage.input_tokens, found.request_id) == ("", 4, "req_1")


@pytest.mark.real
async def test_several_texts_are_asked_for_at_once():
    async with ScriptedRest({"POST /v1/models/m:batchEmbedContents": [RestAnswer(TWO)]}) as rest:
        found = await embedded(rest, texts=["a", "b"])
    assert rest.heard[0].body == (
        b'{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]}},'
        b'{"model":"models/m","content":{"parts":[{"text":"b"}]}}]}'
    )
    assert (found.vectors, found.usage) == ((array("f", [1, 2]), array("f", [3, 4])), None)


@pytest.mark.real
async def test_the_stock_client_of_google_sends_the_same_and_reads_the_same(of_google):
    async with ScriptedRest({"POST /v1/models/m:batchEmbedContents": [RestAnswer(TWO)] * 2}) as rest:
        ours = await embedded(rest, texts=["a", "b"], dimensions=2)
        options = types.HttpOptions(base_url=rest.base_url, api_version="v1")
        stock = of_google(api_key=KEY, vertexai=False, http_options=options)
        config = types.EmbedContentConfig(output_dimensionality=2)
        theirs = await stock.aio.models.embed_content(model="m", contents=["a", "b"], config=config)
        await stock.aio.aclose()
    told = [{**one, "content": {"parts": one["content"]["parts"]}} for one in rest.heard[1].json["requests"]]
    assert rest.heard[0].json["requests"] == told
    assert [list(vector) for vector in ours.vectors] == [one.values for one in theirs.embeddings]


@pytest.mark.real
async def test_an_answer_for_other_texts_is_broken():
    async with ScriptedRest({"POST /v1/models/m:batchEmbedContents": [RestAnswer(ONE)]}) as rest:
        failure = await refusal(embedded(rest, texts=["a", "b"]))
    assert (failure.kind, failure.message) == (Kind.BROKEN, "1 vectors for 2 texts")


@pytest.mark.parametrize("raw", [ONE, {"embeddings": [ONE["embedding"]]}])
def test_one_vector_alone_or_in_a_list(raw):
    assert read_values(raw, 1) == (array("f", [0.5, -0.25]),)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ({}, "0 vectors for 2 texts"),
        ({"embeddings": None}, "0 vectors for 2 texts"),
        ({"embeddings": [{}, {"values": [1]}]}, "a vector that cannot be read"),
        ({"embeddings": [{"values": [1, 2]}, {"values": [1]}]}, "vectors of different lengths"),
    ],
)
def test_what_cannot_be_relied_on(raw, why):
    assert read_values(raw, 2) == why


@pytest.mark.parametrize("wrong", [{"texts": []}, {"texts": "a"}, {"texts": ["a"], "dimensions": 0}, {"model": ""}])
def test_bad_input_is_told(wrong):
    with pytest.raises(ValidationError):
        GeminiEmbeddingsRequest(**{"model": "m", **wrong})
