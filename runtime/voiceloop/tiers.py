"""Who answers: which tier settings ask for, and the engine of it."""

from __future__ import annotations

from voiceloop.engines.base import Engine
from voiceloop.settings import Settings
from voiceloop.vocabulary import Tier

__all__ = ["engine_for", "tier_of"]


def tier_of(settings: Settings) -> Tier:
    """Return the tier that answers first."""
    engine = settings.tiers.engine
    return Tier.REALTIME if engine == "auto" else Tier(engine)


def engine_for(settings: Settings) -> Engine:
    """Return an engine that was not opened. Raises SettingsError for a base URL, proxy or certificates of no use."""
    if tier_of(settings) is Tier.REST:
        from voiceloop.engines.rest import rest_engine  # noqa: PLC0415 - what another tier needs is not loaded

        return rest_engine(settings)
    if settings.realtime.model is None:
        from voiceloop.choosing import ChoosingEngine  # noqa: PLC0415 - as above

        return ChoosingEngine(settings)
    from voiceloop.engines.realtime import RealtimeEngine  # noqa: PLC0415 - as above

    return RealtimeEngine(settings)
