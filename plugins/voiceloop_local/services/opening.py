"""Opens the services of one engine: the models loaded, and whatever its language needs besides."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from voiceloop.engines.base import Seed
from voiceloop.engines.services.seams import Services
from voiceloop.errors import DeviceError, SettingsError
from voiceloop.languages.shelf import AUTO, english, known_languages, language_for
from voiceloop.settings import VoiceSettings
from voiceloop.vocabulary import Tier, UserTurn
from voiceloop_local.models.brain import PhraseBrain
from voiceloop_local.models.pending import RequestError
from voiceloop_local.seams import Brain, Transcriber
from voiceloop_local.services.keeper import Keeper
from voiceloop_local.services.listening import LocalTranscribe
from voiceloop_local.services.speaking import LocalSpeak
from voiceloop_local.services.thinking import LocalChat
from voiceloop_local.services.tongue import Tongue

__all__ = ["local_services"]

log = logging.getLogger(__name__)

CHAT_MODEL: Final = "voiceloop-chat"
TRANSCRIPTION_MODEL: Final = "voiceloop-whisper"
"""The ids that the embedded gateway gives the same two."""


@asynccontextmanager
async def local_services(keeper: Keeper, voice: VoiceSettings, seed: Seed) -> AsyncIterator[Services]:
    """Yield the services of one conversation once they answer without loading anything more. Safe to cancel.

    Raises SettingsError for a language that is not known, or for which something is not installed, and DeviceError for
    models that do not load, or not within 30 s.
    """
    tag = seed.language
    if tag != AUTO:
        language_for(tag)
    async with keeper.models() as models:
        brain = PhraseBrain()
        await _warm(brain, seed, tag)  # while the models load
        await models.ready()
        tongue = Tongue(await _prepared(models, tag))
        yield Services(
            transcribe=LocalTranscribe(models, tongue, seed.vocabulary, seed.tools),
            chat=LocalChat(brain, tongue),
            speak=LocalSpeak(models, tongue, voice.on(Tier.DEVICE)),
            model=CHAT_MODEL,
            transcription_model=TRANSCRIPTION_MODEL,
        )


async def _warm(brain: Brain, seed: Seed, tag: str) -> None:
    """Think once: the library is loaded and the phrases of the tools are read."""
    language = english().tag if tag == AUTO else tag
    async for _ in brain.think("", (UserTurn("", language_for(language).said.greeting),), seed.tools, None, language):
        pass


async def _prepared(ears: Transcriber, tag: str) -> str:
    """Load what a language needs besides the models for English; return the tag to speak, `auto` as it is."""
    if tag == AUTO:
        try:
            await ears.identify(b"", 16_000, known_languages())
        except RequestError as error:
            log.warning("only English is understood on this machine: %s", error)
            return english().tag
    elif (language := language_for(tag)) is not english():
        from voiceloop_local.models.tts import EspeakVoice  # noqa: PLC0415 - for other languages only

        try:
            await ears.transcribe(b"", 16_000, tag)
            await asyncio.to_thread(EspeakVoice, language)
        except DeviceError as error:
            raise SettingsError(str(error)) from error
    return tag
