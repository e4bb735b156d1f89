from __future__ import annotations

import base64

import pytest

from dgrid.drawings import DATA_URL, FILE, HTTPS, IN_BASE64, JPEG, LINK, PNG
from voiceloop.dgrid.picture_files import PictureFile, picture_of, pictures_in, sniffed, without_pictures


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x1cftypavif", "image/avif"),
        (b"\0\0\0\x1cftypheic", "image/heic"),
        (b"BM\0\0", "image/bmp"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"<svg xmlns='x'/>", "image/svg+xml"),
        (b"\n<?xml version='1.0'?>\n<!-- a -->\n<!DOCTYPE svg>\n<svg>", "image/svg+xml"),
        (b"RIFF\x10\0\0\0WAVEfmt ", ""),
        (b"<html><svg>", ""),
        (b"", ""),
    ],
)
def test_first_bytes_tell_what_a_file_is(data, media_type):
    assert sniffed(data) == media_type


@pytest.mark.parametrize(
    ("entry", "picture"),
    [
        ({"b64_json": IN_BASE64}, FILE),
        ({"b64_json": IN_BASE64.rstrip("=")}, FILE),
        (
            {"b64_json": base64.urlsafe_b64encode(JPEG + b"\xfb\xff").decode()},
            PictureFile(JPEG + b"\xfb\xff", "image/jpeg"),
        ),
        ({"b64_json": f"{IN_BASE64[:9]}\n{IN_BASE64[9:]}\n"}, FILE),
        ({"b64_json": DATA_URL}, FILE),
        ({"b64_json": None, "url": HTTPS}, LINK),
        ({"b64_json": "", "url": DATA_URL}, FILE),
        ({"type": "image_generation_call", "result": IN_BASE64}, FILE),
        ({"type": "image_url", "image_url": {"url": DATA_URL, "detail": "auto"}}, FILE),
        ({"type": "image_url", "image_url": HTTPS}, LINK),
        ({"type": "output_image", "image_url": HTTPS}, LINK),
        ({"image": HTTPS}, LINK),
        ({"type": "image", "image": {"url": DATA_URL}}, FILE),
        ({"inlineData": {"mimeType": "image/jpeg", "data": IN_BASE64}}, FILE),
        ({"inline_data": {"mime_type": "image/x", "data": "YWI="}}, PictureFile(b"ab", "image/x")),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": IN_BASE64}}, FILE),
        ({"type": "image", "source": {"type": "url", "url": HTTPS}}, LINK),
        ({"type": "image", "data": IN_BASE64}, FILE),
        (DATA_URL, FILE),
        (HTTPS, LINK),
        ("data:;base64,YWI=", PictureFile(b"ab", "")),
    ],
)
def test_every_name_for_a_picture(entry, picture):
    assert picture_of(entry) == picture


def test_the_first_bytes_count_more_than_what_the_server_says():
    assert picture_of({"b64_json": IN_BASE64}, "image/webp") == FILE
    assert picture_of({"b64_json": "YWI="}, "image/webp") == PictureFile(b"ab", "image/webp")
    assert picture_of({"b64_json": "YWI="}, "audio/wav") == PictureFile(b"ab", "")


@pytest.mark.parametrize(
    "entry",
    [
        *(None, 7, "", [], {}, "hello", "ftp://example.com/a.png", "file:///etc/passwd", "javascript:alert(1)"),
        *({"b64_json": "?"}, {"b64_json": ""}, {"url": "/a.png"}, {"url": {"url": HTTPS}}, {"image_url": 7}),
        *({"type": "input_audio", "data": "YWI="}, {"inlineData": {"mimeType": "audio/wav", "data": "YWI="}}),
        *({"url": f"{HTTPS} and more"}, {"url": "data:image/png;base64,a"}, {"url": "data:text/html,hello"}),
    ],
)
def test_what_is_no_picture(entry):
    assert picture_of(entry) is None


@pytest.mark.parametrize(
    "message",
    [
        {"content": [{"type": "text", "text": "Here:"}, {"type": "image_url", "image_url": {"url": DATA_URL}}]},
        {"content": "Here:", "images": [{"type": "image_url", "image_url": {"url": DATA_URL}, "index": 0}]},
        {"content": None, "image": {"url": DATA_URL}},
        {"content": f"Here: ![a cat]({DATA_URL}) Nice."},
        {"content": f"Here: ![]( <{DATA_URL}> )"},
        {"content": DATA_URL},
        {"content": [{"type": "text", "text": f"![a]({DATA_URL})"}, {"inlineData": {"data": IN_BASE64}}]},
        {"content": f"![a]({DATA_URL})", "images": [DATA_URL, DATA_URL]},
    ],
)
def test_a_message_holds_a_picture_once(message):
    assert pictures_in(message) == (FILE,)


def test_several_pictures_come_in_order():
    words = f"![1]({HTTPS}) then ![2]({DATA_URL})"
    assert pictures_in({"content": words}) == (LINK, FILE)


@pytest.mark.parametrize(
    "message",
    [
        *({}, {"content": None}, {"content": "See https://example.com/a.png."}, {"content": f"[a link]({HTTPS})"}),
        *({"content": [None, 7, {"type": "text"}]}, {"images": "x"}, {"images": [None]}, {"content": "![a](b.png)"}),
        {"content": "![a](data:image/png;base64,a)"},
    ],
)
def test_a_message_without_pictures(message):
    assert pictures_in(message) == ()


@pytest.mark.parametrize(
    "piece", ["![", "![](data:image/png;base64,", "![a](https://x", '![a](https://x "', "data:image/png;a=b", "![a](  "]
)
def test_long_texts_are_looked_through_once(piece):
    """What never closes would take minutes if it were followed to the end from every beginning."""
    words = piece * 40_000
    assert not any(isinstance(picture, PictureFile) for picture in pictures_in({"content": words}))
    assert without_pictures(words)


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (f"Here: ![a cat]({DATA_URL}) Nice.", "Here:  Nice."),
        (f'![a]({HTTPS} "title")', ""),
        (DATA_URL, ""),
        (f"See {HTTPS}", f"See {HTTPS}"),
        ("Just words", "Just words"),
    ],
)
def test_a_text_without_its_pictures_can_be_read(words, left):
    assert without_pictures(words) == left


def test_neither_files_nor_addresses_fill_logs():
    assert repr(FILE) == "PictureFile(media_type='image/png')"
    assert "sig" not in repr(LINK)
