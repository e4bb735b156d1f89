"""`voiceloop api say`: sound out of words."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from voiceloop.clips import to_wav
from voiceloop.commandline.api_desk import AUTO, Desk, shaped
from voiceloop.commandline.api_files import STREAM, Output, check_output, note, print_json, read_words
from voiceloop.commandline.api_player import Player
from voiceloop.dgrid.audio_kinds import AudioKind
from voiceloop.dgrid.client import Client
from voiceloop.dgrid.gemini_speech import GeminiSpeech, GeminiSpeechRequest
from voiceloop.dgrid.speech import Speaking, Speech, SpeechRequest, Spoken
from voiceloop.engines.services.decoding import decoder_of
from voiceloop.errors import UnreachableError, UsageError
from voiceloop.sources import Origins
from voiceloop.vocabulary import Tier

__all__ = ["say"]

Dialect = Literal["openai", "gemini"]
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


def say(  # noqa: PLR0913 - the documented options
    origins: Origins,
    text: str,
    *,
    output: Path | None = None,
    play: bool = False,
    model: str | None = None,
    dialect: Dialect = "openai",
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
    form = form or form_of(output)
    wishes = {
        "model": model or AUTO,
        "input": read_words(text),
        "voice": voice or desk.settings.agent.voice.on(Tier.REST),
        "instructions": instructions,
        "speed": speed,
    }
    asked = by_gemini(wishes, form) if dialect == "gemini" else by_openai(wishes, form)

    async def speak(client: Client) -> None:
        async with contextlib.AsyncExitStack() as stack:
            # The speaker first: where there is none, nothing is asked for.
            player = await stack.enter_async_context(Player(desk.settings.audio)) if play else None
            request = await desk.chosen(asked, "speech", "gemini" if dialect == "gemini" else "")
            sound = await sound_of(client, request, stack)
            file = stack.enter_context(Output(output)) if output is not None else None
            await carry(sound, file, player, headed=form == "wav")
        report(sound, str(request.model), form, output, as_json=as_json)

    return desk.run(speak)


def form_of(output: Path | None) -> str:
    """Return the format to ask for: what a file's ending says, or what can be played while it comes."""
    if output is None:
        return "pcm"
    found = FORMATS.get(output.suffix.lower())
    if found is None:
        raise UsageError(f"{output} does not say in what format: end it in {', '.join(FORMATS)}, or give --format")
    return found


def by_openai(wishes: Mapping[str, Any], form: str) -> SpeechRequest:
    """Return what to ask for at `/v1/audio/speech`."""
    return shaped(SpeechRequest, **{**wishes, "voice": wishes["voice"] or DEFAULT_VOICE}, response_format=form)


def by_gemini(wishes: Mapping[str, Any], form: str) -> GeminiSpeechRequest:
    """Return what to ask a Gemini model for. Raises UsageError for what it has no words for."""
    if form not in {"wav", "pcm"}:
        raise UsageError(f"--dialect gemini brings bare samples, which become no {form}: end the file in .wav or .pcm")
    for name in ("instructions", "speed"):
        if wishes[name] is not None:
            raise UsageError(f"--dialect gemini has no word for --{name}: say it in the text, 'Say slowly: ...'")
    return shaped(GeminiSpeechRequest, model=wishes["model"], input=wishes["input"], voice=wishes["voice"])


async def sound_of(
    client: Client, request: SpeechRequest | GeminiSpeechRequest, stack: contextlib.AsyncExitStack
) -> Speaking | Spoken:
    """Return the sound that was asked for, while it comes where that is documented."""
    if isinstance(request, GeminiSpeechRequest):
        return await GeminiSpeech(client).whole(request)
    return await stack.enter_async_context(Speech(client).stream(request))


async def carry(sound: Speaking | Spoken, file: Output | None, player: Player | None, *, headed: bool) -> None:
    """Write and play sound while it comes. `headed`: bare samples are written as a WAV file, when all are there."""
    decoder = None if player is None else decoder_of(sound.kind, sound.rate_hz, player.rate_hz)
    held = bytearray() if headed and sound.rate_hz is not None else None
    async for audio in sound if isinstance(sound, Speaking) else once(sound.audio):
        if held is not None:
            held += audio
        elif file is not None:
            file.write(audio)
        if player is not None and decoder is not None:
            player.feed(decoder.feed(audio))
    if held is not None and file is not None and sound.rate_hz is not None:
        file.write(to_wav(bytes(held), sound.rate_hz))
    if player is not None and decoder is not None:
        player.feed(await asyncio.to_thread(decoder.drain))
        await player.finish()


async def once(audio: bytes) -> AsyncIterator[bytes]:
    """Yield what came whole."""
    yield audio


def report(sound: Speaking | Spoken, model: str, form: str, output: Path | None, *, as_json: bool) -> None:
    """Tell what came. Raises UnreachableError when the end may be missing."""
    if as_json:
        spoken = Spoken(
            audio=b"",
            kind=sound.kind,
            rate_hz=sound.rate_hz,
            content_type=sound.content_type,
            usage=sound.usage,
            truncated=sound.truncated,
            request_id=sound.request_id,
        )
        file = None if output is None else str(output)
        print_json({"file": file, "model": model, **spoken.model_dump(mode="json", exclude={"audio"})})
    if output is not None:
        tell_kind(sound, form, "standard output" if str(output) == STREAM else str(output))
    if sound.truncated:
        raise UnreachableError("the speech was cut off before its end; what came of it is there, try again")


def tell_kind(sound: Speaking | Spoken, form: str, where: str) -> None:
    """Tell what its ending does not say of a file."""
    if sound.rate_hz is not None and form == "wav":
        return  # written as one
    if sound.kind is not (AudioKind.OGG if form == "opus" else AudioKind(form)):
        note(f"{where} holds {sound.kind}: the server has no {form}")
    if sound.rate_hz is not None:
        note(f"{where} holds 16-bit mono samples, {sound.rate_hz} a second, and no header")
