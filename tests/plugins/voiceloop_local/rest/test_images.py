"""Pictures through the endpoints, in all forms they are asked for."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from asking import asking, desk_of, problem_in
from voiceloop_local.rest import images
from voiceloop_local.rest.images import generation_of, size_of
from voiceloop_local.rest.placard import placard
from voiceloop_local.rest.problems import ApiProblem

SENT = placard("a picture that was sent", 64, 64)
ADDRESS = f"data:image/png;base64,{base64.b64encode(SENT).decode()}"


async def post(path, **how):
    async with asking(images, desk_of()) as client:
        return await client.post(f"/v1/images/{path}", **how)


def pictures_in(response):
    assert response.status_code == 200, response.text
    data = response.json()["data"]
    encoded = [one.get("b64_json") or one["url"].removeprefix("data:image/png;base64,") for one in data]
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in encoded]


async def test_a_picture_is_made_and_says_what_it_is():
    response = await post("generations", json={"prompt": "A lighthouse", "model": "dall-e-3"})
    [picture] = pictures_in(response)
    assert (picture.format, picture.size) == ("PNG", (1024, 1024))
    [one] = response.json()["data"]
    assert one["url"].startswith("data:image/png;base64,")
    assert one["revised_prompt"] == "A placeholder, made without a model, for: A lighthouse"
    usage = response.json()["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (3, 1024, 1027)


async def test_number_size_and_form_are_honoured():
    body = {"prompt": "A lighthouse", "n": 4, "size": "320x200", "response_format": "b64_json"}
    response = await post("generations", json=body)
    assert [picture.size for picture in pictures_in(response)] == [(320, 200)] * 4
    assert len({one["b64_json"] for one in response.json()["data"]}) == 4


async def test_newer_models_answer_in_base64_unasked():
    response = await post("generations", json={"prompt": "A lighthouse", "model": "gpt-image-1", "size": "64x64"})
    assert "b64_json" in response.json()["data"][0]


async def test_an_edit_shows_the_picture_that_was_sent():
    data = {"prompt": "Darker", "n": "2", "size": "128x128", "model": "dall-e-2"}
    plain = await post("generations", json={**data, "n": 2})
    edited = await post("edits", data=data, files={"image": ("a.png", SENT)})
    assert [picture.size for picture in pictures_in(edited)] == [(128, 128)] * 2
    assert edited.json()["data"][0] != plain.json()["data"][0]
    assert edited.json()["usage"]["input_tokens_details"]["image_tokens"] > 0


async def test_several_pictures_may_be_sent():
    files = [("image[]", ("a.png", SENT)), ("image[]", ("b.png", SENT)), ("mask", ("m.png", SENT))]
    assert pictures_in(await post("edits", data={"prompt": "Together"}, files=files))


@pytest.mark.parametrize(
    "given", [{"image": ADDRESS}, {"images": [{"image_url": ADDRESS}]}, {"images": [{"image_url": {"url": ADDRESS}}]}]
)
async def test_an_edit_may_come_in_json(given):
    assert pictures_in(await post("edits", json={"prompt": "Darker", "size": "64x64"} | given))


@pytest.mark.parametrize(
    "content", ["A lighthouse", [{"text": "A lighthouse"}], [{"type": "text", "text": "A lighthouse"}]]
)
async def test_qwens_form_is_taken(content):
    messages = [{"role": "system", "content": "Paint."}, {"role": "user", "content": content}]
    body = {"model": "wanx-v1", "input": {"messages": messages}, "parameters": {"size": "256*128"}, "n": 9}
    response = await post("generations", json=body)
    assert [picture.size for picture in pictures_in(response)] == [(256, 128)]
    assert response.json()["data"][0]["revised_prompt"].endswith("for: A lighthouse")


@pytest.mark.parametrize("content", [f"Darker {ADDRESS}", [{"image": ADDRESS}, {"text": "Darker"}]])
async def test_qwens_edits_are_taken_with_the_picture_inline(content):
    body = {"model": "wanx-v1", "input": {"messages": [{"role": "user", "content": content}]}}
    response = await post("edits", json=body)
    assert response.json()["data"][0]["revised_prompt"].endswith("for: Darker")
    assert response.json()["usage"]["input_tokens_details"]["image_tokens"] > 0


async def test_a_picture_at_an_address_is_never_fetched():
    content = [{"image": "http://127.0.0.1:1/secret.png"}, {"text": "Darker"}]
    body = {"model": "wanx-v1", "input": {"messages": [{"role": "user", "content": content}]}}
    assert (await post("edits", json=body)).json()["usage"]["input_tokens_details"]["image_tokens"] == 0


@pytest.mark.parametrize(
    ("how", "param"),
    [
        ({"data": {"prompt": "Darker"}, "files": {"mask": ("m.png", SENT)}}, "image"),
        ({"data": {"prompt": "Darker"}, "files": {"image": ("a.png", b"no picture")}}, "image"),
        ({"data": {"prompt": ""}, "files": {"image": ("a.png", SENT)}}, "prompt"),
        ({"data": {"prompt": "Darker", "n": "five"}, "files": {"image": ("a.png", SENT)}}, "n"),
        ({"data": {"prompt": "Darker", "stream": "true"}, "files": {"image": ("a.png", SENT)}}, "stream"),
        ({"json": {"prompt": "Darker"}}, "image"),
        ({"json": {"prompt": "Darker", "image": "data:image/png;base64,eHl6e"}}, "image"),
        ({"json": {"model": "m", "input": {"messages": []}}}, "input.messages"),
        ({"json": {"model": "m", "input": "Darker"}}, "input.messages"),
    ],
)
async def test_an_edit_that_cannot_be_made_says_why(how, param):
    assert problem_in(await post("edits", **how))[:2] == (400, param)


async def test_pictures_deep_inside_of_json_are_not_looked_for():
    deep = ADDRESS
    for _ in range(400):
        deep = [deep]
    assert problem_in(await post("edits", json={"prompt": "Darker", "images": deep}))[:2] == (400, "image")


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"n": 5}, "n"),
        ({"size": "63x64"}, "size"),
        ({"size": "2049x64"}, "size"),
        ({"size": "large"}, "size"),
        ({"size": 512}, "size"),
        ({"response_format": "png"}, "response_format"),
        ({"stream": True}, "stream"),
    ],
)
def test_what_cannot_be_used_is_named(wrong, param):
    with pytest.raises(ApiProblem) as caught:
        generation_of({"prompt": "A lighthouse"} | wrong)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_sizes_are_written_in_several_ways():
    assert [size_of(size) for size in ("64x2048", "64*2048", "64 × 2048")] == [(64, 2048)] * 3
    assert [size_of(size) for size in (None, "auto")] == [(1024, 1024)] * 2
