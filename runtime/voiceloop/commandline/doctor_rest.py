"""Asks each endpoint of a conversation over REST once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from voiceloop.commandline.doctor_faults import of_error
from voiceloop.commandline.doctor_report import Finding, State, TierFound
from voiceloop.commandline.doctor_services import Bounds, hears, speaks, thinks, timed
from voiceloop.dgrid.models import PIN
from voiceloop.engines.base import Seed
from voiceloop.engines.services.rest_services import rest_services
from voiceloop.engines.services.rest_speak import DEFAULT_VOICE
from voiceloop.engines.services.seams import Services
from voiceloop.errors import VoiceloopError
from voiceloop.settings import Settings
from voiceloop.vocabulary import Tier

__all__ = ["check_rest", "roles_of", "unasked_rest"]

TEXT_ALONE: Final = "completions"
"""The dialect without words for tools and pictures."""


def roles_of(settings: Settings) -> Sequence[str]:
    """Return the roles of models that a conversation over REST asks."""
    return ("transcription", "chat", "speech") if settings.rest.listener == "transcription" else ("chat", "speech")


def unasked_rest(settings: Settings, models: Mapping[str, str]) -> TierFound:
    """Return the tier before anything was asked. `models` are those of the roles, empty where the server has none."""
    rich = settings.rest.chat_dialect != TEXT_ALONE
    voice = settings.agent.voice.on(Tier.REST) or DEFAULT_VOICE
    return TierFound(Tier.REST, (), models["chat"], voice, carries_tools=rich, carries_pictures=rich)


async def check_rest(settings: Settings, models: Mapping[str, str], seed: Seed, bounds: Bounds) -> TierFound:
    """Ask transcription, chat and speech at the same time. Safe to cancel."""
    found, roles = unasked_rest(settings, models), roles_of(settings)
    named = settings.agent.models.model_copy(update={role: models[role] or "none" for role in roles})
    settings = settings.model_copy(update={"agent": settings.agent.model_copy(update={"models": named})})
    try:
        async with rest_services(settings) as services, asyncio.TaskGroup() as group:
            asked = [group.create_task(check(role, models[role], services, seed, bounds), name=role) for role in roles]
    except VoiceloopError as error:
        return replace(found, checks=(of_error("REST", error),))
    return replace(found, checks=tuple(task.result() for task in asked))


async def check(role: str, model: str, services: Services, seed: Seed, bounds: Bounds) -> Finding:
    """Ask the endpoint of a role, unless the server has no model for it."""
    if not model:
        return Finding(role, State.NOT_OFFERED, "the server lists no model for it", f"name one: {PIN[role]}=ID", 5)
    match role:
        case "transcription":
            found = await timed(role, bounds.transcription_s, bounds.slow_s, lambda: hears(services, seed.language))
        case "chat":
            found = await timed(role, bounds.chat_s, bounds.slow_s, lambda: thinks(services, seed.tools))
        case _:
            found = await timed(role, bounds.speech_s, bounds.slow_s, lambda: speaks(services))
    return found
