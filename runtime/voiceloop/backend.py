"""Where a conversation's models are: the backend that is set, or the embedded gateway, and which model to take."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence

from pydantic import SecretStr

from voiceloop.dgrid.models import PIN, Listed, choose, list_models
from voiceloop.dgrid.preferences import preferences
from voiceloop.embedded import EmbeddedGateway, embedded_gateway
from voiceloop.errors import BackendError
from voiceloop.languages.shelf import AUTO, language_for
from voiceloop.network.route import route_to
from voiceloop.settings import BackendSettings, Settings

__all__ = ["chat_servers", "embedded_backend", "with_backend", "with_model"]

CHAT_SERVERS = ("http://127.0.0.1:11434", "http://127.0.0.1:8080", "http://127.0.0.1:1234")
"""Where Ollama, llama.cpp and LM Studio listen unless they are told otherwise."""
LOOK_WITHIN_S = 0.2
OURS = "voiceloop"
"""Who owns the models of an embedded gateway; it has no chat endpoint."""


# The embedded gateway ------------------------------------------------------------------------------------------------


async def embedded_backend(
    stack: contextlib.AsyncExitStack, tell: Callable[[str], None], *, brain: str | None = None, language: str = "en"
) -> EmbeddedGateway:
    """Start the embedded gateway for as long as the stack is open, and tell what is more than it. Safe to cancel.

    Raises SettingsError for a language that models on this machine have no data for.
    """
    if language != AUTO:
        language_for(language)
    tell("No DGRID_API_KEY and no DGRID_BASE_URL: starting the embedded gateway with local models.")
    if brain is None:
        for line in await ways_to_more():
            tell(line)
    gateway = await stack.enter_async_context(
        embedded_gateway(lambda waited_s: tell(f"  loading models, {waited_s:.0f} s"), brain=brain, language=language)
    )
    tell(f"Embedded gateway at {gateway.base_url}.")
    return gateway


async def ways_to_more() -> list[str]:
    """Return the lines that say how to get an agent that understands more than sentences it was told."""
    lines = ["More than these sentences: set DGRID_API_KEY (voiceloop login keeps it), or let a chat server think:"]
    found = await chat_servers()
    lines += [f"  voiceloop talk --brain {url}/v1    ({model} answers there)" for url, model in found]
    if not found:
        lines.append("  voiceloop talk --brain URL    (Ollama, llama.cpp, LM Studio; none answers on this machine)")
    return lines


async def chat_servers() -> list[tuple[str, str]]:
    """Return the base URL and first model of each OpenAI-compatible server that answers on this machine's usual ports.

    Takes 0.2 s for a server that does not answer, next to nothing where none listens.
    """
    found = []
    for url in CHAT_SERVERS:
        with contextlib.suppress(BackendError):
            listed = await list_models(url, within_s=LOOK_WITHIN_S)
            if listed and listed[0].owner != OURS:
                found.append((url, listed[0].id))
    return found


def with_backend(settings: Settings, gateway: EmbeddedGateway) -> Settings:
    """Return settings that lead to the embedded gateway."""
    backend = settings.backend.model_copy(update={"base_url": gateway.base_url, "api_key": SecretStr(gateway.key)})
    return settings.model_copy(update={"backend": backend})


# Models --------------------------------------------------------------------------------------------------------------


async def with_model(settings: Settings, tell: Callable[[str], None]) -> Settings:
    """Return settings with models for a realtime session: those that are set, else the best the backend lists.

    Tells which realtime model was taken. A backend that does not tell its models is tried with the first preference:
    whatever is wrong with it shows when the session opens. Raises UnreachableError when it lists models and none fits,
    SettingsError for certificates or a proxy of no use.
    """
    if settings.realtime.model is not None:
        return settings
    backend = settings.backend
    assert backend.base_url is not None, "there is a backend by now"
    listed, problem = await listed_at(backend)
    choice = choose("realtime", listed, backend.base_url)
    pin = PIN[choice.role]
    if choice.fitting:
        tell(f"Model {choice.model}, chosen of {choice.fitting} that fit; pin it: {pin}={choice.model}")
    else:
        tell(f"{problem}: taking {choice.model} by {preferences().file}; pin another: {pin}=ID")
    taken = {"model": choice.model}
    words = preferences().roles["transcription"].choose([model.id for model in listed or ()])
    if words is not None and settings.realtime.transcription_model == "auto":
        taken["transcription_model"] = words
    return settings.model_copy(update={"realtime": settings.realtime.model_copy(update=taken)})


async def listed_at(backend: BackendSettings) -> tuple[Sequence[Listed] | None, str]:
    """Return what the backend lists, or None and why it told nothing. Raises SettingsError for a way of no use."""
    key = None if backend.api_key is None else backend.api_key.get_secret_value()
    assert backend.base_url is not None, "there is a backend by now"
    route = route_to(backend.base_url, os.environ, backend)
    try:
        listed = await list_models(backend.base_url, key, route=route)
    except BackendError:  # the session will say what is wrong, better than a list could
        return None, f"{backend.base_url} did not tell its models"
    return listed, f"{backend.base_url} has no list of models"
