"""Whether the microphone still holds what the loudspeaker plays, only at another delay than the canceller believes.

A device that drops or repeats some milliseconds moves the echo. Until the canceller has found it again it takes nothing
away, and what it leaves is as loud as a user. But it is the loudspeaker's sound, sample by sample, and a user's is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["EchoMatch"]

BLOCK_S = 0.01
LEAST_HZ = 12_000
NEAR_BLOCKS = 11
LAG_BLOCKS = 45
_FFT_BLOCKS = NEAR_BLOCKS + LAG_BLOCKS
_EMPHASIS = 0.9
_QUIET = 1e-3


class EchoMatch:
    """Follows blocks of 10 ms, samples from -1 to 1."""

    def __init__(self, rate_hz: int) -> None:
        self._thin = max(1, rate_hz // LEAST_HZ)
        self._block = round(rate_hz * BLOCK_S) // self._thin
        self._near = np.zeros(NEAR_BLOCKS * self._block)
        self._left = np.zeros(NEAR_BLOCKS * self._block)
        self._far = np.zeros(_FFT_BLOCKS * self._block)

    def follow(self, near: NDArray[np.float64], far: NDArray[np.float64], left: NDArray[np.float64]) -> None:
        """Take what the microphone and the loudspeaker gave, and what subtraction left of the microphone."""
        for kept, samples in ((self._near, near), (self._far, far), (self._left, left)):
            kept[: -self._block] = kept[self._block :]
            kept[-self._block :] = samples[: self._block * self._thin].reshape(-1, self._thin).mean(axis=1)

    def share(self) -> float:
        """How much of the microphone's last 110 ms the loudspeaker's sound of one moment explains, 0 to 1.

        Of the power above some 200 Hz; moments up to 450 ms back are tried. It takes up to 1 ms.
        """
        return self._explained(self._near)

    def share_left(self) -> float:
        """The same of what subtraction left: much where the echo has moved, little where a user speaks over it."""
        return self._explained(self._left)

    def _explained(self, sound: NDArray[np.float64]) -> float:
        near, far = _flatter(sound), _flatter(self._far)
        count = 1 << (len(far) - 1).bit_length()
        product = np.fft.rfft(far, count) * np.conj(np.fft.rfft(near, count))
        lags = len(far) - len(near) + 1
        # At every half sample: between two samples the high tones would not fit.
        match = 2 * np.fft.irfft(product, 2 * count)[: 2 * lags]
        power = np.concatenate(([0.0], np.cumsum(far**2)))
        powers = np.repeat(power[len(near) :] - power[: len(power) - len(near)], 2)
        return float((match**2 / (powers + _QUIET)).max() / (near @ near + _QUIET))


def _flatter(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Speech has most of its power in few low tones, which fit each other at many delays."""
    flat: NDArray[np.float64] = samples[1:] - _EMPHASIS * samples[:-1]
    return flat
