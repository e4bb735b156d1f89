"""Placeholder pictures: the prompt written on a sheet, and in an edit the picture that was sent, shrunk; pure.

They stand in for a model that makes pictures where none is installed, and say so on themselves.
"""

from __future__ import annotations

import io
import textwrap
import zlib
from typing import Final

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from voiceloop.errors import UsageError

__all__ = ["LARGEST_PIXELS", "MOST_PIXELS", "PAINTER", "SMALLEST_PIXELS", "placard"]

PAINTER: Final = "voiceloop-image-placeholder"
SMALLEST_PIXELS: Final = 64
LARGEST_PIXELS: Final = 2048
"""Of each side of what is made."""
MOST_PIXELS: Final = 40_000_000
"""Of a picture that is read, in all: a small file can unpack to gigabytes."""
_LABEL: Final = "placeholder: no model made this picture"
_MOST_CHARACTERS: Final = 600


def placard(prompt: str, width: int, height: int, number: int = 1, shown: bytes | None = None) -> bytes:
    """Return a PNG of that size in pixels. `number` tells several of one prompt apart; `shown` is a picture's file.

    Takes some 10 ms, and 100 ms for a large picture to show. Raises UsageError for a `shown` that is no picture.
    """
    sheet = Image.new("RGB", (width, height), _background(prompt, number))
    pen = ImageDraw.Draw(sheet)
    edge = max(2, min(width, height) // 32)
    pen.rectangle((edge // 2, edge // 2, width - edge // 2 - 1, height - edge // 2 - 1), outline="white", width=2)
    top = 2 * edge
    if shown is not None:
        picture = _opened(shown)
        picture.thumbnail((width - 4 * edge, height // 2))
        sheet.paste(picture, ((width - picture.width) // 2, top))
        top += picture.height + edge
    size = max(9, min(width, height) // 24)
    font = ImageFont.load_default(size)
    columns = max(8, round((width - 4 * edge) / (size * 0.55)))
    lines = textwrap.wrap(prompt[:_MOST_CHARACTERS], columns) or [""]
    room = max(1, (height - top - 4 * edge) // round(size * 1.3))
    pen.multiline_text((2 * edge, top), "\n".join(lines[:room]), fill="white", font=font)
    small = ImageFont.load_default(max(8, size // 2))
    pen.text((2 * edge, height - 2 * edge), f"{_LABEL} ({number})", fill="white", font=small, anchor="ls")
    out = io.BytesIO()
    sheet.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _background(prompt: str, number: int) -> tuple[int, int, int]:
    """Return a dark colour of its own for each picture."""
    hashed = zlib.crc32(f"{prompt} {number}".encode())
    return hashed % 120, hashed // 120 % 120, hashed // 14_400 % 120


def _opened(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise UsageError(f"The picture has more than {MOST_PIXELS // 1_000_000} million pixels: shrink it.")
            return picture.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UsageError("This is no picture that can be read: send PNG, JPEG, WebP or GIF.") from error
