"""Which tier answers when an engine was lost, and when a better one is tried again. Pure; times are seconds.

An engine is opened again at once on its own tier; `TABLE` says, for each cause and each phase of the conversation, how
long that may take before the next tier answers the turn in hand. A tier that was lost is probed until it can take over
again, in a quiet moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from voiceloop.reopening import HOPELESS, GiveUp, Reopening
from voiceloop.vocabulary import Cause, Phase, Tier

__all__ = ["HOPELESS", "PATIENCE_S", "TABLE", "Action", "Failover", "GiveUp", "Health", "Move"]


class Action(StrEnum):
    """What the loss of an engine leads to. But for `LEAVE` its own tier is tried again beside whoever answers."""

    REOPEN = "reopen"
    """It is opened again; after a second the next tier answers."""
    HURRY = "hurry"
    """Somebody waits for an answer: a quarter of a second, enough for a new socket to the same server."""
    RACE = "race"
    """Somebody has waited already: whoever is ready first answers."""
    FALL = "fall"
    """The next tier answers: this one has had its time, and is tried again later."""
    LEAVE = "leave"
    """No time cures it: it is not tried again in this session."""


PATIENCE_S: Final[Mapping[Action, float]] = {
    Action.REOPEN: 1.0,
    Action.HURRY: 0.25,
    Action.RACE: 0.0,
    Action.FALL: 0.0,
    Action.LEAVE: 0.0,
}
"""From the loss until the next tier takes over, as soon as it is ready."""

_R, _H, _X, _F, _L = Action
_ROWS: Final = {
    # idle, user speaking, thinking, tool running, agent speaking, audio queued
    Cause.DROP: (_R, _R, _R, _R, _R, _R),
    Cause.DEAD_WIRE: (_R, _R, _X, _X, _H, _R),
    Cause.BROKEN_PEER: (_R, _R, _H, _H, _H, _R),
    Cause.UNREACHABLE: (_R, _R, _H, _H, _H, _R),
    Cause.REFUSED: (_R, _R, _H, _H, _H, _R),
    Cause.BUSY: (_R, _R, _H, _H, _H, _R),
    Cause.SLOW_MODEL: (_R, _R, _F, _F, _H, _R),
    Cause.NO_REPLY: (_F, _F, _F, _F, _F, _F),
    Cause.SESSION_CAP: (_R, _R, _R, _R, _R, _R),
    Cause.CONTEXT_FULL: (_R, _R, _R, _R, _R, _R),
    Cause.UNSUPPORTED_DIALECT: (_F, _F, _F, _F, _F, _F),
    Cause.QUOTA: (_L, _L, _L, _L, _L, _L),
    Cause.BAD_KEY: (_L, _L, _L, _L, _L, _L),
    Cause.BAD_MODEL: (_L, _L, _L, _L, _L, _L),
    Cause.SETTINGS: (_L, _L, _L, _L, _L, _L),
}
TABLE: Final[Mapping[Cause, Mapping[Phase, Action]]] = {
    cause: dict(zip(Phase, row, strict=True)) for cause, row in _ROWS.items()
}

HANGS_AFTER_S: Final = 1.0
"""A tier that takes longer to be ready is not waited for alone: all others that could answer are opened too."""
SLOW_START_S: Final = 3.0
"""The same for the first tier at the start of a session, where connections and models are cold."""
NOT_HIDDEN: Final = frozenset({Cause.BAD_KEY, Cause.SETTINGS})
"""At the very start these end the session even where another tier could answer: whoever starts it wants to know."""
PROBE_EVERY_S: Final = 1.0
PROBE_OFTEN_FOR_S: Final = 30.0
LONGEST_PROBE_S: Final = 60.0
SLOW_REST_S: Final = 5.0
"""A model that was too slow is ready at once when it is probed: it gets this long to recover."""
STEADY_S: Final = 30.0
"""A tier that is lost sooner than this after its return is kept away twice as long as the time before."""


class Health(StrEnum):
    """What is known of a tier."""

    UNKNOWN = "unknown"
    OK = "ok"
    DEGRADED = "degraded"
    """It was lost, or cannot be opened just now."""
    UNSUPPORTED = "unsupported"
    """It is of no use in this session."""


@dataclass(frozen=True, slots=True)
class Move:
    """What to do about a loss."""

    reopen_at_s: float | None
    """When to open an engine of the same tier; None: not at all, or by and by, as a probe."""
    next_tier: Tier | None
    """Who takes over; None: there is nobody else."""
    fall_at_s: float
    """From when on that one may take over."""
    begins: bool
    """An outage begins with this loss, and is worth a word."""


@dataclass(slots=True)
class _Tier:
    health: Health = Health.UNKNOWN
    failed_at: str = ""
    """The endpoint, where the tier has several."""
    lost_at_s: float = 0.0
    overfilled_by: int = 0
    """Tokens of the record that it could not take, even shortened; 0 while it can."""
    slow: bool = False
    answered: bool = False
    returned_at_s: float | None = None
    relapses: int = 0
    probes: int = 0
    """In vain, since it last answered."""
    late_probes: int = 0


class Failover:
    """Decides for one session. `order` is the best tier first; `seed` makes the jitter its own, and a replay's."""

    def __init__(self, order: tuple[Tier, ...], within_s: float, seed: int = 0) -> None:
        self._order = order
        self._tiers = {tier: _Tier() for tier in order}
        self._reopening = Reopening(within_s, seed)
        self._within_s = within_s
        self._serving = order[0]
        self._ever = False
        self._silent_since_s: float | None = None

    # What there is -----------------------------------------------------------------------------------------------

    def health(self, tier: Tier) -> Health:
        """What is known of a tier."""
        return self._tiers[tier].health

    def failed_at(self, tier: Tier) -> str:
        """The endpoint of a tier that failed last; empty where nothing is known to fail."""
        return self._tiers[tier].failed_at

    def above(self, tier: Tier) -> tuple[Tier, ...]:
        """Better tiers than this one that may come back, the best one first."""
        return self._usable(self._order[: self._order.index(tier)])

    def below(self, tier: Tier) -> Tier | None:
        """The next tier that can answer when this one cannot."""
        return next(iter(self._usable(self._order[self._order.index(tier) + 1 :])), None)

    def usable(self, tier: Tier) -> bool:
        """Whether it may answer some time in this session, as far as is known now."""
        known = self._tiers[tier]
        return known.health is not Health.UNSUPPORTED and not known.overfilled_by

    def _usable(self, tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
        return tuple(tier for tier in tiers if self.usable(tier))

    # What happens ------------------------------------------------------------------------------------------------

    def serves(self, tier: Tier, now: float, *, proven: bool) -> None:
        """An engine of this tier answers from now on; `proven`: its server has shown that it is there."""
        known = self._tiers[tier]
        if tier is not self._serving:
            known.returned_at_s = now if known.health is Health.DEGRADED else None
        self._serving, self._ever, self._silent_since_s = tier, True, None
        known.probes = known.late_probes = 0
        if proven:
            known.health, known.failed_at = Health.OK, ""
            self._reopening.ready(now)
        else:
            self._reopening.opened(now)

    def answers(self, now: float) -> None:
        """The engine in use has begun to speak, or has answered."""
        known = self._tiers[self._serving]
        known.health, known.failed_at, known.answered = Health.OK, "", True
        self._reopening.ready(now)

    def lost(self, tier: Tier, cause: Cause, phase: Phase, now: float, endpoint: str = "") -> Move | GiveUp:
        """The engine in use was lost, or could not be opened."""
        first = self._silent_since_s is None
        self._silent_since_s = now if self._silent_since_s is None else self._silent_since_s
        action = self._noted(tier, cause, phase, now, endpoint)
        retry = self._reopening.lost(cause, now)
        refuge = self._refuge(tier)
        if refuge is None or self.hopeless(now) or (not self._ever and cause in NOT_HIDDEN):
            return retry if isinstance(retry, GiveUp) else Move(retry.at_s, None, now, retry.begins)
        if isinstance(retry, GiveUp):  # it would not be opened again; and before the first word nobody is in its way
            return Move(None, refuge, now, first)
        if not retry.begins and action in {Action.REOPEN, Action.HURRY}:  # it was opened again in vain
            action = Action.HURRY if tier is Tier.REALTIME else Action.FALL  # requests need no second server
        reopen_at_s = None if action in {Action.FALL, Action.LEAVE} else retry.at_s
        return Move(reopen_at_s, refuge, now + PATIENCE_S[action], retry.begins)

    def refused(self, tier: Tier, cause: Cause, now: float, endpoint: str = "") -> None:
        """An engine of this tier could not be opened beside the one in use, or was lost there."""
        self._noted(tier, cause, Phase.IDLE, now, endpoint)
        known = self._tiers[tier]
        known.probes += 1
        known.late_probes += now - known.lost_at_s > PROBE_OFTEN_FOR_S

    def overfilled(self, tier: Tier, tokens: int) -> None:
        """A record of so many tokens, shortened already, is more than this tier's model takes: a shorter one may do."""
        known = self._tiers[tier]
        known.health, known.overfilled_by = Health.DEGRADED, max(1, tokens)

    def shortened(self, tokens: int) -> None:
        """The record takes so many tokens now: half of what was too much is worth a try, each time half of that."""
        for known in self._tiers.values():
            if tokens <= known.overfilled_by // 2:
                known.overfilled_by = 0

    def _noted(self, tier: Tier, cause: Cause, phase: Phase, now: float, endpoint: str) -> Action:
        known = self._tiers[tier]
        action = TABLE[cause][phase]
        lacks = cause is Cause.UNSUPPORTED_DIALECT and not known.answered
        if known.returned_at_s is not None:
            known.relapses = known.relapses + 1 if now - known.returned_at_s < STEADY_S else 0
            known.returned_at_s = None
        if known.health is not Health.DEGRADED:
            known.lost_at_s = now
        known.health = Health.UNSUPPORTED if lacks or action is Action.LEAVE else Health.DEGRADED
        known.failed_at = endpoint or known.failed_at
        known.slow = cause in {Cause.SLOW_MODEL, Cause.NO_REPLY}
        return Action.LEAVE if lacks else action

    def _refuge(self, tier: Tier) -> Tier | None:
        """Who answers instead: the next tier below; the best one above, for a tier that is of no use any more."""
        below = self.below(tier)
        if below is not None or self.usable(tier):
            return below
        return next(iter(self.above(tier)), None)

    # Return ------------------------------------------------------------------------------------------------------

    def probe_at_s(self, tier: Tier, now: float) -> float:
        """When to see whether a tier that does not answer could.

        Every second for half a minute, then less and less often; one that came back and was lost again soon waits
        twice as long each time before that.
        """
        known = self._tiers[tier]
        wait_s = PROBE_EVERY_S
        if known.probes == 0:
            first_s = SLOW_REST_S if known.slow else PROBE_EVERY_S
            wait_s = min(first_s * 2**known.relapses, LONGEST_PROBE_S)
        elif now - known.lost_at_s > PROBE_OFTEN_FOR_S:
            wait_s = min(PROBE_EVERY_S * 2**known.late_probes, LONGEST_PROBE_S)
        return now + wait_s

    def hopeless(self, now: float) -> bool:
        """Nobody has answered for too long, or nobody is left who could."""
        silent_s = 0.0 if self._silent_since_s is None else now - self._silent_since_s
        return silent_s > self._within_s or not self._usable(self._order)
