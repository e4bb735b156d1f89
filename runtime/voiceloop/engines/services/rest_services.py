"""The three services of a cascade at one REST server, over one pool of connections."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, MutableMapping
from typing import Final

from voiceloop.dgrid.client import Client, Timeouts
from voiceloop.dgrid.dialects import dialect
from voiceloop.dgrid.dialects.base import ChatDialect
from voiceloop.dgrid.models import choose, list_over
from voiceloop.dgrid.retries import Retries
from voiceloop.engines.services.plain_prompt import PlainPrompt
from voiceloop.engines.services.rest_chat import RestChat
from voiceloop.engines.services.rest_speak import RestSpeak
from voiceloop.engines.services.rest_transcribe import RestTranscribe
from voiceloop.engines.services.seams import Services
from voiceloop.errors import BackendError, MisuseError, SettingsError
from voiceloop.network.route import route_to
from voiceloop.settings import ChatDialect as DialectChoice
from voiceloop.settings import Settings
from voiceloop.vocabulary import Tier

__all__ = ["rest_services"]

TIMEOUTS: Final = Timeouts(connect_s=2.5)
"""A server that is there is connected to sooner, and somebody waits for its answer."""
RETRIES: Final = Retries(within_s=4.0)
"""Whoever asks gives a request up a little later."""


@contextlib.asynccontextmanager
async def rest_services(
    settings: Settings,
    language: str | None = None,
    *,
    retries: Retries = RETRIES,
    chosen: MutableMapping[str, str] | None = None,
) -> AsyncIterator[Services]:
    """Open the services that settings of one agent ask for; leaving closes their connections.

    A model that is not set is the best that the server lists; it is asked once, for all of them, and for none that is
    in `chosen`, where the choice is noted by role. `language` is the conversation's, where it differs from the
    agent's. Raises SettingsError for an address, proxy or certificates of no use, and BackendError when the server
    refuses the key or has no model for a role.
    """
    backend, who, rest = settings.backend, settings.agent, settings.rest
    if not backend.base_url:
        raise SettingsError("there is no backend to ask; set DGRID_BASE_URL or DGRID_API_KEY")
    key = None if backend.api_key is None else backend.api_key.get_secret_value()
    route = route_to(backend.base_url, os.environ, backend)
    wanted = {"chat": who.models.chat, "speech": who.models.speech}
    if rest.listener == "transcription":
        wanted["transcription"] = who.models.transcription
    async with Client(backend.base_url, key, route=route, timeouts=TIMEOUTS, retries=retries) as client:
        models = await models_for(wanted, client, {} if chosen is None else chosen)
        transcribe = None
        if "transcription" in models:
            transcribe = RestTranscribe(client, models["transcription"], language or who.language, who.vocabulary)

        async def warm() -> None:
            with contextlib.suppress(BackendError, MisuseError):  # the latter once all is closed
                await list_over(client)

        yield Services(
            transcribe=transcribe,
            chat=RestChat(client, dialect_of(rest.chat_dialect), models["chat"]),
            speak=RestSpeak(client, models["speech"], who.voice.on(Tier.REST)),
            model=models["chat"],
            transcription_model=models.get("transcription", ""),
            warm=warm,
        )


async def models_for(wanted: dict[str, str | None], client: Client, chosen: MutableMapping[str, str]) -> dict[str, str]:
    """Return a model for each role. The list, where one is needed, comes over a connection that is used again."""
    missing = [role for role, model in wanted.items() if not model and role not in chosen]
    if missing:
        listed = await list_over(client)
        chosen.update({role: choose(role, listed, client.base_url).model for role in missing})
    return {role: model or chosen[role] for role, model in wanted.items()}


def dialect_of(choice: DialectChoice) -> ChatDialect:
    """Return a dialect for one conversation."""
    return PlainPrompt() if choice == "completions" else dialect(choice)
