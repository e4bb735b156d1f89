"""Pictures in answers: files and addresses, wherever a server puts them. Pure.

An address is for whoever wants to fetch it, without the key: it may be anybody's.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from voiceloop.wire.lenient import Json, child, listing, text

__all__ = ["Picture", "PictureFile", "PictureLink", "picture_of", "pictures_in", "sniffed", "without_pictures"]


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture that came with the answer."""

    data: bytes = field(repr=False)
    """The whole file."""
    media_type: str
    """What its first bytes tell, such as `image/png`; where they tell nothing, what the server says, or ""."""


@dataclass(frozen=True, slots=True)
class PictureLink:
    """Where a picture can be fetched, for a while."""

    url: str = field(repr=False)
    """http or https. It holds what gives access to the picture, so it is not shown."""


Picture = PictureFile | PictureLink

# One picture ---------------------------------------------------------------------------------------------------------

SIGNATURES: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyphei", "image/heic"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
)
SVG: Final = re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE[^>]*>\s*)?<svg[\s>]", re.DOTALL)
DATA_URL: Final = re.compile(r"data:(image/[\w.+-]{1,40})?(?:;[\w.=-]{1,80})*;base64,")
LINK: Final = re.compile(r"https?://[^\s<>\"]+")


def sniffed(data: bytes) -> str:
    """Return the media type that a file's first bytes tell; "" where they tell none of a picture."""
    for start, mark, media_type in SIGNATURES:
        if data.startswith(mark, start):
            return media_type
    return "image/svg+xml" if SVG.match(data[:4096]) else ""


def from_base64(told: str, declared: str = "") -> PictureFile | None:
    """Return the picture in a text of base64, with or without padding, of either alphabet; None where it is none."""
    try:
        data = a2b_base64(told, strict_mode=True)  # of megabytes, most are as they should be
    except ValueError:
        plain = "".join(told.split()).rstrip("=").replace("-", "+").replace("_", "/")
        try:
            data = a2b_base64(plain + "=" * (-len(plain) % 4), strict_mode=True)
        except ValueError:
            return None
    kind = declared if declared.startswith("image/") else ""
    return PictureFile(data, sniffed(data) or kind) if data else None


def from_url(url: str) -> Picture | None:
    """Return what an address is: a data URL is the file itself. None for what cannot be fetched over http."""
    if head := DATA_URL.match(url):
        return from_base64(url[head.end() :], head[1] or "")
    return PictureLink(url) if LINK.fullmatch(url) else None


def picture_of(entry: object, declared: str = "") -> Picture | None:
    """Return the picture that one object of an answer holds, by any of the names in use; None where it holds none.

    `declared` is the media type that the answer tells.
    """
    if isinstance(entry, str):
        return from_url(entry)
    told = readings(entry, declared) if isinstance(entry, dict) else ()
    return next((picture for picture in told if picture is not None), None)


def readings(entry: Json, declared: str) -> Iterator[Picture | None]:
    """Yield what each name in use makes of an object."""
    for name in ("b64_json", "result"):
        told = text(entry, name)
        yield from_url(told) or from_base64(told, declared)
    for place in (child(entry, "inlineData"), child(entry, "inline_data"), child(entry, "source"), entry):
        kind = text(place, "mimeType") or text(place, "mime_type") or text(place, "media_type")
        data = from_base64(text(place, "data"), kind)
        yield data if data and data.media_type else None  # else it may be anything
    for place in (entry, child(entry, "image_url"), child(entry, "image"), child(entry, "source")):
        for name in ("url", "image_url", "image"):
            yield from_url(text(place, name))


# All pictures of a message -------------------------------------------------------------------------------------------

# No part can run on into the next picture: texts of many megabytes are looked through once.
ALT: Final = r"!\[[^\[\]\n]{0,400}\]\(\s{0,8}<?"
DATA: Final = r"data:image/[\w.+-]{1,40}(?:;[\w.=-]{1,80}){0,4};base64,[A-Za-z0-9+/=_-]++"
IN_TEXT: Final = re.compile(rf"(?P<data>{DATA})|{ALT}(?P<link>https?://[^\s<>\")]+)")
TITLE: Final = r"(?:\s{1,8}\"[^\"\n]{0,400}\")?"
SHOWN: Final = re.compile(rf"{ALT}(?:{DATA}|https?://[^\s<>\")]{{1,4000}}+)>?{TITLE}\s{{0,8}}\)|{DATA}")


def pictures_in(message: Json) -> tuple[Picture, ...]:
    """Return the pictures of a chat message, each once: from its parts, its `images`, and its text.

    DGrid says only that they come embedded in the message: these are the forms that gateways use. In a text they are
    data URLs, and addresses where Markdown shows a picture; an address in a sentence is only mentioned.
    """
    return tuple(dict.fromkeys(found(message)))


def found(message: Json) -> Iterator[Picture]:
    """Yield the pictures of a message as they stand there."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    for part in [*parts, *listing(message, "images"), message.get("image")]:
        words = part if isinstance(part, str) else text(part, "text") if isinstance(part, dict) else ""
        if picture := picture_of(part):
            yield picture
        else:
            yield from in_text(words)


def in_text(words: str) -> Iterator[Picture]:
    """Yield the pictures that a text shows."""
    for match in IN_TEXT.finditer(words):
        if picture := from_url(match["data"] or match["link"]):
            yield picture


def without_pictures(words: str) -> str:
    """Return a text without the pictures that it shows, for reading."""
    return SHOWN.sub("", words).strip()
