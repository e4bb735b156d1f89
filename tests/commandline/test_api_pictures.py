from __future__ import annotations

import json
import stat
from base64 import b64encode

import pytest

from voiceloop.testing.rest import RestAnswer

DRAW, EDIT, CHAT = "POST /v1/images/generations", "POST /v1/images/edits", "POST /v1/chat/completions"
PNG = b"\x89PNG\r\n\x1a\n...."
JPEG = b"\xff\xd8\xff...."
LINK = "https://pictures.example/loaf.png?sig=1"

pytestmark = pytest.mark.real


def drawn(*pictures, **more):
    data = [{"url": p} if isinstance(p, str) else {"b64_json": b64encode(p).decode(), **more} for p in pictures]
    return RestAnswer({"created": 1, "data": data})


def test_a_picture_goes_into_a_file_whose_name_is_printed(api, serving, tmp_path):
    with serving({DRAW: [drawn(PNG), drawn(JPEG)]}) as rest:
        told = api(rest, "image", "a loaf", "--model", "d", "--size", "64x64", "--quality", "hd")
        assert told == (0, "image-1.png\n", "")
        assert api(rest, "image", "a loaf", "--model", "d")[1] == "image-1.jpg\n"
    assert (tmp_path / "image-1.png").read_bytes() == PNG
    assert stat.S_IMODE((tmp_path / "image-1.png").stat().st_mode) == 0o600
    assert rest.heard[0].json == {"prompt": "a loaf", "model": "d", "size": "64x64", "quality": "hd"}


def test_a_picture_never_replaces_another_unless_it_is_told_to(api, serving, tmp_path):
    with serving({DRAW: [drawn(PNG), drawn(PNG), drawn(PNG + b"new")]}) as rest:
        outs = [api(rest, "image", "a loaf", "--model", "d")[1] for _ in range(2)]
        assert outs == ["image-1.png\n", "image-2.png\n"]
        assert api(rest, "image", "a loaf", "--model", "d", "--output", "image-1.png")[0] == 0
    assert (tmp_path / "image-1.png").read_bytes() == PNG + b"new"


def test_several_pictures_are_numbered(api, serving, tmp_path):
    with serving({DRAW: [drawn(PNG, JPEG)]}) as rest:
        _, out, _ = api(rest, "image", "a loaf", "--model", "d", "--n", "2", "--output", "loaf.png")
    assert out == "loaf-1.png\nloaf-2.png\n"
    assert (tmp_path / "loaf-2.png").read_bytes() == JPEG
    assert rest.heard[0].json["n"] == 2


def test_an_address_is_printed_and_not_fetched(api, serving):
    with serving({DRAW: [drawn(LINK)]}) as rest:
        assert api(rest, "image", "a loaf", "--model", "d") == (0, f"{LINK}\n", "")
    assert len(rest.heard) == 1


def test_a_script_is_told_where_the_pictures_are(api, serving):
    with serving({DRAW: [drawn(PNG, LINK, revised_prompt="a crowned loaf")]}) as rest:
        _, out, err = api(rest, "image", "a loaf", "--model", "d", "--output", "loaf.png", "--json")
    told = json.loads(out)
    assert told["pictures"] == [
        {"file": "loaf-1.png", "url": None, "media_type": "image/png", "revised_prompt": "a crowned loaf"},
        {"file": None, "url": LINK, "media_type": None, "revised_prompt": ""},
    ]
    assert (told["usage"], err) == (None, "")


def test_a_picture_goes_down_a_pipe(api, serving):
    plain = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    with serving({DRAW: [drawn(plain)]}) as rest:
        assert api(rest, "image", "a loaf", "--model", "d", "--output", "-")[1].encode() == plain


def test_a_picture_is_drawn_on_and_stays_as_it_was(api, serving, tmp_path):
    for name, data in {"loaf.png": PNG, "mask.png": PNG + b"mask"}.items():
        (tmp_path / name).write_bytes(data)
    options = ("--mask", "mask.png", "--output", "rye.png", "--model", "d", "--n", "1", "--size", "64x64")
    with serving({EDIT: [drawn(JPEG)]}) as rest:
        assert api(rest, "edit-image", "loaf.png", "Make it rye", *options) == (0, "rye.png\n", "")
    body = rest.heard[0].body
    for part in (b'name="image"; filename="image1.png"', b'name="mask"; filename="mask.png"', PNG + b"mask", b"rye"):
        assert part in body
    assert (tmp_path / "loaf.png").read_bytes() == PNG
    assert (tmp_path / "rye.png").read_bytes() == JPEG


def test_qwens_models_are_asked_in_their_own_form(api, serving, tmp_path):
    (tmp_path / "loaf.png").write_bytes(PNG)
    listed = RestAnswer({"data": [{"id": "dall-e-3"}, {"id": "wanx-v1"}]})
    with serving({"GET /v1/models": [listed], DRAW: [drawn(PNG)], EDIT: [drawn(PNG)]}) as rest:
        assert api(rest, "image", "a loaf", "--dialect", "qwen")[0] == 0
        assert api(rest, "edit-image", "loaf.png", "rye", "--dialect", "qwen", "--model", "q")[0] == 0
    _, draw, edit = rest.heard
    assert draw.json == {"model": "wanx-v1", "input": {"messages": [{"role": "user", "content": "a loaf"}]}}
    picture, words = edit.json["input"]["messages"][0]["content"]
    assert picture["image"] == f"data:image/png;base64,{b64encode(PNG).decode()}"
    assert words == {"text": "rye"}


def test_a_chat_model_draws_or_says_why_not(api, serving, tmp_path):
    (tmp_path / "loaf.png").write_bytes(PNG)

    def says(content):
        return RestAnswer({"choices": [{"index": 0, "message": {"content": content}}]})

    shown = f"Here: ![loaf](data:image/png;base64,{b64encode(PNG).decode()})"
    with serving({CHAT: [says(shown), says(shown), says("I draw no bread.")]}) as rest:
        status, out, err = api(rest, "image", "a loaf", "--dialect", "chat", "--model", "g")
        assert (status, out, err.strip()) == (0, "image-1.png\n", "Here:")
        assert api(rest, "edit-image", "-", "rye", "--dialect", "chat", "--model", "g", stdin=PNG)[0] == 0
        status, out, err = api(rest, "image", "a loaf", "--dialect", "chat", "--model", "g")
    assert (status, out, err.count("\n")) == (4, "", 1)
    assert "the model says: I draw no bread." in err
    picture, words = rest.heard[1].json["messages"][0]["content"]
    assert picture["image_url"]["url"].startswith("data:image/png;base64,")
    assert words["text"] == "rye"


def test_a_gemini_model_draws_and_draws_on(api, serving, tmp_path):
    (tmp_path / "loaf.png").write_bytes(PNG)
    part = {"inlineData": {"mimeType": "image/png", "data": b64encode(PNG).decode()}}
    answer = RestAnswer({"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]})
    with serving({"POST /v1/models/g:generateContent": [answer, answer]}) as rest:
        how = ("--dialect", "gemini", "--model", "g")
        assert api(rest, "image", "a loaf", *how, "--size", "1K")[:2] == (0, "image-1.png\n")
        assert api(rest, "edit-image", "loaf.png", "rye", *how, "--output", "rye.png")[:2] == (0, "rye.png\n")
    draw, edit = (heard.json for heard in rest.heard)
    assert draw["generationConfig"]["imageConfig"] == {"imageSize": "1K"}
    picture, words = edit["contents"][0]["parts"]
    assert (picture["inlineData"]["mimeType"], words) == ("image/png", {"text": "rye"})


BAD = {
    "no prompt": (("image", ""), "the prompt is empty"),
    "too many": (("image", "a", "--n", "11"), "--n"),
    "an unknown dialect": (("image", "a", "--dialect", "claude"), "'claude' is not one of"),
    "a wish Qwen has no words for": (("image", "a", "--dialect", "qwen", "--n", "2"), "has no word for --n"),
    "a number for Gemini": (("image", "a", "--dialect", "gemini", "--n", "2"), "has no word for --n"),
    "a mask in chat": (("edit-image", "a.png", "b", "--mask", "a.png", "--dialect", "chat"), "no word for --mask"),
    "no folder": (("image", "a", "--output", "no/a.png"), "there is no folder no"),
    "the original": (("edit-image", "a.png", "b", "--output", "a.png"), "a.png is what is read"),
    "the mask": (("edit-image", "a.png", "b", "--mask", "m.png", "--output", "m.png"), "m.png is what is read"),
    "a missing picture": (("edit-image", "none.png", "b"), "cannot read the picture none.png"),
    "a picture that is none": (("edit-image", "words.png", "b"), "words.png is no picture"),
    "an empty picture": (("edit-image", "empty.png", "b"), "the picture empty.png is empty"),
    "standard input twice": (("edit-image", "-", "-"), "can be read once"),
    "two things on one stream": (("image", "a", "--output", "-", "--json"), "cannot both go"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_drawn_is_one_line_before_anything_is_sent(api, serving, tmp_path, name):
    for file, data in {"a.png": PNG, "m.png": PNG, "words.png": b"words", "empty.png": b""}.items():
        (tmp_path / file).write_bytes(data)
    arguments, told = BAD[name]
    with serving({}) as rest:
        status, out, err = api(rest, *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert rest.heard == []
    assert (tmp_path / "a.png").read_bytes() == PNG
