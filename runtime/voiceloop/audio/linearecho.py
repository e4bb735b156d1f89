"""An echo canceller that only subtracts: it removes less echo than one that also suppresses, and nothing of the user.

A Kalman filter in the frequency domain, in partitions of 10 ms that stand where the echo is known to come. For each
tone it knows how far it may be off, and what else is in the microphone: so it learns fast while it knows little, and
hardly anything from a user who speaks over the echo.

Where microphone and speaker go by clocks of their own the echo comes a little later or earlier with each block. What
that leaves of it has the shape of the echo's slope, so the rate is found from the sound alone and the whole filter is
moved along; learning the path anew all the time takes 18 dB less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LinearEcho"]

PARTITIONS = 12
"""The filter spans 120 ms: the sound itself, and what the walls make of it."""
BEFORE = 3
"""Of the partitions so many stand before the lag, which is known to one or two blocks."""
MOVED = 3
"""A lag that differs by so many partitions means another path."""
KEPT = 0.9997
"""How steady a path is from one block to the next: steadier takes more, also under a user; less follows people who walk
about sooner."""
DOUBT = 0.5
"""How far a tone of a new path may be off, as power."""
OTHERS_KEPT = 0.5
"""How steady all that is not echo is."""
SLIP_RATE = 0.005
"""So much of what a block shows of the clocks is believed."""
SLIP_DOUBT = 20.0
"""A block says nothing about the clocks unless its echo's slope stands out from all else in some tones."""
MOST_SLIP = 500e-6
"""Clocks of cards differ by 100 ppm at most, those of poor ones by more."""
FLOOR = 1e-8
PUT_RIGHT = 3
"""Partitions freed in each block of what wraps around."""


class LinearEcho:
    """Takes blocks of 10 ms as floats from -1 to 1, of `samples` each; an echo is up to `lags` blocks late."""

    def __init__(self, samples: int, lags: int) -> None:
        self._samples = samples
        # Two copies, one behind the other, so that the last ones are always in one piece, newest first.
        self._count = lags + PARTITIONS
        self._spectra = np.zeros((2 * self._count, samples + 1), complex)
        self._at = 0
        self._last = np.zeros(samples)
        self._turns = np.pi / samples * np.arange(samples + 1)
        """Radians by which each tone turns in one sample."""
        self.slip = 0.0
        """Samples by which an echo comes later with each block. Clocks stay what they are when the path changes."""
        self.forget()

    def forget(self) -> None:
        """The path has changed."""
        self._lag = -1
        self._weights = np.zeros((PARTITIONS, self._samples + 1), complex)
        self._doubt = np.full((PARTITIONS, self._samples + 1), DOUBT)
        self._others = np.zeros(self._samples + 1)
        """The power of all that is not echo."""
        self._turn = 0

    def residual(self, near: NDArray[np.float64], far: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
        """The microphone's block less the echo; `lag` is how many blocks late it comes, -1 while nobody knows."""
        self._at = (self._at - 1) % self._count
        spectrum = np.fft.rfft(np.concatenate((self._last, far)))
        self._spectra[self._at] = self._spectra[self._at + self._count] = spectrum
        self._last = far
        if abs(lag - self._lag) >= (MOVED if min(lag, self._lag) >= 0 else 1):
            self.forget()
            self._lag = lag
        start = self._at + max(0, self._lag - BEFORE)
        used = self._spectra[start : start + PARTITIONS]
        if self._lag < 0:
            return near
        # Clocks go on while nothing is played.
        self._weights *= np.exp(-1j * self.slip * self._turns)
        if not used.any():
            return near
        echo = (self._weights * used).sum(axis=0)
        error: NDArray[np.float64] = near - np.fft.irfft(echo)[self._samples :]
        spectrum = self._spectrum(error)
        self._follow_clocks(echo, spectrum)
        self._learn(used, spectrum)
        return error

    def _spectrum(self, block: NDArray[np.float64]) -> NDArray[np.complex128]:
        return np.fft.rfft(np.concatenate((np.zeros(self._samples), block)))

    def _follow_clocks(self, echo: NDArray[np.complex128], error: NDArray[np.complex128]) -> None:
        """A delay-locked loop: an echo that comes later than believed leaves its slope behind, with a minus."""
        slope = self._spectrum(np.fft.irfft(1j * self._turns * echo)[self._samples :])
        trust = 1.0 / (self._others + FLOOR * self._samples)
        later = -(trust * (slope.real * error.real + slope.imag * error.imag)).sum()
        later /= (trust * (slope.real**2 + slope.imag**2)).sum() + SLIP_DOUBT
        most = MOST_SLIP * self._samples
        self.slip = min(most, max(-most, self.slip + SLIP_RATE * later))

    def _learn(self, used: NDArray[np.complex128], spectrum: NDArray[np.complex128]) -> None:
        self._others = OTHERS_KEPT * self._others + (1 - OTHERS_KEPT) * (spectrum.real**2 + spectrum.imag**2)
        power = used.real**2 + used.imag**2
        trusted = 0.5 * (power * self._doubt).sum(axis=0)
        gain = self._doubt / (trusted + self._others + FLOOR * self._samples)
        self._weights += gain * np.conj(used) * spectrum
        self._doubt *= KEPT**2 * (1 - 0.5 * gain * power)
        self._doubt += (1 - KEPT**2) * (self._weights.real**2 + self._weights.imag**2)
        # A filter longer than its partition would wrap around.
        turns = (self._turn + np.arange(PUT_RIGHT)) % PARTITIONS
        self._turn = (self._turn + PUT_RIGHT) % PARTITIONS
        taps = np.fft.irfft(self._weights[turns], axis=1)
        taps[:, self._samples :] = 0.0
        self._weights[turns] = np.fft.rfft(taps, axis=1)
