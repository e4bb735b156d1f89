"""How long each tier answered, and how often another one took over: the counters of one session."""

from __future__ import annotations

from voiceloop.vocabulary import Tier

__all__ = ["Tally"]


class Tally:
    """Counts for one session; `now` is seconds on the session's monotonic clock."""

    def __init__(self) -> None:
        self._seconds: dict[Tier, float] = {}
        self._moves = 0
        self._outages = 0
        self._at: Tier | None = None
        self._last: Tier | None = None
        self._since_s = 0.0

    def came(self, tier: Tier, now: float) -> None:
        """An engine of this tier answers from now on."""
        self._rest(now)
        self._moves += self._last not in {None, tier}
        self._at = self._last = tier
        self._seconds.setdefault(tier, 0.0)

    def gone(self, now: float) -> None:
        """Nobody answers from now on."""
        self._outages += self._at is not None
        self._rest(now)
        self._at = None

    def told(self, now: float) -> dict[str, object]:
        """Return what `session_ended` tells: seconds by tier, and how often nobody answered or another tier did."""
        self._rest(now)
        seconds = {str(tier): round(spent_s, 3) for tier, spent_s in self._seconds.items()}
        return {"seconds": seconds, "outages": self._outages, "moves": self._moves}

    def _rest(self, now: float) -> None:
        if self._at is not None:
            self._seconds[self._at] += now - self._since_s
        self._since_s = now
