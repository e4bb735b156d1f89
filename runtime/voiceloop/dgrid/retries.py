"""Whether a failed request is sent again, and when. Pure: chance is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Final

from voiceloop.dgrid.failures import Failure, Kind

__all__ = ["Repeat", "Retries"]


class Repeat(StrEnum):
    """What sending a request twice does."""

    SAFE = "safe"
    """It changes nothing at the server that lasts; at worst tokens are billed twice."""
    HARMFUL = "harmful"
    """Done twice is worse than not done: repeated only while it was surely not carried out."""


NEVER_BEGUN: Final = frozenset({408, 409, 425, 429, 503, 521, 522, 523, 525, 526, 529})
"""Statuses by which a server, or the one before it, says that it did not start."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently. What a server asks for is waited in full, or the request fails at once."""

    attempts: int = 3
    """All of them, the first included."""
    first_s: float = 0.5
    """The wait before the second attempt; each further one is twice as long."""
    longest_s: float = 8.0
    patience_s: float = 20.0
    """A server that asks for more than this is not waited for."""
    within_s: float = inf
    """No attempt begins later than this after the first one did."""

    def wait_s(
        self, failure: Failure, attempt: int, repeat: Repeat, chance: float, spent_s: float = 0.0
    ) -> float | None:
        """Return the seconds to wait after the `attempt`th attempt (the first is 1); None: give up.

        `chance` is from 0 to 1 and spreads the waits of many clients that failed at once; `spent_s` have gone by since
        the first attempt began.
        """
        wait_s = self._wait_s(failure, attempt, repeat, chance)
        return None if wait_s is None or spent_s + wait_s > self.within_s else wait_s

    def _wait_s(self, failure: Failure, attempt: int, repeat: Repeat, chance: float) -> float | None:
        if attempt >= self.attempts or not worth_another(failure, repeat):
            return None
        wait_s = min(self.longest_s, self.first_s * 2.0 ** (attempt - 1)) * (0.5 + chance / 2)
        if failure.retry_after_s is None:
            return wait_s
        return None if failure.retry_after_s > self.patience_s else failure.retry_after_s + self.first_s * chance


def worth_another(failure: Failure, repeat: Repeat) -> bool:
    """Whether the same request may succeed later and may be sent again.

    Silence is not waited out twice: the patience for one request is spent, and a slow model would only do it all again.
    """
    match failure.kind:
        case Kind.RATE_LIMITED | Kind.UNREACHABLE:
            return True
        case Kind.SERVER_FAULT:
            return repeat is Repeat.SAFE or failure.status in NEVER_BEGUN
        case Kind.DROPPED:
            return repeat is Repeat.SAFE
        case _:
            return False
