from __future__ import annotations

import pytest

from dgrid.drawings import FILE, HTTPS, IN_BASE64, LINK
from voiceloop.dgrid.image_answer import DrawnPicture, read_drawing
from voiceloop.dgrid.picture_files import PictureFile

BILLED = {
    "total_tokens": 100,
    "input_tokens": 50,
    "output_tokens": 50,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
}


def test_files_addresses_and_the_bill():
    entries = [{"url": HTTPS, "b64_json": None, "revised_prompt": "A red cat"}, {"b64_json": IN_BASE64, "url": ""}]
    drawing = read_drawing({"created": 1, "data": entries, "usage": BILLED}, "req_1")
    assert drawing.pictures == (DrawnPicture(picture=LINK, revised_prompt="A red cat"), DrawnPicture(picture=FILE))
    assert (drawing.usage.input_tokens, drawing.usage.output_tokens, drawing.request_id) == (50, 50, "req_1")
    assert drawing.usage.details["input_image_tokens"] == 40


def test_the_format_told_counts_where_first_bytes_tell_nothing():
    drawing = read_drawing({"data": [{"b64_json": "YWI="}], "output_format": "webp"}, "")
    assert drawing.pictures[0].picture == PictureFile(b"ab", "image/webp")


@pytest.mark.parametrize(
    "output",
    [
        {"results": [{"url": HTTPS}]},
        {"choices": [{"message": {"content": [{"image": HTTPS}]}}]},
        {"choices": [{"message": {"role": "assistant", "content": [{"text": "Done"}, {"image": HTTPS}]}}, None]},
    ],
)
def test_the_shapes_of_qwens_own_service(output):
    drawing = read_drawing({"output": output, "usage": {"image_count": 1}, "request_id": "x"}, "")
    assert [one.picture for one in drawing.pictures] == [LINK]


def test_what_a_filter_took_is_left_out():
    drawing = read_drawing({"data": [{"url": None}, None, {"url": HTTPS}, HTTPS]}, "")
    assert [one.picture for one in drawing.pictures] == [LINK, LINK]
    assert drawing.usage is None


@pytest.mark.parametrize("raw", [{}, {"data": None}, {"data": []}, {"data": [{}]}, {"output": {"task_id": "t"}}])
def test_no_picture_is_no_drawing(raw):
    assert read_drawing(raw, "") is None
