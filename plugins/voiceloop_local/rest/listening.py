"""Recognises uploaded recordings stretch by stretch, so that a long one never keeps live conversations waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from voiceloop.clips import decode
from voiceloop.errors import UsageError
from voiceloop.languages.guess import LanguageGuess
from voiceloop.languages.shelf import known_languages
from voiceloop_local.rest.captions import Segment
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.stretches import stretches
from voiceloop_local.rest.working import told_as_problems
from voiceloop_local.seams import Transcriber

__all__ = ["Recording", "language_in", "open_recording", "segments"]

RATE_HZ: Final = 16_000
"""What the recogniser works at."""
LONGEST_S: Final = 1500
"""25 minutes, as upstream's transcribing models; it bounds what a small compressed file can unpack to."""
SHORTEST_MS: Final = 100
RECOGNITION_WITHIN_S: Final = 60.0
"""For one stretch, a minute of waiting for other clients' turns included."""


@dataclass(frozen=True, slots=True)
class Recording:
    """16-bit mono PCM at `RATE_HZ`."""

    pcm: bytes

    @property
    def duration_ms(self) -> int:
        """How long it plays."""
        return len(self.pcm) * 500 // RATE_HZ


async def open_recording(data: bytes) -> Recording:
    """Decode an uploaded file beside the loop. Raises ApiProblem for what is no recording, too long or too short."""
    try:
        recording = Recording(await asyncio.to_thread(decode, data, RATE_HZ, LONGEST_S))
    except UsageError as error:
        raise ApiProblem(400, f"Invalid file format. {error}", "invalid_value", "file") from error
    if recording.duration_ms < SHORTEST_MS:
        message = f"The recording is too short: {recording.duration_ms} ms, at least {SHORTEST_MS} ms are needed."
        raise ApiProblem(400, message, "audio_too_short", "file")
    return recording


async def language_in(ears: Transcriber, recording: Recording) -> str:
    """Return the tag of the language that is spoken first, English when nobody speaks. Raises ApiProblem.

    Safe to cancel.
    """
    first = await asyncio.to_thread(next, stretches(recording.pcm, RATE_HZ), None)
    if first is None:
        return LanguageGuess().language
    with told_as_problems():
        async with asyncio.timeout(RECOGNITION_WITHIN_S):
            found = await ears.identify(first.pcm, RATE_HZ, known_languages())
    return LanguageGuess().heard(*found).language


async def segments(
    recording: Recording, recognise: Callable[[bytes, int], Awaitable[str]]
) -> AsyncGenerator[Segment, None]:
    """Yield each stretch that has words, as soon as it is recognised. Raises ApiProblem. Safe to cancel."""
    found = stretches(recording.pcm, RATE_HZ)
    while (stretch := await asyncio.to_thread(next, found, None)) is not None:
        with told_as_problems():
            async with asyncio.timeout(RECOGNITION_WITHIN_S):
                text = await recognise(stretch.pcm, RATE_HZ)
        if text:
            yield Segment(stretch.start_ms, stretch.end_ms, text)
