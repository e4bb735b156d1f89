"""`voiceloop api transcribe`, `translate` and `say`: words out of recordings, and sound out of words."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from voiceloop.commandline.api_desk import AUTO, Desk, shaped
from voiceloop.commandline.api_files import (
    STREAM,
    Output,
    Paragraph,
    check_output,
    note,
    print_json,
    read_file,
    read_words,
    sending,
    show,
)
from voiceloop.commandline.api_player import Player
from voiceloop.dgrid.client import Client
from voiceloop.dgrid.speech import Speaking, Speech, SpeechRequest, Spoken
from voiceloop.dgrid.transcript import Segment, SegmentCame, TextGrew, TranscriptDelta, Transcription
from voiceloop.dgrid.transcriptions import TranscriptionRequest, Transcriptions
from voiceloop.dgrid.translations import TranslationRequest, Translations
from voiceloop.engines.services.decoding import decoder_of
from voiceloop.errors import UnreachableError, UsageError
from voiceloop.sources import Origins
from voiceloop.vocabulary import Tier

__all__ = ["say", "transcribe", "translate"]

MOST_READ: Final = 256 * 1024 * 1024
"""Bytes of a recording that are looked at; a request says what is wrong with most of those no server takes."""
DETAILED: Final = ("verbose_json", "diarized_json")
FORMATS: Final = {
    ".mp3": "mp3",
    ".opus": "opus",
    ".ogg": "opus",
    ".aac": "aac",
    ".flac": "flac",
    ".wav": "wav",
    ".pcm": "pcm",
}
"""What is asked for, by a file's ending."""
DEFAULT_VOICE: Final = "alloy"
"""All servers have it."""
CUT_OFF: Final = "the answer was cut off before its end; what came of it is above, try again"


# Listening -----------------------------------------------------------------------------------------------------------


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
            if stream and not as_json and output is None:
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
            case TextGrew(text) if form not in {*DETAILED, "srt", "vtt"}:
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


# Speaking ------------------------------------------------------------------------------------------------------------


def say(  # noqa: PLR0913 - the documented options
    origins: Origins,
    text: str,
    *,
    output: Path | None = None,
    play: bool = False,
    model: str | None = None,
    voice: str | None = None,
    instructions: str | None = None,
    form: str | None = None,
    speed: float | None = None,
    as_json: bool = False,
) -> int:
    """Have words said: into a file, over the speaker, or both."""
    desk = Desk(origins)
    if output is None and not play:
        raise UsageError("say where the sound goes: --output hello.mp3, or --play for the speaker of this machine")
    if as_json and str(output) == STREAM:
        raise UsageError("--json and the sound cannot both go to standard output: name a file with --output")
    check_output(output)
    asked = shaped(
        SpeechRequest,
        model=model or AUTO,
        input=read_words(text),
        voice=voice or desk.settings.agent.voice.on(Tier.REST) or DEFAULT_VOICE,
        instructions=instructions,
        response_format=form or form_of(output),
        speed=speed,
    )

    async def speak(client: Client) -> None:
        async with contextlib.AsyncExitStack() as stack:
            # The speaker first: where there is none, nothing is asked for.
            player = await stack.enter_async_context(Player(desk.settings.audio)) if play else None
            request = await desk.chosen(asked, "speech")
            speaking = await stack.enter_async_context(Speech(client).stream(request))
            file = stack.enter_context(Output(output)) if output is not None else None
            await carry(speaking, file, player)
        report(speaking, request, output, as_json=as_json)

    return desk.run(speak)


def form_of(output: Path | None) -> str:
    """Return the format to ask for: what a file's ending says, or what can be played while it comes."""
    if output is None:
        return "pcm"
    found = FORMATS.get(output.suffix.lower())
    if found is None:
        raise UsageError(f"{output} does not say in what format: end it in {', '.join(FORMATS)}, or give --format")
    return found


async def carry(speaking: Speaking, file: Output | None, player: Player | None) -> None:
    """Write and play sound while it comes."""
    decoder = None if player is None else decoder_of(speaking.kind, speaking.rate_hz, player.rate_hz)
    async for audio in speaking:
        if file is not None:
            file.write(audio)
        if player is not None and decoder is not None:
            player.feed(decoder.feed(audio))
    if player is not None and decoder is not None:
        player.feed(await asyncio.to_thread(decoder.drain))
        await player.finish()


def report(speaking: Speaking, request: SpeechRequest, output: Path | None, *, as_json: bool) -> None:
    """Tell what came. Raises UnreachableError when the end may be missing."""
    if as_json:
        spoken = Spoken(
            audio=b"",
            kind=speaking.kind,
            rate_hz=speaking.rate_hz,
            content_type=speaking.content_type,
            usage=speaking.usage,
            truncated=speaking.truncated,
            request_id=speaking.request_id,
        )
        file = None if output is None else str(output)
        print_json({"file": file, "model": request.model, **spoken.model_dump(mode="json", exclude={"audio"})})
    if output is not None:
        tell_kind(speaking, request, "standard output" if str(output) == STREAM else str(output))
    if speaking.truncated:
        raise UnreachableError(CUT_OFF)


def tell_kind(speaking: Speaking, request: SpeechRequest, where: str) -> None:
    """Tell what its ending does not say of a file."""
    if speaking.kind is not request.kind:
        note(f"{where} holds {speaking.kind}: the server has no {request.kind}")
    if speaking.rate_hz is not None:
        note(f"{where} holds 16-bit mono samples, {speaking.rate_hz} a second, and no header")
