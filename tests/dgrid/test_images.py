from __future__ import annotations

import contextlib

import openai
import pytest

from dgrid.asker import BUSY, GONE, KEY, client, refusal
from dgrid.drawings import DATA_URL, FILE, HTTPS, IN_BASE64, JPEG, LINK, PNG
from dgrid.forms import parts
from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.failures import Kind
from voiceloop.dgrid.image_request import ImageEdit, ImageRequest, QwenRequest
from voiceloop.dgrid.images import Images
from voiceloop.dgrid.picture_files import PictureFile
from voiceloop.testing.rest import RestAnswer, ScriptedRest

pytestmark = pytest.mark.real

CAT = ImageRequest(model="dall-e-3", prompt="A cat")
DRAWN = RestAnswer({"created": 1, "data": [{"b64_json": IN_BASE64, "revised_prompt": "A red cat"}]})
QWEN = QwenRequest(model="wanx-v1", messages=[{"content": "A cat"}])
ASKED = ChatRequest(model="m", messages=[{"role": "user", "content": "Draw a cat"}])


@contextlib.asynccontextmanager
async def drawing(*answers):
    paths = ("/v1/images/generations", "/v1/images/edits", "/v1/chat/completions")
    async with ScriptedRest({f"POST {path}": answers for path in paths}) as rest, client(rest) as asker:
        yield Images(asker), rest


def answered(message):
    return RestAnswer({"choices": [{"index": 0, "message": message}], "usage": {"prompt_tokens": 3}})


async def test_a_picture_is_drawn():
    async with drawing(DRAWN) as (images, rest):
        found = await images.draw(CAT)
    (heard,) = rest.heard
    assert (heard.path, heard.headers["authorization"]) == ("/v1/images/generations", f"Bearer {KEY}")
    assert heard.body == b'{"prompt":"A cat","model":"dall-e-3"}'
    (one,) = found.pictures
    assert (one.picture, one.revised_prompt) == (FILE, "A red cat")


async def test_an_address_is_told_and_not_fetched():
    async with drawing(RestAnswer({"data": [{"url": HTTPS}]})) as (images, rest):
        (one,) = (await images.draw(CAT)).pictures
    assert one.picture == LINK
    assert len(rest.heard) == 1


async def test_the_stock_client_of_openai_sends_the_same():
    options = {
        "prompt": "A cat", "model": "m", "n": 2, "size": "1024x1024", "quality": "hd", "response_format": "url",
        "user": "u", "background": "opaque", "output_format": "webp", "output_compression": 50,
    }  # fmt: skip
    drawn, fidelity = {"style": "vivid", "moderation": "low"}, {"input_fidelity": "high"}
    files = [PNG, JPEG]
    async with (
        drawing(*[DRAWN] * 6) as (images, rest),
        openai.AsyncOpenAI(api_key=KEY, base_url=f"{rest.base_url}/v1") as theirs,
    ):
        await images.draw(ImageRequest(**options, **drawn))
        await theirs.images.generate(**options, **drawn)
        for given in (files[:1], files):
            ours = [PictureFile(data, "") for data in given]
            await images.edit(ImageEdit(images=ours, mask=FILE, **options, **fidelity))
            named = [(f"image{place}", data) for place, data in enumerate(given, 1)]
            image = named[0] if len(named) == 1 else named
            await theirs.images.edit(image=image, mask=("mask", PNG), **options, **fidelity)
    assert rest.heard[0].json == rest.heard[1].json
    for one, other in (rest.heard[2:4], rest.heard[4:6]):
        assert said(one) == said(other)
        assert one.path == other.path == "/v1/images/edits"


def said(heard):
    """Name and data of all parts; files are named as each client likes."""
    return sorted((name, data) for name, _, _, data in parts(heard.headers["content-type"], heard.body))


async def test_qwens_form_goes_to_both_endpoints():
    async with drawing(DRAWN, DRAWN) as (images, rest):
        await images.draw(QWEN)
    async with drawing(DRAWN, DRAWN) as (images, other):
        await images.edit(QWEN)
    assert [heard.path for heard in (*rest.heard, *other.heard)] == ["/v1/images/generations", "/v1/images/edits"]
    for heard in (*rest.heard, *other.heard):
        assert heard.body == b'{"model":"wanx-v1","input":{"messages":[{"role":"user","content":"A cat"}]}}'


async def test_a_format_that_a_model_refuses_is_left_out():
    refused = RestAnswer(
        {"error": {"message": "Unknown parameter: 'response_format'.", "code": "unknown_parameter"}}, 400
    )
    for ask in ("draw", "edit"):
        more = {} if ask == "draw" else {"images": [FILE]}
        kind = ImageRequest if ask == "draw" else ImageEdit
        async with drawing(refused, DRAWN, DRAWN) as (images, rest):
            for _ in range(2):
                await getattr(images, ask)(kind(prompt="A cat", response_format="url", **more))
        assert [b"response_format" in heard.body for heard in rest.heard] == [True, False, False]


async def test_a_picture_is_not_paid_for_twice():
    async with drawing(BUSY, GONE, DRAWN) as (images, rest):
        assert (await refusal(images.draw(CAT))).kind is Kind.DROPPED
    assert len(rest.heard) == 2


@pytest.mark.parametrize("odd", [{}, {"data": []}, {"data": [{"b64_json": "?"}]}, {"choices": [{"message": {}}]}])
async def test_an_answer_without_a_picture_is_broken(odd):
    async with drawing(*[RestAnswer(odd)] * 3) as (images, _):
        assert (await refusal(images.draw(CAT))).kind is Kind.BROKEN
        assert (await refusal(images.edit(QWEN))).kind is Kind.BROKEN
        assert (await refusal(images.draw_in_chat(ASKED))).kind is Kind.BROKEN


async def test_a_chat_model_draws_and_says_so():
    async with drawing(answered({"content": f"Here:\n![cat]({DATA_URL})"})) as (images, rest):
        found = await images.draw_in_chat(ASKED)
    assert rest.heard[0].json == {"model": "m", "messages": [{"role": "user", "content": "Draw a cat"}]}
    assert [one.picture for one in found.pictures] == [FILE]
    assert (found.text, found.usage.input_tokens) == ("Here:", 3)


async def test_a_chat_model_that_will_not_draw_says_why():
    async with drawing(answered({"content": "I only draw dogs."})) as (images, rest):
        found = await images.draw_in_chat(ASKED, ("text", "image"))
    assert (found.pictures, found.text) == ((), "I only draw dogs.")
    assert rest.heard[0].json["modalities"] == ["text", "image"]
