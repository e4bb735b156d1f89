"""Placeholder pictures, read again."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from voiceloop.errors import UsageError
from voiceloop_local.rest import placard as module
from voiceloop_local.rest.placard import placard


def opened(data):
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def sheet(width, height, colour="red", kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("size", [(64, 64), (512, 768), (2048, 2048), (2048, 64)])
def test_it_is_a_png_of_the_size_asked_for(size):
    picture = opened(placard("A lighthouse in the fog", *size))
    assert (picture.format, picture.size) == ("PNG", size)


def test_the_prompt_makes_the_picture():
    assert placard("A lighthouse", 128, 128) == placard("A lighthouse", 128, 128)
    assert placard("A lighthouse", 128, 128) != placard("A harbour", 128, 128)
    assert placard("A lighthouse", 128, 128, 1) != placard("A lighthouse", 128, 128, 2)


@pytest.mark.parametrize("prompt", ["", "word " * 5000, "x" * 5000, "灯塔\x00\n\n\u202e", "\n"])
def test_any_prompt_fits(prompt):
    assert opened(placard(prompt, 256, 256)).size == (256, 256)


def red_pixels(picture):
    pixels = iter(picture.tobytes())
    return sum(1 for r, g, b in zip(pixels, pixels, pixels, strict=True) if r > 200 and g < 60 and b < 60)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_that_was_sent_is_shown_shrunk(kind):
    picture = opened(placard("Darker", 400, 400, shown=sheet(1000, 500, "red", kind)))
    red = red_pixels(picture)
    assert 0.35 * 400 * 200 < red <= 400 * 200


def test_a_small_picture_is_not_blown_up():
    picture = opened(placard("Darker", 400, 400, shown=sheet(10, 10)))
    red = red_pixels(picture)
    assert red == 100


@pytest.mark.parametrize("garbage", [b"", b"no picture", sheet(50, 50)[:60], b"%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_what_is_no_picture_is_refused(garbage):
    with pytest.raises(UsageError, match="no picture that can be read"):
        placard("Darker", 64, 64, shown=garbage)


def test_a_picture_that_unpacks_to_gigabytes_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MOST_PIXELS", 1_000_000)
    assert placard("Darker", 64, 64, shown=sheet(1000, 1000))
    with pytest.raises(UsageError, match="more than 1 million pixels"):
        placard("Darker", 64, 64, shown=sheet(1001, 1000))
