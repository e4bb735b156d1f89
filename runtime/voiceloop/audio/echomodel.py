"""What the loudspeaker's sound becomes in the microphone: how much later, and how loud in each band.

It serves to tell a changed echo path from a user who speaks. A user adds to the echo, so what should be heard of the
agent still is; when the path has changed, by a device that jumps or a volume that was turned, it is missing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["BAND_EDGES_HZ", "EchoModel"]

BAND_EDGES_HZ = (150, 350, 600, 900, 1300, 1800, 2400, 3200)
BANDS = len(BAND_EDGES_HZ) - 1
LAGS = 70
"""Blocks of 10 ms: an echo may come this much later than its sound."""

_MEAN_RATE = 0.01
_SCORE_KEPT = 0.995
"""Half of what is known about the lag is 1.4 s old."""
_BETTER = 1.1
_GAIN_RATE = 0.02
_LOUD_DB = -50.0
"""A band of the loudspeaker that tells something about its gain."""
_EXPECTED_DB = -52.0
_MISSING_DB = 9.0
_SHARE_KEPT = 0.93
"""Half of the verdict is 100 ms old."""
_LEAST_CELLS = 12.0
_LEARNED_BLOCKS = 50


class EchoModel:
    """Learns from blocks of 10 ms, given as levels of the seven bands in dB."""

    def __init__(self) -> None:
        # Two copies, one behind the other, so that the last `LAGS` rows are always in one piece, newest last.
        self._far = np.full((2 * LAGS, BANDS), -100.0)
        self._changes = np.zeros((2 * LAGS, BANDS))
        self._at = 0
        self._near_mean: NDArray[np.float64] | None = None
        self._far_mean = np.zeros(BANDS)
        self._score = np.zeros(LAGS)
        self.forget()

    def forget(self) -> None:
        """The path has changed: learn it anew."""
        self.lag = -1
        """How many blocks late the echo comes; -1 while that is not known."""
        self._score[:] = 0.0
        self._gain = np.zeros(BANDS)
        self._learned = 0
        self._missing = self._expected = 0.0

    @property
    def missing(self) -> float:
        """The share of the echo expected in the last 0.2 s that did not come, 0 to 1; 0 while nothing is known."""
        return self._missing / max(self._expected, _LEAST_CELLS)

    def follow(self, near_db: NDArray[np.float64], far_db: NDArray[np.float64], *, echo_alone: bool) -> None:
        """Take what the microphone and the loudspeaker gave in one block; with `echo_alone` it is learned from."""
        changes = self._remember(near_db, far_db)
        far = self._far[self._at : self._at + LAGS][::-1]
        if echo_alone:
            self._score *= _SCORE_KEPT
            self._score += self._changes[self._at : self._at + LAGS][::-1] @ changes
            best = int(self._score.argmax())
            if self.lag < 0 or self._score[best] > _BETTER * self._score[self.lag]:
                self.lag = best
        if self.lag < 0:
            return
        if echo_alone:
            self._learn_gain(near_db, far[self.lag])
        if self._learned < _LEARNED_BLOCKS:
            return
        # The lag is known to a block, so the quietest of three must be heard.
        least = far[max(0, self.lag - 1) : self.lag + 2].min(axis=0) + self._gain
        expected = least > _EXPECTED_DB
        self._expected = _SHARE_KEPT * self._expected + int(expected.sum())
        self._missing = _SHARE_KEPT * self._missing + int((expected & (near_db < least - _MISSING_DB)).sum())

    def _remember(self, near_db: NDArray[np.float64], far_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns how the microphone differs from its mean."""
        if self._near_mean is None:
            self._near_mean, self._far_mean = near_db.copy(), far_db.copy()
        self._near_mean += _MEAN_RATE * (near_db - self._near_mean)
        self._far_mean += _MEAN_RATE * (far_db - self._far_mean)
        self._far[self._at] = self._far[self._at + LAGS] = far_db
        self._changes[self._at] = self._changes[self._at + LAGS] = far_db - self._far_mean
        self._at = (self._at + 1) % LAGS
        return near_db - self._near_mean

    def _learn_gain(self, near_db: NDArray[np.float64], far_db: NDArray[np.float64]) -> None:
        loud = far_db > _LOUD_DB
        if loud.any():
            self._learned += 1
            rate = max(_GAIN_RATE, 1 / self._learned)
            self._gain[loud] += rate * (near_db - far_db - self._gain)[loud]
