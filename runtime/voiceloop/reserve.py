"""The engines of other tiers that stand by: better ones that may come back, and the one to fall back on.

```
wanted -- its time has come --> opening -- ready --> ready -- taken over, or not needed any more --> gone
opening -- lost --> wanted
```
"""

from __future__ import annotations

from typing import Final

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.failover import Failover
from voiceloop.vocabulary import Tier

__all__ = ["Reserve", "probe_of"]

RETURN: Final = "return"
"""Name of the deadline after which a better tier that is being opened is not waited for any more."""
TOGETHER_S: Final = 1.0
"""Two tiers that are ready within this time are back together: the conversation goes to the better one."""


def probe_of(tier: Tier) -> str:
    """Return the name of the deadline at which an engine of this tier is opened beside the one in use."""
    return f"probe_{tier}"


class Reserve:
    """Keeps track for one session; whether a tier is worth a try, and when, is for `Failover` to say."""

    def __init__(self, order: tuple[Tier, ...], failover: Failover) -> None:
        self._order = order
        self._failover = failover
        self._prepared: set[Tier] = set()
        self._awaited: set[Tier] = set()
        """Tiers that a probe is set for."""
        self._ready: dict[Tier, on.EngineReady] = {}
        self._together_until_s = 0.0

    @property
    def opening(self) -> bool:
        """Of one of them it is not known yet whether it can answer."""
        return len(self._ready) < len(self._prepared)

    def best(self, tiers: tuple[Tier, ...]) -> on.EngineReady | None:
        """The first of these tiers whose engine could take over now."""
        return next((self._ready[tier] for tier in tiers if tier in self._ready), None)

    def returns(self, tiers: tuple[Tier, ...], now: float) -> on.EngineReady | None:
        """The one of these tiers, the best first, to go to in a quiet moment.

        For a better one that is being opened a moment is waited.
        """
        for tier in tiers:
            if tier in self._ready:
                return self._ready[tier]
            if tier in self._prepared and now < self._together_until_s:
                return None
        return None

    def prepare(self, tier: Tier) -> list[do.Command]:
        """Open an engine of this tier unless there is one."""
        if tier in self._prepared:
            return []
        self._prepared.add(tier)
        self._awaited.discard(tier)
        return [do.ClearDeadline(probe_of(tier)), do.PrepareEngine(tier, self._failover.failed_at(tier))]

    def came(self, engine: on.EngineReady, now: float) -> list[do.Command]:
        """An engine that was prepared is ready."""
        self._ready[engine.tier] = engine
        self._together_until_s = now + TOGETHER_S
        return [do.SetDeadline(RETURN, self._together_until_s)] if self.opening else []

    def lost(self, tier: Tier) -> None:
        """An engine that was prepared is gone, or has taken over."""
        self._prepared.discard(tier)
        self._ready.pop(tier, None)

    def probe(self, tier: Tier, now: float) -> list[do.Command]:
        """See by and by whether this tier can answer; what is to be seen already is not put off."""
        if tier in self._prepared or tier in self._awaited:
            return []
        self._awaited.add(tier)
        return [do.SetDeadline(probe_of(tier), self._failover.probe_at_s(tier, now))]

    def rearranged(self, serving: Tier, now: float) -> list[do.Command]:
        """Another tier answers now: prepare the next one below unless all is well, see by and by to those above."""
        self.lost(serving)
        above, below = self._failover.above(serving), self._failover.below(serving)
        out: list[do.Command] = []
        for tier in self._order:
            if tier in above:
                out += self.probe(tier, now)
            elif tier is below and serving is not self._order[0]:
                out += self.prepare(tier)
            else:
                out += self._let_go(tier)
        return out

    def _let_go(self, tier: Tier) -> list[do.Command]:
        """Have nothing standing by of this tier, and nothing to come."""
        prepared = tier in self._prepared
        self.lost(tier)
        self._awaited.discard(tier)
        out: list[do.Command] = [do.ClearDeadline(probe_of(tier))]
        return [*out, do.DismissEngine(tier)] if prepared else out
