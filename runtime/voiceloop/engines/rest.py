"""The engine of the REST tier: a cascade over the backend's endpoints for audio and chat."""

from __future__ import annotations

from typing import Final

from voiceloop.dgrid.retries import Retries
from voiceloop.engines.cascade.engine import CascadeEngine
from voiceloop.engines.cascade.orders import Deadlines
from voiceloop.engines.services.rest_services import rest_services
from voiceloop.settings import Settings

__all__ = ["rest_engine"]

PATIENCE_S: Final = 4.0
"""No failed request is sent again later than this, so that its own failure is told and not that time ran out."""


def rest_engine(settings: Settings, deadlines: Deadlines = Deadlines()) -> CascadeEngine:  # noqa: B008 - frozen
    """Return an engine for settings with a backend. Nothing is asked before it is opened.

    Models that it chooses are chosen for those after it, too. `Deadlines.hurried()` is for conversations that another
    tier can go on with.
    """
    retries = Retries(within_s=min(PATIENCE_S, deadlines.again_within_s))
    chosen: dict[str, str] = {}
    return CascadeEngine(
        lambda seed: rest_services(settings, seed.language, retries=retries, chosen=chosen),
        hangover_ms=settings.realtime.turn.silence_ms,
        deadlines=deadlines,
    )
