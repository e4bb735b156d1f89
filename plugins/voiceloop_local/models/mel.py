"""Log-mel spectrogram as Whisper was trained on, in numpy alone.

80 Slaney mel bands up to 8 kHz, 25 ms Hann windows every 10 ms, base-10 logarithm floored 8 below its maximum and moved
to about [-1, 1] (openai/whisper, `audio.py`).
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["FRAMES_PER_SECOND", "RATE_HZ", "log_mel"]

RATE_HZ: Final = 16_000
FRAMES_PER_SECOND: Final = 100
_WINDOW: Final = 400
_HOP: Final = RATE_HZ // FRAMES_PER_SECOND
_BANDS: Final = 80
_LINEAR_MEL: Final = 15.0
"""Slaney's scale is linear up to here (1 kHz)."""

Floats = npt.NDArray[np.float32]


def log_mel(samples: Floats, frames: int) -> Floats:
    """Return `samples` (16 kHz, in [-1, 1]) as an array of 80 x `frames`, silence after their end.

    Samples past `frames` are cut. At least one sample is needed.
    """
    samples = samples[: frames * _HOP]
    # Frames that only see the padding have a known value, so silence costs no transform.
    heard = min(frames, (len(samples) + _WINDOW // 2 - 1) // _HOP + 1)
    padded = np.zeros(heard * _HOP + _WINDOW, np.float32)
    half = _WINDOW // 2
    padded[half : half + len(samples)] = samples
    # Whisper mirrors the start; its end is mirrored too, but only inside the silence after it.
    mirror = padded[half + 1 : _WINDOW + 1][::-1]
    padded[:half] = mirror
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP][:heard]
    spectrum = np.fft.rfft(windows * _hann(), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    logs = np.log10(np.maximum(_filters() @ power.T, 1e-10))
    floor = logs.max() - 8.0
    out = np.full((_BANDS, frames), max(floor, -10.0), np.float32)
    out[:, :heard] = np.maximum(logs, floor)
    return (out + 4.0) / 4.0


@functools.cache
def _hann() -> Floats:
    return np.hanning(_WINDOW + 1)[:-1].astype(np.float32)


def _mel_to_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Slaney's scale: 66.7 Hz a mel up to 1 kHz, then 27 mel per factor of 6.4."""
    linear = mel * (200.0 / 3.0)
    return np.where(mel < _LINEAR_MEL, linear, 1000.0 * np.exp((mel - _LINEAR_MEL) * (np.log(6.4) / 27.0)))


@functools.cache
def _filters() -> Floats:
    """Triangles of equal area, 80 x 201."""
    top_mel = _LINEAR_MEL + np.log(RATE_HZ / 2 / 1000.0) * 27.0 / np.log(6.4)
    edges = _mel_to_hz(np.linspace(0.0, top_mel, _BANDS + 2))
    bins = np.fft.rfftfreq(_WINDOW, 1.0 / RATE_HZ)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    area = 2.0 / (edges[2:] - edges[:-2])
    return (triangles * area[:, None]).astype(np.float32)
