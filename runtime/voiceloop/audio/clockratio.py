"""How much faster one sound card's clock runs than another's, by when their blocks pass.

Callbacks come late, and only ever late: what is told here is what is left of that after the most punctual one of each
half second was taken. A line is laid through those; how far they lie beside it tells how sure the line is.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClockRatio"]

READINGS = 120
"""A minute of half seconds: cards drift with their warmth, so older ones tell less."""
FEWEST = 10
LEAST_PPM = 60.0
"""Less costs a canceller under a decibel, and on a busy sound server callbacks wander as much within half a minute."""
SURE = 5.0
"""What is so many times its error is no chance."""
CLOSE_PPM = 15.0
"""An estimate with no more error is taken; one with more, where the one before had as much, or is contradicted."""
LEAST_SPREAD_S = 20e-6
APART_S = 1e-3
APART_SPREADS = 6.0
"""A reading further beside the line than both of these is of a stall, or the first one after a jump."""
JUMPED = 10
"""Readings apart in a row: the streams have moved, by a dropped buffer or another device."""


class ClockRatio:
    """Follows readings of two streams, each with the time at which its block 0 would have passed by its newest blocks.

    That time grows where a stream's clock is slow: blocks that are longer than 10 ms end later and later.
    """

    def __init__(self) -> None:
        self.drifts = False
        """Whether a drift was ever found for sure."""
        self.ppm = 0.0
        """How much slower the near stream's clock runs than the far one's; the last figure that could be trusted."""
        self.error_ppm = float("inf")
        """The standard error of the newest estimate."""
        self._at_s: deque[float] = deque(maxlen=READINGS)
        self._apart_s: deque[float] = deque(maxlen=READINGS)
        """How much later the near stream began, as each reading tells."""
        self._doubtful: list[tuple[float, float]] = []
        self._trusted_error_ppm = 0.0
        """The error of `ppm`."""
        self._slope = self._middle_s = self._middle_at_s = self._spread_s = 0.0

    @property
    def known(self) -> bool:
        """There is a line."""
        return len(self._at_s) >= FEWEST

    def apart_s(self, at_s: float) -> float:
        """How much later the near stream began, as it looks at that time: without jitter, by the line."""
        return self._middle_s + self._slope * (at_s - self._middle_at_s)

    def read(self, at_s: float, near_start_s: float, far_start_s: float) -> None:
        """Take one reading, about every half second. Takes some 60 us."""
        apart_s = near_start_s - far_start_s
        if self.known and abs(apart_s - self.apart_s(at_s)) > self._tolerance_s(at_s):
            self._doubtful.append((at_s, apart_s))
            if len(self._doubtful) == JUMPED:
                self._jump()
            return
        self._doubtful.clear()
        self._at_s.append(at_s)
        self._apart_s.append(apart_s)
        self._fit()

    def forget(self) -> None:
        """The streams may have moved, by steps too small and too many to be told from a drift: read anew."""
        self._at_s.clear()
        self._apart_s.clear()
        self._doubtful.clear()

    def _tolerance_s(self, at_s: float) -> float:
        off_s = SURE * 1e-6 * self.error_ppm * abs(at_s - self._middle_at_s)
        return max(APART_S, APART_SPREADS * self._spread_s) + off_s

    def _jump(self) -> None:
        """Join what came before to what came since, or forget it, where the clocks are others too."""
        at_s, apart_s = np.array(self._doubtful).T
        off_s = apart_s - self.apart_s(at_s)
        if np.ptp(off_s) > self._tolerance_s(self._middle_at_s):
            self._at_s.clear()
            self._apart_s.clear()
        else:
            moved_s = float(np.median(off_s))
            self._apart_s = deque((each + moved_s for each in self._apart_s), maxlen=READINGS)
        self._at_s.extend(at_s.tolist())
        self._apart_s.extend(apart_s.tolist())
        self._doubtful.clear()
        self._fit()

    def _fit(self) -> None:
        if not self.known:
            return
        at_s, apart_s = np.array(self._at_s), np.array(self._apart_s)
        # The median of the slopes between pairs far from each other: readings of a stall move few of them.
        first, second = _pairs(len(at_s))
        self._slope = _quantile((apart_s[second] - apart_s[first]) / (at_s[second] - at_s[first]), 0.5)
        self._middle_at_s = float(at_s.mean())
        level_s = apart_s - self._slope * (at_s - self._middle_at_s)
        self._middle_s = _quantile(level_s, 0.5)
        rest_s = level_s - self._middle_s
        self._spread_s = max(LEAST_SPREAD_S, _spread(np.abs(rest_s)))
        self.error_ppm = 1e6 * _error(at_s - self._middle_at_s, rest_s, self._spread_s)
        ppm = 1e6 * self._slope
        better = self.error_ppm <= max(CLOSE_PPM, self._trusted_error_ppm)
        if better or abs(ppm - self.ppm) > SURE * self.error_ppm:
            self.ppm, self._trusted_error_ppm = ppm, self.error_ppm
        self.drifts = self.drifts or abs(ppm) > max(LEAST_PPM, SURE * self.error_ppm)


@lru_cache(1)
def _pairs(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.triu_indices(count, count // 2)


def _quantile(values: NDArray[np.float64], part: float) -> float:
    """Numpy's own takes 60 us."""
    place = int(part * len(values))
    return float(np.partition(values, place)[place])


def _spread(beside_s: NDArray[np.float64]) -> float:
    """The standard deviation, whatever a fifth of the readings say."""
    return _quantile(beside_s, 0.8) / 1.28 * len(beside_s) / (len(beside_s) - 4)


def _error(at_s: NDArray[np.float64], rest_s: NDArray[np.float64], spread_s: float) -> float:
    """The standard error of a slope; neighbours that err together count as fewer."""
    power = float(rest_s @ rest_s) + 1e-18
    alike = min(max(float(rest_s[1:] @ rest_s[:-1]) / power, 0.0), 0.9)
    return float(spread_s * np.sqrt((1 + alike) / (1 - alike) / (at_s @ at_s)))
