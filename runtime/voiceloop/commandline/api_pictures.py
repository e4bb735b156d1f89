"""`voiceloop api image` and `edit-image`: pictures into files."""

from __future__ import annotations

import itertools
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, assert_never

from voiceloop.commandline.api_desk import AUTO, Desk, shaped
from voiceloop.commandline.api_files import (
    STREAM,
    Output,
    check_inputs,
    check_output,
    note,
    print_json,
    read_file,
    read_words,
    show,
)
from voiceloop.dgrid.chat_request import ChatRequest, ImagePart, ImageUrl, TextPart, UserMessage
from voiceloop.dgrid.client import Client, Timeouts
from voiceloop.dgrid.gemini_pictures import GeminiPictureRequest, draw_content
from voiceloop.dgrid.image_answer import Drawing
from voiceloop.dgrid.image_request import ImageEdit, ImageRequest, QwenImage, QwenMessage, QwenRequest, QwenText
from voiceloop.dgrid.images import Images
from voiceloop.dgrid.picture_files import PictureFile, sniffed
from voiceloop.errors import RefusedError, UsageError
from voiceloop.screen import clean
from voiceloop.sources import Origins

__all__ = ["edit_image", "image"]

Dialect = Literal["openai", "qwen", "chat", "gemini"]
Asked = ImageRequest | ImageEdit | QwenRequest | ChatRequest | GeminiPictureRequest
LARGEST: Final = 50 * 1024 * 1024
SLOW: Final = Timeouts(silence_s=180, whole_s=300)
"""Large pictures take a minute or two without a sign of life."""
SUFFIXES: Final = {"image/jpeg": ".jpg", "image/svg+xml": ".svg", "": ".png"}


def image(  # noqa: PLR0913 - the documented options
    origins: Origins,
    prompt: str,
    *,
    output: Path | None = None,
    model: str | None = None,
    dialect: Dialect = "openai",
    n: int | None = None,
    size: str | None = None,
    quality: str | None = None,
    as_json: bool = False,
) -> int:
    """Have a picture drawn."""
    desk = Desk(origins)
    check(output, as_json=as_json)
    wishes = {"n": n, "size": size, "quality": quality}
    asked = request_of(dialect, model or AUTO, read_words(prompt, "prompt"), None, None, wishes)
    return deliver(desk, asked, output, as_json=as_json)


def edit_image(  # noqa: PLR0913 - the documented options
    origins: Origins,
    file: str,
    prompt: str,
    *,
    mask: str | None = None,
    output: Path | None = None,
    model: str | None = None,
    dialect: Dialect = "openai",
    n: int | None = None,
    size: str | None = None,
    as_json: bool = False,
) -> int:
    """Have a picture drawn on."""
    desk = Desk(origins)
    files = [file] if mask is None else [file, mask]
    check_inputs(prompt, *files)
    check(output, *files, as_json=as_json)
    picture, over = read_picture(file), None if mask is None else read_picture(mask)
    asked = request_of(dialect, model or AUTO, read_words(prompt, "prompt"), picture, over, {"n": n, "size": size})
    return deliver(desk, asked, output, as_json=as_json)


# What is asked -------------------------------------------------------------------------------------------------------


def check(output: Path | None, *inputs: str, as_json: bool) -> None:
    """Raise UsageError for an output that cannot be."""
    if as_json and str(output) == STREAM:
        raise UsageError("--json and the picture cannot both go to standard output: name a file with --output")
    check_output(Path() / "image-1.png" if output is None else output, *inputs)


def read_picture(name: str) -> PictureFile:
    """Return a picture to draw on."""
    data = read_file(name, "picture", LARGEST)
    kind = sniffed(data)
    if not kind:
        raise UsageError(f"{name} is no picture: models draw on PNG, JPEG and WebP")
    return PictureFile(data, kind)


def request_of(
    dialect: Dialect,
    model: str,
    prompt: str,
    picture: PictureFile | None,
    mask: PictureFile | None,
    wishes: Mapping[str, Any],
) -> Asked:
    """Return what to ask for, in a dialect. Raises UsageError for wishes that it has no words for."""
    if dialect == "openai":
        if picture is None:
            return shaped(ImageRequest, model=model, prompt=prompt, **wishes)
        return shaped(ImageEdit, model=model, prompt=prompt, images=(picture,), mask=mask, **wishes)
    for name, value in {**wishes, "mask": mask}.items():
        if value is not None and (dialect, name) != ("gemini", "size"):
            raise UsageError(f"--dialect {dialect} has no word for --{name}: leave it out, or say it in the prompt")
    address = None if picture is None else f"data:{picture.media_type};base64,{b64encode(picture.data).decode()}"
    match dialect:
        case "gemini":
            pictures = () if picture is None else (picture,)
            return shaped(
                GeminiPictureRequest, model=model, prompt=prompt, pictures=pictures, image_size=wishes.get("size")
            )
        case "qwen":
            parts = prompt if address is None else (QwenImage(image=address), QwenText(text=prompt))
            return shaped(QwenRequest, model=model, messages=(QwenMessage(content=parts),))
        case "chat":
            shown = prompt if address is None else (ImagePart(image_url=ImageUrl(url=address)), TextPart(text=prompt))
            return shaped(ChatRequest, model=model, messages=(UserMessage(content=shown),))
        case _:
            assert_never(dialect)


async def drawing_of(client: Client, asked: Asked) -> Drawing:
    """Return the pictures that were asked for."""
    images = Images(client)
    match asked:
        case GeminiPictureRequest():
            return await draw_content(client, asked)
        case ChatRequest():
            return await images.draw_in_chat(asked)
        case ImageEdit() | QwenRequest(messages=(QwenMessage(content=tuple()),)):
            return await images.edit(asked)
        case ImageRequest() | QwenRequest():
            return await images.draw(asked)
        case _:
            assert_never(asked)


# What comes ----------------------------------------------------------------------------------------------------------


def deliver(desk: Desk, asked: Asked, output: Path | None, *, as_json: bool) -> int:
    """Write the pictures into files, and print where they are; one that came as an address is printed, not fetched."""
    word = "wanx" if isinstance(asked, QwenRequest) else "gemini" if isinstance(asked, GeminiPictureRequest) else ""

    async def draw(client: Client) -> None:
        drawing = await drawing_of(client, await desk.chosen(asked, "image", word))
        if not drawing.pictures:
            raise RefusedError(f"no picture came; the model says: {clean(drawing.text)}")
        told = keep(drawing, output)
        if as_json:
            print_json({"pictures": told, **drawing.model_dump(mode="json", exclude={"pictures"})})
            return
        if drawing.text:
            note(clean(drawing.text))
        for place in told:
            if place["file"] != STREAM:
                show(str(place["file"] or place["url"]))

    return desk.run(draw, SLOW)


def keep(drawing: Drawing, output: Path | None) -> list[dict[str, str | None]]:
    """Write the pictures that came as files; return for each where it is."""
    told: list[dict[str, str | None]] = []
    many = len(drawing.pictures) > 1
    for number, drawn in enumerate(drawing.pictures, 1):
        picture = drawn.picture
        place: dict[str, str | None] = {"file": None, "url": None, "media_type": None}
        if isinstance(picture, PictureFile):
            path = file_for(picture, output, number if many else None)
            with Output(path) as file:
                file.write(picture.data)
            place |= {"file": str(path), "media_type": picture.media_type}
        else:
            place |= {"url": picture.url}
        told.append({**place, "revised_prompt": drawn.revised_prompt})
    return told


def file_for(picture: PictureFile, output: Path | None, number: int | None) -> Path:
    """Return where a picture goes: where it was asked for, with a number if there are several, else a free name."""
    if output is not None:
        if number is None or str(output) == STREAM:
            return output
        return output.with_stem(f"{output.stem}-{number}")
    suffix = SUFFIXES.get(picture.media_type) or f".{picture.media_type.removeprefix('image/')}"
    names = (Path(f"image-{free}{suffix}") for free in itertools.count(1))
    return next(name for name in names if not name.exists())
