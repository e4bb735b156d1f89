"""Gemini's embeddings through their endpoints, and answers in speech and as a picture."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from asking import asking, desk_of
from voiceloop_local.rest import gemini_extras
from voiceloop_local.rest.gemini_extras import modalities, picture_answer, spoken_answer
from voiceloop_local.rest.hashing import embedding
from voiceloop_local.rest.placard import placard
from voiceloop_local.rest.problems import ApiProblem


def content(text):
    return {"parts": [{"text": text}]}


def asked(text="Hello there.", **config):
    return {"contents": [{"role": "user", **content(text)}], "generationConfig": config}


async def post(path, body):
    async with asking(gemini_extras, desk_of()) as client:
        return await client.post(path, json=body)


@pytest.mark.parametrize("path", ["/v1beta/models/m", "/v1/models/m", "/v1/models/google/m"])
async def test_a_text_is_embedded(path):
    body = {"model": "models/m", "content": content("Hello"), "taskType": "RETRIEVAL_QUERY"}
    assert (await post(f"{path}:embedContent", body)).json() == {"embedding": {"values": embedding("Hello")}}


async def test_several_texts_are_embedded_in_dimensions_of_their_own():
    requests = [
        {"content": content("Hello"), "outputDimensionality": 8},
        {"content": content("there"), "output_dimensionality": 16},
        {"content": content("Ada"), "embedContentConfig": {"outputDimensionality": 4}},
    ]
    told = (await post("/v1beta/models/m:batchEmbedContents", {"requests": requests})).json()
    assert [one["values"] for one in told["embeddings"]] == [
        embedding("Hello", 8),
        embedding("there", 16),
        embedding("Ada", 4),
    ]


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("embedContent", {}),
        ("embedContent", {"content": {"parts": [{"text": ""}]}}),
        ("embedContent", {"content": content("a"), "outputDimensionality": 5000}),
        ("embedContent", {"content": content("a" * 32_769)}),
        ("batchEmbedContents", {}),
        ("batchEmbedContents", {"requests": [5]}),
        ("batchEmbedContents", {"requests": [{"content": content("a")}] * 101}),
    ],
)
async def test_what_cannot_be_embedded_is_told_in_googles_words(verb, body):
    response = await post(f"/v1beta/models/m:{verb}", body)
    assert response.status_code == 400
    assert response.json()["error"]["status"] == "INVALID_ARGUMENT"


def test_what_the_answer_is_wanted_in_is_read_in_either_spelling():
    assert modalities({"generationConfig": {"responseModalities": ["AUDIO"]}}) == ["AUDIO"]
    assert modalities({"generation_config": {"response_modalities": ["text", "image"]}}) == ["TEXT", "IMAGE"]
    assert modalities({}) == []
    assert modalities({"generationConfig": {"responseModalities": "AUDIO"}}) == []


async def test_the_last_turn_is_spoken(fakes):
    speaker = fakes.speaker(takes_s=0)
    voice = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}
    body = asked(speechConfig=voice)
    body["contents"] = [content("Before."), {"role": "model", **content("Yes?")}, *body["contents"]]
    told = await spoken_answer(desk_of(speaker=speaker), body)
    [candidate] = told["candidates"]
    [part] = candidate["content"]["parts"]
    assert part["inlineData"]["mimeType"] == "audio/L16;codec=pcm;rate=24000"
    assert base64.b64decode(part["inlineData"]["data"]) == fakes.tone(12 * 60)
    assert (candidate["content"]["role"], candidate["finishReason"]) == ("model", "STOP")
    assert told["usageMetadata"]["totalTokenCount"] == 3 + 15
    assert speaker.said == [("Hello there.", "Kore")]


async def test_without_a_text_nothing_is_spoken(fakes):
    for contents in (None, [], [{"role": "model", "parts": [{"text": "a"}]}], [{"parts": "a"}]):
        with pytest.raises(ApiProblem, match="'contents' must hold a part with a text"):
            await spoken_answer(desk_of(speaker=fakes.speaker()), {"contents": contents})


@pytest.mark.parametrize(
    ("config", "size"),
    [
        ({}, (1024, 1024)),
        ({"imageConfig": {"aspectRatio": "1:1", "imageSize": "512x256"}}, (512, 256)),
        ({"imageConfig": {"aspectRatio": "16:9"}}, (1024, 576)),
        ({"image_config": {"aspect_ratio": "9:16", "image_size": "2k"}}, (1152, 2048)),
        ({"imageConfig": {"aspectRatio": "100:1"}}, (1024, 64)),
    ],
)
def test_a_picture_of_the_size_asked_for_is_the_answer(config, size):
    told = picture_answer(asked("A lighthouse", **config))
    [part] = told["candidates"][0]["content"]["parts"]
    assert part["inlineData"]["mimeType"] == "image/png"
    assert Image.open(io.BytesIO(base64.b64decode(part["inlineData"]["data"]))).size == size
    assert told["modelVersion"] == "voiceloop-image-placeholder"


def test_a_picture_that_was_sent_is_in_the_answer():
    body = asked("Darker")
    plain = picture_answer(body)
    data = base64.b64encode(placard("sent", 64, 64)).decode()
    body["contents"][0]["parts"].append({"inline_data": {"mime_type": "image/png", "data": data}})
    assert picture_answer(body)["candidates"] != plain["candidates"]
    body["contents"][0]["parts"][1] = {"inlineData": {"mimeType": "image/png", "data": "eHl6e"}}
    with pytest.raises(ApiProblem, match="base64"):
        picture_answer(body)


@pytest.mark.parametrize("config", [{"aspectRatio": "wide"}, {"aspectRatio": "0:1"}, {"imageSize": "huge"}])
def test_a_size_that_cannot_be_made_is_named(config):
    with pytest.raises(ApiProblem, match=r"aspectRatio|size"):
        picture_answer(asked("A lighthouse", imageConfig=config))
