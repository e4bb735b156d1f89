"""When an engine that was lost is opened again, and when to give up. Times are seconds on the caller's clock.

The first attempt comes at once, the next ones at growing distances with jitter, never more than thirty a minute. What
a second attempt cannot cure (no quota, a wrong key, an unknown model) is never tried again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from voiceloop.vocabulary import Cause

__all__ = ["HOPELESS", "GiveUp", "Reopening", "Retry"]

HOPELESS: Final = frozenset({Cause.QUOTA, Cause.BAD_KEY, Cause.BAD_MODEL, Cause.SETTINGS})
"""No time cures these. A server that took this very session before and now turns it away may take it back."""
DELAYS_S: Final = (0.0, 0.2, 0.4, 0.8, 1.0)
"""Before the first attempt, the second and so on; the last one holds for all that follow."""
JITTER: Final = 0.25
"""The share of a delay by which it may be shorter or longer, so that clients of a lost server do not return as one."""
PER_MINUTE: Final = 30
STABLE_S: Final = 5.0
"""An engine that was ready for less than this did not end the outage."""
IDLE_S: Final = 30.0
"""One that asked its server for nothing and was there for longer than this had nothing to do: nobody waited."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Open an engine at `at_s`. `begins`: an outage begins with this loss, and is worth a word."""

    at_s: float
    begins: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No attempt is of any use, or none has been for too long."""


class Reopening:
    """Decides for one session, whichever tiers it has.

    `seed` makes the jitter differ from session to session and be the same in a replay.
    """

    def __init__(self, within_s: float, seed: int = 0) -> None:
        self._within_s = within_s
        self._seed = seed
        self._ready_at_s: float | None = None
        self._opened_at_s: float | None = None
        self._lost_at_s = 0.0
        self._tries = 0
        self._attempts: deque[float] = deque(maxlen=PER_MINUTE)
        self._ever_ready = False
        self._proven = False

    def opened(self, now: float) -> None:
        """An engine is ready that has asked its server for nothing: no sign that an outage is over."""
        if not self._ever_ready:
            self._ready_at_s = now
        self._ever_ready, self._opened_at_s = True, now

    def ready(self, now: float) -> None:
        """An engine works; one that takes over from another in a quiet moment goes on where that one was."""
        self._ready_at_s = now if self._ready_at_s is None else self._ready_at_s
        self._ever_ready = self._proven = True

    def lost(self, cause: Cause, now: float) -> Retry | GiveUp:
        """An engine was lost, or an attempt to open one failed.

        One that was never ready since the session began is not tried again: whoever starts it wants to know. Nor is a
        server that lacks what it is asked for and never had it.
        """
        lacks = cause is Cause.UNSUPPORTED_DIALECT and not self._proven
        if cause in HOPELESS or lacks or not self._ever_ready:
            return GiveUp()
        begins = self._begins(now)
        self._ready_at_s = self._opened_at_s = None
        if begins:
            self._lost_at_s, self._tries = now, 0
        at_s = self._next_s(now)
        if at_s - self._lost_at_s > self._within_s:
            return GiveUp()
        self._tries += 1
        self._attempts.append(at_s)
        return Retry(at_s, begins)

    def _begins(self, now: float) -> bool:
        if self._ready_at_s is None:
            return self._opened_at_s is not None and now - self._opened_at_s > IDLE_S
        return self._tries == 0 or now - self._ready_at_s >= STABLE_S

    def _next_s(self, now: float) -> float:
        delay_s = DELAYS_S[min(self._tries, len(DELAYS_S) - 1)]
        at_s = now + delay_s * (1 + JITTER * self._jitter())
        full = len(self._attempts) == PER_MINUTE
        return max(at_s, self._attempts[0] + 60) if full else at_s

    def _jitter(self) -> float:
        """Between -1 and 1, the same for the same session and attempt."""
        return crc32(f"{self._seed}:{self._tries}:{len(self._attempts)}".encode()) / 2**31 - 1
