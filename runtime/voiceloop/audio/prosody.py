"""Does a voice sound as if its speaker had finished? People lower their voice at the end and keep it up before more.

A guess from pitch and loudness alone, in any language: far from sure, but there after a sixth of a second of silence,
when no words are. Statements, questions and requests end lower, softer and falling; what goes on stays level.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEATURES", "complete_by_sound", "melody"]

Floats = NDArray[np.float64]

LOW_HZ: Final = 8_000
WINDOW_S, HOP_S = 0.04, 0.01
LOWEST_HZ, HIGHEST_HZ = 70, 400
VOICED: Final = 0.5
"""Of the autocorrelation at the pitch; less is a hiss or noise."""
SOFT_DB: Final = 25.0
"""Below the loudest: no vowel."""
OCTAVE_BIAS: Final = 0.1
"""Two periods are as like each other as one: of the two the shorter is meant."""
OCTAVE_ERROR: Final = 9.0
"""Semitones from the middle that are a mistake of the measurement."""
LONGEST_GAP: Final = 2
"""Windows without a pitch that do not end a vowel."""
FEWEST: Final = 12
"""Windows with a pitch, 10 ms each, that say anything."""
BOUNDS: Final = 12.0

FEATURES: Final = ("end", "above lowest", "slope", "loudness", "loudness slope", "last vowel", "highest")
"""Pitch of the last 60 ms against the middle and against the lowest, in semitones; how it moves over the last 120 ms,
semitones in 100 ms; loudness of the last 100 ms against the middle, in dB, and how it moves; how long the last voiced
stretch is, in 100 ms; the highest pitch of the last 300 ms."""
MEAN: Final = np.array([-4.49, 0.76, -0.61, -4.2, -3.47, 2.05, 2.76])
SPREAD: Final = np.array([4.37, 4.1, 3.56, 3.4, 4.35, 1.95, 3.89])
WEIGHTS: Final = np.array([-0.455, -0.03, -0.285, -0.397, 0.065, -0.248, -0.302])
BIAS: Final = 0.124
"""A logistic regression over 428 ends and 172 pauses within sentences of Asterisk's French, Italian and Spanish prompts
(three speakers), each clean, in 10 dB of noise and in telephone band."""


def complete_by_sound(pcm: bytes, rate_hz: int) -> float | None:
    """Return how likely its speaker has finished, 0 to 1, given the last seconds of 16-bit mono PCM; None: no idea.

    Takes 8, 16, 24, 32 or 48 kHz; silence at the end does not matter.
    """
    found = melody(pcm, rate_hz)
    if found is None:
        return None
    return float(1 / (1 + np.exp(-(WEIGHTS @ ((found - MEAN) / SPREAD) + BIAS))))


def melody(pcm: bytes, rate_hz: int) -> Floats | None:
    """Return the `FEATURES`; None where hardly anything has a pitch."""
    pitch, clarity, loudness = _tracks(pcm, rate_hz)
    if not len(pitch):
        return None
    voiced = (clarity > VOICED) & (loudness > np.percentile(loudness, 95) - SOFT_DB)
    if voiced.sum() < FEWEST:
        return None
    at = np.flatnonzero(voiced & (np.abs(pitch - np.median(pitch[voiced])) < OCTAVE_ERROR))
    if len(at) < FEWEST:
        return None
    height, middle, end = pitch[at], np.median(pitch[at]), np.median(pitch[at[-6:]])
    breaks = np.flatnonzero(np.diff(at) > LONGEST_GAP)
    return np.array(
        [
            end - middle,
            end - np.percentile(height, 10),
            np.clip(_slope(at[-12:], pitch), -BOUNDS, BOUNDS),
            loudness[at[-10:]].mean() - np.median(loudness[at]),
            np.clip(_slope(at[-15:], loudness), -2 * BOUNDS, 2 * BOUNDS),
            min(len(at) - 1 - (breaks[-1] if len(breaks) else -1), 60) / 10,
            height[-30:].max() - middle,
        ]
    )


def _tracks(pcm: bytes, rate_hz: int) -> tuple[Floats, Floats, Floats]:
    """Pitch in semitones, how clear it is, and loudness in dB, of every 10 ms."""
    step = rate_hz // LOW_HZ
    samples = np.frombuffer(pcm[: len(pcm) // (2 * step) * 2 * step], np.int16).reshape(-1, step).mean(axis=1)
    window, hop = int(WINDOW_S * LOW_HZ), int(HOP_S * LOW_HZ)
    if len(samples) < window:
        return (np.zeros(0),) * 3
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]
    frames = (frames - frames.mean(axis=1, keepdims=True)) * np.hanning(window)
    size = 2 * window
    shortest, longest = LOW_HZ // HIGHEST_HZ, LOW_HZ // LOWEST_HZ
    alike = np.fft.irfft(np.abs(np.fft.rfft(frames, size)) ** 2)[:, : longest + 1]
    alike /= np.fft.irfft(np.abs(np.fft.rfft(np.hanning(window), size)) ** 2)[: longest + 1]
    energy = alike[:, 0] + 1e-9
    bias = OCTAVE_BIAS * np.arange(shortest, longest + 1) / longest
    period = (alike[:, shortest:] / energy[:, None] - bias).argmax(axis=1) + shortest
    clarity = alike[np.arange(len(alike)), period] / energy
    return 12 * np.log2(LOW_HZ / period), clarity, 10 * np.log10(energy)


def _slope(at: NDArray[np.int64], track: Floats) -> float:
    """How a track moves over these places, in 100 ms."""
    away = at - at.mean()
    return float(10 * (away @ track[at]) / (away @ away))
