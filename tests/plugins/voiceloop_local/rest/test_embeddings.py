"""Embeddings through the endpoint."""

from __future__ import annotations

import pytest

from asking import asking, desk_of, problem_in
from voiceloop_local.rest import embeddings
from voiceloop_local.rest.embeddings import wish_of
from voiceloop_local.rest.hashing import embedding, packed
from voiceloop_local.rest.problems import ApiProblem


async def ask(path="/v1/embeddings", **body):
    async with asking(embeddings, desk_of()) as client:
        return await client.post(path, json={"model": "text-embedding-3-small"} | body)


async def test_each_text_has_a_vector_and_the_embedder_is_named():
    told = (await ask(input=["Where is my order?", "Hello"])).json()
    assert (told["object"], told["model"]) == ("list", "voiceloop-embedding-hashing")
    assert told["data"] == [
        {"object": "embedding", "index": 0, "embedding": embedding("Where is my order?")},
        {"object": "embedding", "index": 1, "embedding": embedding("Hello")},
    ]
    assert told["usage"] == {"prompt_tokens": 7, "total_tokens": 7}


async def test_a_single_text_is_taken_in_other_dimensions_and_packed():
    [one] = (await ask(input="Hello", dimensions=12, encoding_format="base64")).json()["data"]
    assert one["embedding"] == packed(embedding("Hello", 12))


async def test_the_older_path_names_its_engine():
    async with asking(embeddings, desk_of()) as client:
        response = await client.post("/v1/engines/ada/embeddings", json={"input": "Hello"})
    assert len(response.json()["data"][0]["embedding"]) == 256


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ("a", ["a"]),
        (["a", "b"], ["a", "b"]),
        ([1, 23], ["1 23"]),
        ([[1, 2], [3]], ["1 2", "3"]),
        (["a", [1]], ["a", "1"]),
    ],
)
def test_tokens_are_taken_as_words(given, texts):
    assert wish_of({"model": "m", "input": given}).texts == texts


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"input": None}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": [[]]}, "input"),
        ({"input": 5}, "input"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": "a" * 32_769}, "input"),
        ({"input": ["a" * 32_768] * 37}, "input"),
        ({"model": None}, "model"),
        ({"dimensions": 0}, "dimensions"),
        ({"dimensions": 4097}, "dimensions"),
        ({"encoding_format": "int8"}, "encoding_format"),
    ],
)
def test_what_cannot_be_used_is_named(wrong, param):
    with pytest.raises(ApiProblem) as caught:
        wish_of({"model": "m", "input": "a"} | wrong)
    assert (caught.value.status, caught.value.param) == (400, param)


async def test_a_problem_is_told_in_openais_words():
    assert problem_in(await ask())[:2] == (400, "input")
