"""What is asked of models that draw, checked before it is sent. Fields are DGrid's unless they say more."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from voiceloop.dgrid.multipart import Upload
from voiceloop.dgrid.picture_files import PictureFile, sniffed
from voiceloop.dgrid.shape import RequestShape

__all__ = ["ImageEdit", "ImageRequest", "QwenImage", "QwenMessage", "QwenRequest", "QwenText"]

SUFFIXES: Final = {"image/jpeg": "jpg", "image/svg+xml": "svg"}


class Wishes(RequestShape):
    """What a picture is to be like. What is None is not sent, and the server's default counts."""

    prompt: str = Field(min_length=1)
    model: str | None = None
    """None leaves it to the server. Sent as it is; ids are opaque."""
    n: int | None = Field(default=None, ge=1, le=10)
    size: str | None = None
    """Such as `1024x1024`."""
    quality: str | None = None
    """`standard` or `hd`; newer models have other words."""
    response_format: Literal["url", "b64_json"] | None = None
    """Newer models refuse it and always send the file."""
    user: str | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    """Upstream only, like the two that follow."""
    output_format: Literal["png", "jpeg", "webp"] | None = None
    output_compression: int | None = Field(default=None, ge=0, le=100)
    """Percent; for jpeg and webp."""


class ImageRequest(Wishes):
    """A picture to draw."""

    style: Literal["vivid", "natural"] | None = None
    moderation: Literal["low", "auto"] | None = None
    """Upstream only."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send."""
        return self.model_dump(mode="json", exclude_none=True)


class ImageEdit(Wishes):
    """Pictures to draw on."""

    images: tuple[PictureFile, ...] = Field(min_length=1, max_length=16)
    """DGrid documents one; several are upstream's, sent as `image[]`."""
    mask: PictureFile | None = None
    """As large as the first picture, transparent where it is to be drawn anew."""
    input_fidelity: Literal["high", "low"] | None = None
    """Upstream only."""

    def fields(self) -> dict[str, str]:
        """Return what is sent beside the files."""
        written = self.model_dump(mode="json", exclude_none=True, exclude={"images", "mask"})
        return {name: str(value) for name, value in written.items()}

    def files(self) -> dict[str, Upload | tuple[Upload, ...]]:
        """Return the files to send, by their fields."""
        uploads = tuple(upload(f"image{place}", image) for place, image in enumerate(self.images, 1))
        images = uploads[0] if len(uploads) == 1 else uploads
        return {"image": images} | ({"mask": upload("mask", self.mask)} if self.mask else {})


def upload(name: str, picture: PictureFile) -> Upload:
    """Return a picture as a form's file; servers go by its name or its type, and both by its first bytes."""
    kind = sniffed(picture.data) or "image/png"
    return Upload(f"{name}.{SUFFIXES.get(kind) or kind.removeprefix('image/')}", kind, picture.data)


# Qwen ----------------------------------------------------------------------------------------------------------------


class QwenText(RequestShape):
    """What to draw, beside pictures. Upstream only."""

    text: str


class QwenImage(RequestShape):
    """A picture to draw on. DGrid says only that messages refer to them; this is upstream's form."""

    image: str
    """An address the server can reach, or a data URL."""


class QwenMessage(RequestShape):
    """What Qwen's models are told."""

    role: Literal["system", "user", "assistant"] = "user"
    content: str | Annotated[tuple[QwenText | QwenImage, ...], Field(min_length=1)]
    """What to draw; for edits, instructions and references to the pictures."""


class QwenRequest(RequestShape):
    """A picture to draw, or to draw on, with Qwen's models: `n` and `response_format` do not apply to them."""

    model: str = Field(min_length=1)
    messages: tuple[QwenMessage, ...] = Field(min_length=1)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send."""
        return {"model": self.model, "input": {"messages": [m.model_dump(mode="json") for m in self.messages]}}
