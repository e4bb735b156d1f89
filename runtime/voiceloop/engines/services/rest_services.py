"""The three services of a cascade at one REST server, over one pool of connections."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Sequence

from voiceloop.dgrid.client import Client
from voiceloop.dgrid.dialects import dialect
from voiceloop.dgrid.dialects.base import ChatDialect
from voiceloop.dgrid.models import Listed, choose, list_models
from voiceloop.engines.services.plain_prompt import PlainPrompt
from voiceloop.engines.services.rest_chat import RestChat
from voiceloop.engines.services.rest_speak import RestSpeak
from voiceloop.engines.services.rest_transcribe import RestTranscribe
from voiceloop.engines.services.seams import Services
from voiceloop.errors import SettingsError
from voiceloop.network.route import route_to
from voiceloop.settings import ChatDialect as DialectChoice
from voiceloop.settings import Settings
from voiceloop.vocabulary import Tier

__all__ = ["rest_services"]


@contextlib.asynccontextmanager
async def rest_services(settings: Settings, language: str | None = None) -> AsyncIterator[Services]:
    """Open the services that settings of one agent ask for; leaving closes their connections.

    A model that is not set is the best that the server lists; it is asked once, for all of them. `language` is the
    conversation's, where it differs from the agent's. Raises SettingsError for an address, proxy or certificates of no
    use, and BackendError when the server refuses the key or has no model for a role.
    """
    backend, who, rest = settings.backend, settings.agent, settings.rest
    if not backend.base_url:
        raise SettingsError("there is no backend to ask; set DGRID_BASE_URL or DGRID_API_KEY")
    key = None if backend.api_key is None else backend.api_key.get_secret_value()
    route = route_to(backend.base_url, os.environ, backend)
    wanted = {"chat": who.models.chat, "speech": who.models.speech}
    if rest.listener == "transcription":
        wanted["transcription"] = who.models.transcription
    listed: Sequence[Listed] | None = None
    if not all(wanted.values()):
        listed = await list_models(backend.base_url, key, route=route)
    models = {role: model or choose(role, listed, backend.base_url).model for role, model in wanted.items()}
    async with Client(backend.base_url, key, route=route) as client:
        transcribe = None
        if "transcription" in models:
            transcribe = RestTranscribe(client, models["transcription"], language or who.language, who.vocabulary)
        yield Services(
            transcribe=transcribe,
            chat=RestChat(client, dialect_of(rest.chat_dialect), models["chat"]),
            speak=RestSpeak(client, models["speech"], who.voice.on(Tier.REST)),
            model=models["chat"],
            transcription_model=models.get("transcription", ""),
        )


def dialect_of(choice: DialectChoice) -> ChatDialect:
    """Return a dialect for one conversation."""
    return PlainPrompt() if choice == "completions" else dialect(choice)
