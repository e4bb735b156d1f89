"""Who may answer: the tiers that settings ask for, and an engine of each."""

from __future__ import annotations

from collections.abc import Mapping

from voiceloop.engines.base import Engine
from voiceloop.settings import Settings
from voiceloop.vocabulary import Tier

__all__ = ["engines_for", "tier_of", "tiers_of"]


def tiers_of(settings: Settings) -> tuple[Tier, ...]:
    """Return the tiers that may answer, the best one first: the one that is named, else those in order.

    Of several, the models on this machine are left out where they are not installed.
    """
    order = settings.tiers.wanted
    if Tier.DEVICE in order and len(order) > 1:
        from voiceloop.engines.device import device_missing  # noqa: PLC0415 - most settings never ask

        if device_missing():
            return tuple(tier for tier in order if tier is not Tier.DEVICE)
    return order


def tier_of(settings: Settings) -> Tier:
    """Return the tier that answers first."""
    return tiers_of(settings)[0]


def engines_for(settings: Settings) -> Mapping[Tier, Engine]:
    """Return an engine of each tier; none was opened.

    Raises SettingsError for a base URL, proxy or certificates of no use.
    """
    tiers = tiers_of(settings)
    return {tier: _engine_of(tier, settings, last=tier is tiers[-1]) for tier in tiers}


def _engine_of(tier: Tier, settings: Settings, *, last: bool) -> Engine:
    if tier is Tier.DEVICE:
        from voiceloop.engines.device import device_engine  # noqa: PLC0415 - what another tier needs is not loaded

        return device_engine(settings)
    if tier is Tier.REST:
        from voiceloop.engines.cascade.orders import Deadlines  # noqa: PLC0415 - as above
        from voiceloop.engines.rest import rest_engine  # noqa: PLC0415

        return rest_engine(settings, Deadlines() if last else Deadlines.hurried())
    if settings.realtime.model is None:
        from voiceloop.choosing import ChoosingEngine  # noqa: PLC0415 - as above

        return ChoosingEngine(settings)
    from voiceloop.engines.realtime import RealtimeEngine  # noqa: PLC0415 - as above

    return RealtimeEngine(settings)
