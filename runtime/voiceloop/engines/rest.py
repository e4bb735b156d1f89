"""The engine of the REST tier: a cascade over the backend's endpoints for audio and chat."""

from __future__ import annotations

from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.engines.services.rest_services import rest_services
from voiceloop.settings import Settings

__all__ = ["rest_engine"]


def rest_engine(settings: Settings) -> CascadeEngine:
    """Return an engine for settings with a backend. Nothing is asked before it is opened."""
    return CascadeEngine(
        lambda seed: rest_services(settings, seed.language), hangover_ms=settings.realtime.turn.silence_ms
    )
