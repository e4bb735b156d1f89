"""`voiceloop api transcribe` and `translate`: words out of recordings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from voiceloop.commandline.api_desk import AUTO, Desk, shaped
from voiceloop.commandline.api_files import (
    Paragraph,
    check_output,
    note,
    print_json,
    read_file,
    sending,
    show,
)
from voiceloop.dgrid.client import Client
from voiceloop.dgrid.transcript import Segment, SegmentCame, TextGrew, TranscriptDelta, Transcription
from voiceloop.dgrid.transcriptions import TranscriptionRequest, Transcriptions
from voiceloop.dgrid.translations import TranslationRequest, Translations
from voiceloop.errors import UnreachableError
from voiceloop.sources import Origins

__all__ = ["transcribe", "translate"]

MOST_READ: Final = 256 * 1024 * 1024
"""Bytes of a recording that are looked at; a request says what is wrong with most of those no server takes."""
SUBTITLES: Final = ("srt", "vtt")
"""Files, of which no part is of use; servers refuse to stream them."""
DETAILED: Final = ("verbose_json", "diarized_json")
CUT_OFF: Final = "the answer was cut off before its end; what came of it is above, try again"


def transcribe(  # noqa: PLR0913 - the documented options
    origins: Origins,
    file: str,
    *,
    model: str | None = None,
    language: str | None = None,
    prompt: str | None = None,
    form: str | None = None,
    temperature: float | None = None,
    stream: bool = False,
    output: Path | None = None,
    as_json: bool = False,
) -> int:
    """Print what is said in a recording."""
    desk = Desk(origins)
    check_output(output, file)
    asked = shaped(
        TranscriptionRequest,
        model=model or AUTO,
        audio=read_file(file, "recording", MOST_READ),
        file_name=Path(file).name,
        language=language,
        prompt=prompt,
        response_format=form,
        temperature=temperature,
    )

    async def listen(client: Client) -> None:
        request = await desk.chosen(asked, "transcription")
        with sending() as progress:
            if stream and form not in SUBTITLES and not as_json and output is None:
                async with Transcriptions(client).stream(request, progress) as deltas:
                    await follow(deltas, form)
            else:
                tell(await Transcriptions(client).whole(request, progress), form, output, as_json=as_json)

    return desk.run(listen)


def translate(  # noqa: PLR0913 - the documented options
    origins: Origins,
    file: str,
    *,
    model: str | None = None,
    prompt: str | None = None,
    form: str | None = None,
    temperature: float | None = None,
    output: Path | None = None,
    as_json: bool = False,
) -> int:
    """Print in English what is said in a recording."""
    desk = Desk(origins)
    check_output(output, file)
    asked = shaped(
        TranslationRequest,
        model=model or AUTO,
        audio=read_file(file, "recording", MOST_READ),
        file_name=Path(file).name,
        prompt=prompt,
        response_format=form,
        temperature=temperature,
    )

    async def listen(client: Client) -> None:
        request = await desk.chosen(asked, "transcription", "whisper")  # others do not translate
        with sending() as progress:
            heard = await Translations(client).whole(request, progress)
        tell(heard, form, output, as_json=as_json)

    return desk.run(listen)


async def follow(deltas: AsyncIterator[TranscriptDelta], form: str | None) -> None:
    """Print what is heard while it comes: words, or segments where details were asked for."""
    paragraph, printed = Paragraph(), False
    async for delta in deltas:
        match delta:
            case TextGrew(text) if form not in DETAILED:
                paragraph.write(text)
                printed = True
            case SegmentCame(segment) if form in DETAILED:
                paragraph.write(f"{timed(segment)}\n")
                printed = True
            case TextGrew() | SegmentCame():
                pass  # stands in the whole, too
            case _:
                paragraph.end()
                tell(delta.transcription, form, None, as_json=False, printed=printed)


def tell(heard: Transcription, form: str | None, output: Path | None, *, as_json: bool, printed: bool = False) -> None:
    """Print what was heard, unless it was printed while it came. Raises UnreachableError when the end is missing."""
    text = heard.subtitles or heard.text
    if form in DETAILED and heard.segments:
        text = "\n".join(map(timed, heard.segments))
    if output is not None:
        show(text, output)
    if as_json:
        print_json(heard.model_dump(mode="json"))
    elif output is None and not printed:
        show(text)
    if heard.truncated:
        raise UnreachableError(CUT_OFF)
    if not text.strip() and not printed:
        note("Nothing was heard.")


def timed(segment: Segment) -> str:
    """Return a stretch of speech as a line: from when to when, who, what."""
    who = f"{segment.speaker}: " if segment.speaker else ""
    return f"[{segment.start_s:.2f} - {segment.end_s:.2f}] {who}{segment.text.strip()}"
