"""Where a conversation's models are: the backend that is set, or the embedded gateway."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from pydantic import SecretStr

from voiceloop.embedded import EmbeddedGateway, embedded_gateway
from voiceloop.errors import BackendError, LanguageError
from voiceloop.languages.shelf import AUTO, language_for
from voiceloop.settings import Settings
from voiceloop.tiers import tiers_of
from voiceloop.vocabulary import Tier

__all__ = ["chat_servers", "check_spoken", "embedded_backend", "with_backend", "with_first_model"]

CHAT_SERVERS = ("http://127.0.0.1:11434", "http://127.0.0.1:8080", "http://127.0.0.1:1234")
"""Where Ollama, llama.cpp and LM Studio listen unless they are told otherwise."""
LOOK_WITHIN_S = 0.2


def check_spoken(language: str) -> None:
    """Refuse a conversation that the models on this machine can neither hear nor speak.

    Raises LanguageError with the fix, SettingsError for a language without data.
    """
    from voiceloop.engines.device import language_missing  # noqa: PLC0415 - only who names no backend pays for it

    if missing := language_missing(language):
        raise LanguageError(missing)


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
    from voiceloop.dgrid.models import OURS, list_models  # noqa: PLC0415 - only who names no backend pays for it

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


async def with_first_model(settings: Settings, tell: Callable[[str], None]) -> Settings:
    """Do as `with_model` where a realtime session comes first.

    What is wrong is told, and left to the session, where another tier may answer. Raises as `with_model` does.
    """
    tiers = tiers_of(settings)
    if tiers[0] is not Tier.REALTIME or settings.realtime.model is not None:
        return settings
    from voiceloop.choosing import with_model  # noqa: PLC0415 - most conversations name their model

    try:
        return await with_model(settings, tell)
    except BackendError as error:
        if len(tiers) == 1:
            raise
        tell(f"{error}; going on with {tiers[1]}")
        return settings
