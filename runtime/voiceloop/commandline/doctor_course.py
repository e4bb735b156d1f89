"""Who answers a conversation, from its beginning to the failure of its last tier, as a session decides it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from voiceloop.failover import Failover, GiveUp, Move
from voiceloop.settings import RealtimeSettings
from voiceloop.vocabulary import Cause, Phase, Tier

__all__ = ["course"]

STEADY_FOR_S: Final = 60.0
"""How long each tier answers before it fails too."""


def course(order: Sequence[Tier], lost: Mapping[Tier, Cause]) -> Iterator[Tier]:
    """Yield who answers first, then who answers when that one fails for good, and so on to the last.

    `lost` has the tiers that cannot be opened, and why. Nothing is yielded where nobody begins: a wrong key ends a
    session at its beginning though another tier could answer.
    """
    if not order:
        return
    policy, now = Failover(tuple(order), RealtimeSettings().reconnect_within_s), 0.0
    first = order[0]
    tier: Tier | None = first
    if first in lost:
        tier = _opened(policy, policy.lost(first, lost[first], Phase.IDLE, now), lost, now)
    while tier is not None:
        yield tier
        policy.serves(tier, now, proven=True)
        policy.answers(now)
        now += STEADY_FOR_S
        tier = _opened(policy, policy.lost(tier, Cause.UNREACHABLE, Phase.THINKING, now), lost, now)


def _opened(policy: Failover, verdict: Move | GiveUp, lost: Mapping[Tier, Cause], now: float) -> Tier | None:
    """Return the first tier from there on that can be opened."""
    tier = verdict.next_tier if isinstance(verdict, Move) else None
    while tier is not None and tier in lost:
        policy.refused(tier, lost[tier], now)
        tier = policy.below(tier)
    return tier
