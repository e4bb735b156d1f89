from __future__ import annotations

import pytest

from dgrid.drawings import DATA_URL, FILE, JPEG, PNG
from voiceloop.dgrid.image_request import ImageEdit, ImageRequest, QwenRequest
from voiceloop.dgrid.multipart import Upload
from voiceloop.dgrid.picture_files import PictureFile


def test_only_what_was_set_is_sent():
    assert ImageRequest(prompt="A cat").to_json() == {"prompt": "A cat"}
    assert ImageEdit(prompt="A hat", images=[FILE], n=2).fields() == {"prompt": "A hat", "n": "2"}


def test_one_picture_goes_under_the_documented_name_and_several_as_a_list():
    one, other = Upload("image1.png", "image/png", PNG), Upload("image2.jpg", "image/jpeg", JPEG)
    images = [FILE, PictureFile(JPEG, "image/png")]
    assert ImageEdit(prompt="x", images=images[:1]).files() == {"image": one}
    assert ImageEdit(prompt="x", images=images, mask=FILE).files() == {
        "image": (one, other),
        "mask": Upload("mask.png", "image/png", PNG),
    }


def test_what_nobody_knows_is_sent_as_png_whatever_it_was_called():
    edit = ImageEdit(prompt="x", images=[PictureFile(b"?", 'image/png"\r\nX: y')])
    assert edit.files() == {"image": Upload("image1.png", "image/png", b"?")}


def test_qwens_messages_are_wrapped():
    plain = QwenRequest(model="wanx-v1", messages=[{"content": "A cat"}])
    assert plain.to_json() == {"model": "wanx-v1", "input": {"messages": [{"role": "user", "content": "A cat"}]}}
    parts = [{"image": DATA_URL}, {"text": "with a hat"}]
    assert QwenRequest(model="m", messages=[{"content": parts}]).to_json()["input"]["messages"][0]["content"] == parts


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (ImageRequest, {"prompt": ""}),
        (ImageRequest, {"prompt": "x", "n": 11}),
        (ImageRequest, {"prompt": "x", "response_format": "png"}),
        (ImageRequest, {"prompt": "x", "qualty": "hd"}),
        (ImageEdit, {"prompt": "x", "images": []}),
        (QwenRequest, {"model": "m", "messages": []}),
        (QwenRequest, {"model": "m", "messages": [{"content": []}]}),
        (QwenRequest, {"model": "m", "messages": [{"content": "x"}], "n": 2}),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(kind, wrong):
    with pytest.raises(ValueError, match=list(wrong)[-1]):
        kind(**wrong)
