"""Signals the audio tests listen to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Signal = NDArray[np.float64]


@pytest.fixture
def tone() -> Callable[..., Signal]:
    """A sine: `tone(hz, rate_hz, seconds, amplitude)`, amplitude 1.0 being full scale."""

    def make(hz: float, rate_hz: int, seconds: float, amplitude: float = 0.5) -> Signal:
        return amplitude * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz)

    return make


@pytest.fixture
def voice() -> Callable[..., Signal]:
    """A vowel with three formants that opens and closes four times a second: `voice(rate_hz, seconds)`."""

    def make(rate_hz: int, seconds: float, pitch_hz: float = 130.0) -> Signal:
        t = np.arange(int(rate_hz * seconds)) / rate_hz
        phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + 0.05 * np.sin(2 * np.pi * 0.7 * t))) / rate_hz
        out = np.zeros_like(t)
        for harmonic in range(1, int(3500 / pitch_hz)):
            hz = harmonic * pitch_hz
            weight = sum(
                np.exp(-(((hz - centre) / width) ** 2)) for centre, width in ((600, 150), (1200, 200), (2500, 300))
            )
            out += weight * np.sin(harmonic * phase)
        out *= 0.5 * (1 + np.sin(2 * np.pi * 4 * t - np.pi / 2))
        return out / np.abs(out).max() * 0.3

    return make


@pytest.fixture
def pcm16() -> Callable[[Signal], bytes]:
    """Floats as 16-bit PCM, by arithmetic of the tests' own."""
    return lambda signal: np.rint(np.clip(signal, -1.0, 1.0) * 32767).astype(np.int16).tobytes()
