"""Whether a move between tiers is news to the listener: one that has lasted, and once in each direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from voiceloop.commands import ClearDeadline, Command, SetDeadline
from voiceloop.vocabulary import Tier

__all__ = ["TIER_NEWS", "TierNews"]

TIER_NEWS: Final = "notice_tier"
LASTS_S: Final = 2.0
"""A move that is taken back sooner was none to the listener."""


class TierNews:
    """Follows the tiers of one session, best first in `order`. Times are seconds on the caller's clock."""

    def __init__(self, order: Sequence[Tier]) -> None:
        self.told_down = False
        """The listener knows that a lower tier answers."""
        self._order = tuple(order)
        self._best: Tier | None = None
        """What the conversation was on before it moved down."""
        self._down = False
        self._lasted = False
        self._armed = False

    @property
    def due(self) -> bool:
        """There is something to tell: that the tier is lower, or no longer lower, than the listener knows."""
        return self._lasted and self._down is not self.told_down

    def moved(self, tier: Tier, now: float) -> list[Command]:
        """An engine of this tier answers from now on."""
        if self._best is None or self._order.index(tier) <= self._order.index(self._best):
            self._best = tier
        down = tier is not self._best
        if down is self._down:
            return []
        self._down, self._lasted = down, False
        if down is not self.told_down:
            self._armed = True
            return [SetDeadline(TIER_NEWS, now + LASTS_S)]
        disarmed, self._armed = self._armed, False
        return [ClearDeadline(TIER_NEWS)] if disarmed else []

    def lasted(self) -> None:
        """The deadline passed."""
        self._lasted, self._armed = True, False

    def told(self) -> bool:
        """The news is told now. Returns whether it was that the tier is lower."""
        self.told_down = self._down
        return self._down
