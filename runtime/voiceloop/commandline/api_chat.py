"""`voiceloop api chat`: one question to a chat model, in any dialect."""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from voiceloop.commandline.api_desk import AUTO, Desk, shaped
from voiceloop.commandline.api_files import Paragraph, check_inputs, note, print_json, read_file, read_words
from voiceloop.dgrid.audio_kinds import kind_of_bytes
from voiceloop.dgrid.chat import Chat
from voiceloop.dgrid.chat_answer import CallGrew, ChatDelta, Completion, Ended, Said, Stop, Thought
from voiceloop.dgrid.chat_request import (
    AudioPart,
    ChatRequest,
    ImagePart,
    ImageUrl,
    InputAudio,
    SystemMessage,
    TextPart,
    UserMessage,
)
from voiceloop.dgrid.client import Client
from voiceloop.dgrid.dialects import DialectName
from voiceloop.dgrid.dialects import dialect as dialect_of
from voiceloop.dgrid.picture_files import sniffed
from voiceloop.errors import UnreachableError, UsageError
from voiceloop.sources import Origins

__all__ = ["chat", "image_part", "tell_stop"]

MOST_MEDIA: Final = 20 * 1024 * 1024
"""Bytes of a picture or a recording; base64 makes a third more of it, and servers take no more."""
WORDS: Final = {"claude": "claude", "gemini": "gemini"}
"""Whose models answer a dialect without being translated to."""


def chat(  # noqa: PLR0913 - the documented options
    origins: Origins,
    text: str,
    *,
    model: str | None = None,
    dialect: DialectName = "openai",
    system: str | None = None,
    images: Sequence[str] = (),
    audio: Sequence[str] = (),
    max_tokens: int | None = None,
    temperature: float | None = None,
    stream: bool = False,
    thoughts: bool = False,
    as_json: bool = False,
) -> int:
    """Print a model's answer."""
    desk = Desk(origins)
    check_inputs(text, *images, *audio)
    words = read_words(text)
    media: list[ImagePart | AudioPart] = [*map(image_part, images), *map(audio_part, audio)]
    user = UserMessage(content=(*media, TextPart(text=words)) if media else words)
    asked = shaped(
        ChatRequest,
        model=model or AUTO,
        messages=(user,) if system is None else (SystemMessage(content=read_words(system, "system prompt")), user),
        max_tokens=max_tokens,
        temperature=temperature,
    )

    async def ask(client: Client) -> None:
        request = await desk.chosen(asked, "chat", WORDS.get(dialect, ""))
        talk = Chat(client, dialect_of(dialect))
        if stream and not as_json:
            async with talk.stream(request) as deltas:
                completion = await follow(deltas, thoughts=thoughts)
        else:
            completion = await talk.complete(request)
            tell(completion, thoughts=thoughts, as_json=as_json)
        tell_stop(completion.stop)

    return desk.run(ask)


def image_part(name: str) -> ImagePart:
    """Return a picture to look at: a file, or where the server finds one."""
    if name.startswith(("https://", "http://")):
        return ImagePart(image_url=ImageUrl(url=name))
    data = read_file(name, "picture", MOST_MEDIA)
    kind = sniffed(data)
    if not kind:
        raise UsageError(f"{name} is no picture: models look at PNG, JPEG, GIF and WebP")
    return ImagePart(image_url=ImageUrl(url=f"data:{kind};base64,{b64encode(data).decode()}"))


def audio_part(name: str) -> AudioPart:
    """Return a recording to listen to."""
    data = read_file(name, "recording", MOST_MEDIA)
    kind = kind_of_bytes(data)
    ending = Path(name).suffix.lower() if kind is None else f".{kind}"
    if ending not in {".wav", ".mp3"}:
        raise UsageError(f"{name} is neither WAV nor MP3, and chat models take no other: convert it, or transcribe it")
    return AudioPart(input_audio=InputAudio(data=b64encode(data).decode(), format="wav" if ending == ".wav" else "mp3"))


async def follow(deltas: AsyncIterator[ChatDelta], *, thoughts: bool) -> Completion:
    """Print an answer while it comes, its thoughts beside it; return it whole."""
    paragraph = Paragraph()
    completion: Completion | None = None
    async for delta in deltas:
        match delta:
            case Said(text):
                paragraph.write(text)
            case Thought(text) if thoughts:
                sys.stderr.write(text)
                sys.stderr.flush()
            case Ended(whole):
                completion = whole
            case Thought() | CallGrew():
                pass  # no tools were offered
    paragraph.end()
    assert completion is not None, "an answer ends"
    return completion


def tell(completion: Completion, *, thoughts: bool, as_json: bool) -> None:
    """Print a whole answer."""
    if as_json:
        print_json(completion.model_dump(mode="json"))
        return
    if thoughts and completion.thinking:
        note(completion.thinking)
    paragraph = Paragraph()
    paragraph.write(completion.text)
    paragraph.end()


def tell_stop(stop: Stop) -> None:
    """Tell why an answer may not be all there is to say. Raises UnreachableError when its end never came."""
    if stop is Stop.LENGTH:
        note("The answer ends at the limit of tokens: raise it with --max-tokens.")
    elif stop is Stop.FILTERED:
        note("The answer was filtered by the server.")
    elif stop is Stop.TRUNCATED:
        raise UnreachableError("the connection ended before the answer did; what came of it is above, try again")
