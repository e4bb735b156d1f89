"""Which model a realtime session takes where none is set: the backend is asked what it has."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence

from voiceloop.commands import EngineCommand
from voiceloop.dgrid.models import PIN, Listed, choose, list_models
from voiceloop.dgrid.preferences import preferences
from voiceloop.engines.base import Engine, EnginePort, Seed
from voiceloop.engines.realtime import RealtimeEngine
from voiceloop.errors import BackendError, SettingsError
from voiceloop.events import EngineLost
from voiceloop.network.route import route_to
from voiceloop.settings import BackendSettings, Settings
from voiceloop.vocabulary import Cause, Item, Tier

__all__ = ["ChoosingEngine", "with_model"]

_log = logging.getLogger("voiceloop.session")


class ChoosingEngine:
    """A realtime engine for settings without a model: it asks the backend before it connects for the first time."""

    def __init__(
        self, settings: Settings, make: Callable[[Settings], Engine] = RealtimeEngine, connection: int = 1
    ) -> None:
        """Nothing is opened yet. Raises SettingsError for a base URL, proxy or certificates of no use."""
        self._settings = settings
        self._make = make
        self._connection = connection
        self.tier = Tier.REALTIME
        self._engine = make(settings)
        self._closed = False

    def fresh(self, connection: int) -> Engine:
        """Return an engine for the session's next connection, with the model that was chosen, if one was."""
        if self._settings.realtime.model is None:
            return ChoosingEngine(self._settings, self._make, connection)
        return self._engine.fresh(connection)

    async def open(self, seed: Seed, port: EnginePort) -> None:
        """Choose, then connect; the outcome arrives as `EngineReady` or `EngineLost`. Cancelling closes everything."""
        try:
            self._settings = await with_model(self._settings, _log.info)
        except (BackendError, SettingsError) as error:
            cause = Cause.SETTINGS if isinstance(error, SettingsError) else Cause.BAD_MODEL
            port.happened(EngineLost(cause, str(error)))
            return
        if self._closed:
            return
        self._engine = self._make(self._settings)
        if self._connection > 1:
            self._engine = self._engine.fresh(self._connection)
        await self._engine.open(seed, port)

    def hear(self, pcm: bytes, first_sample: int) -> bool:
        """Hand audio on."""
        return self._engine.hear(pcm, first_sample)

    def recall(self, items: Sequence[Item], open_turn: str) -> None:
        """Hand on what was said so far."""
        self._engine.recall(items, open_turn)

    def obey(self, command: EngineCommand) -> None:
        """Hand a command on."""
        self._engine.obey(command)

    async def close(self, within_s: float) -> None:
        """Close what is open. Idempotent; safe to cancel."""
        self._closed = True
        await self._engine.close(within_s)


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
