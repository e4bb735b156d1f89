from __future__ import annotations

import base64

import pytest
from pydantic import ValidationError

from dgrid.asker import BUSY, GONE, KEY, client, refusal
from dgrid.drawings import FILE, IN_BASE64, JPEG, PNG
from voiceloop.dgrid.failures import Kind
from voiceloop.dgrid.gemini_pictures import GeminiPictureRequest, draw_content
from voiceloop.dgrid.picture_files import PictureFile
from voiceloop.testing.rest import RestAnswer, ScriptedRest

WHERE = "POST /v1/models/m:generateContent"
SHOWS = {"inlineData": {"mimeType": "image/png", "data": IN_BASE64}}


def answer(*parts, reason="STOP"):
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 1290}
    return {"candidates": [{"content": {"parts": list(parts)}, "finishReason": reason}], "usageMetadata": usage}


async def drawn(raw, **request):
    script = {WHERE: [RestAnswer(raw, headers={"x-request-id": "req_1"})]}
    async with ScriptedRest(script) as rest, client(rest) as asker:
        drawing = await draw_content(asker, GeminiPictureRequest(**{"model": "m", "prompt": "A cat", **request}))
    return drawing, rest.heard[0]


@pytest.mark.real
async def test_a_picture_and_what_is_said_about_it():
    drawing, heard = await drawn(answer({"text": "Here "}, SHOWS, {"text": "it is."}))
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert heard.body == (
        b'{"contents":[{"role":"user","parts":[{"text":"A cat"}]}],'
        b'"generationConfig":{"responseModalities":["TEXT","IMAGE"]}}'
    )
    assert [one.picture for one in drawing.pictures] == [FILE]
    assert (drawing.text, drawing.usage.output_tokens, drawing.request_id) == ("Here it is.", 1290, "req_1")


@pytest.mark.real
async def test_the_request_of_dgrids_reference_and_a_picture_to_draw_on():
    _, heard = await drawn(
        answer(SHOWS),
        pictures=[PictureFile(PNG, "image/png")],
        aspect_ratio="1:1",
        image_size="1024x1024",
        modalities=["IMAGE"],
    )
    assert heard.json == {
        "contents": [{"role": "user", "parts": [SHOWS, {"text": "A cat"}]}],
        "generationConfig": {
            "responseModalities": ["IMAGE"],
            "imageConfig": {"aspectRatio": "1:1", "imageSize": "1024x1024"},
        },
    }


@pytest.mark.real
async def test_drafts_of_a_model_that_thinks_are_not_the_picture():
    jpeg = {"inline_data": {"mime_type": "image/png", "data": base64.b64encode(JPEG).decode()}}
    thinks = [{"text": "A cat ...", "thought": True}, {**SHOWS, "thought": True}]
    drawing, _ = await drawn(answer(*thinks, jpeg))
    assert [one.picture for one in drawing.pictures] == [PictureFile(JPEG, "image/jpeg")]
    assert drawing.text == ""


@pytest.mark.real
async def test_a_model_may_say_why_it_does_not_draw():
    drawing, _ = await drawn(answer({"text": "I draw no cats."}))
    assert (drawing.pictures, drawing.text) == ((), "I draw no cats.")


@pytest.mark.real
@pytest.mark.parametrize(
    ("raw", "kind", "why"),
    [
        (answer(reason="IMAGE_SAFETY"), Kind.REFUSED, ": IMAGE_SAFETY"),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, Kind.REFUSED, ": SAFETY"),
        (answer(reason="NO_IMAGE"), Kind.BROKEN, ": NO_IMAGE"),
        ({"candidates": []}, Kind.BROKEN, ""),
    ],
)
async def test_an_answer_without_a_picture(raw, kind, why):
    failure = await refusal(drawn(raw))
    assert (failure.kind, failure.message) == (kind, f"an answer without a picture{why}")
    assert failure.request_id == "req_1"


@pytest.mark.real
async def test_a_picture_that_may_have_been_drawn_is_not_asked_for_again():
    async with ScriptedRest({WHERE: [GONE, BUSY]}) as rest, client(rest) as asker:
        asked = GeminiPictureRequest(model="m", prompt="A cat")
        assert (await refusal(draw_content(asker, asked))).kind is Kind.DROPPED
    assert len(rest.heard) == 1


@pytest.mark.parametrize("wrong", [{"prompt": ""}, {"model": ""}, {"modalities": ["AUDIO"]}, {"size": "1x1"}])
def test_bad_input_is_told(wrong):
    with pytest.raises(ValidationError):
        GeminiPictureRequest(**{"model": "m", "prompt": "A cat", **wrong})
