"""Answers of `/v1/images/*`, read alike whatever made the pictures. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from voiceloop.dgrid.chat_reading import usage
from voiceloop.dgrid.picture_files import Picture, picture_of, pictures_in
from voiceloop.dgrid.shape import AnswerShape
from voiceloop.vocabulary import Usage
from voiceloop.wire.lenient import Json, child, listing, text

__all__ = ["Drawing", "DrawnPicture", "read_drawing"]


class DrawnPicture(AnswerShape):
    """One picture."""

    picture: Picture
    revised_prompt: str = ""
    """What the model made of the prompt, where it tells."""


class Drawing(AnswerShape):
    """All pictures of an answer."""

    pictures: tuple[DrawnPicture, ...]
    """Fewer than were asked for where a filter took some; none only where a chat model said why instead."""
    text: str = ""
    """What was said about them, where a chat model drew them."""
    usage: Usage | None = None
    """None where the server said nothing."""
    request_id: str = ""
    """What to quote to the server's owner."""


def read_drawing(raw: Json, request_id: str) -> Drawing | None:
    """Return the pictures of an answer; None where there are none.

    They stand in `data`; Qwen's own service, which a gateway may pass through, puts them under `output`.
    """
    pictures = tuple(drawn(raw))
    tokens = child(raw, "usage")
    return (
        Drawing(pictures=pictures, usage=usage(tokens) if tokens else None, request_id=request_id) if pictures else None
    )


def drawn(raw: Json) -> Iterator[DrawnPicture]:
    """Yield the pictures of an answer in their order."""
    output, kind = child(raw, "output"), text(raw, "output_format")
    for entry in [*listing(raw, "data"), *listing(output, "results")]:
        if picture := picture_of(entry, f"image/{kind}" if kind else ""):
            prompt = text(entry, "revised_prompt") if isinstance(entry, dict) else ""
            yield DrawnPicture(picture=picture, revised_prompt=prompt)
    for choice in listing(output, "choices"):
        if isinstance(choice, dict):
            yield from (DrawnPicture(picture=picture) for picture in pictures_in(child(choice, "message")))
