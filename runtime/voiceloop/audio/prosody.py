"""Does a voice sound as if its speaker had finished? People lower their voice at the end and keep it up before more.

A guess from pitch and loudness alone, in any language: far from sure, but there after a sixth of a second of silence,
when no words are. Statements, questions and requests end lower, softer and falling; what goes on stays level.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEATURES", "REACH", "complete_by_sound", "melody"]

Floats = NDArray[np.float64]

LOW_HZ: Final = 8_000
WINDOW_S, HOP_S = 0.04, 0.01
LOWEST_HZ, HIGHEST_HZ = 70, 400
VOICED: Final = 0.5
"""Of the autocorrelation at the pitch; less is a hiss or noise."""
SOFT_DB: Final = 25.0
"""Below the loudest: no vowel."""
FAINT_DB: Final = 30.0
"""Below the loudest: no speech."""
ABOVE_NOISE_DB: Final = 4.0
OCTAVE_BIAS: Final = 0.1
"""Two periods are as like each other as one: of the two the shorter is meant."""
OCTAVE_ERROR: Final = 9.0
"""Semitones from the middle that are a mistake of the measurement."""
LONGEST_GAP: Final = 2
"""Windows without a pitch that do not end a vowel."""
FEWEST: Final = 12
"""Windows with a pitch, 10 ms each, that say anything."""
STEEPEST: Final = 8.0

FEATURES: Final = ("end", "above_lowest", "highest", "rank", "slope", "trail", "vowels_per_s", "fall")
"""Pitch of the last 60 ms against the middle and against the lowest, and the highest of the last 300 ms against the
middle, in semitones; the share of the speech that is lower than the end; how the pitch moves over the last 300 ms, in
semitones in 100 ms; what follows the last pitch, in 100 ms; vowels in a second; how far it fell in the last 400 ms."""
REACH: Final = 2.2
"""Spreads from the mean; more is a mistake of the measurement."""


def _model() -> tuple[Floats, Floats, Floats, Floats, float]:
    """Mean, spread, weight and bend of each feature, and the bias: a part of this package in another notation."""
    read = tomllib.loads(resources.files("voiceloop.audio").joinpath("data", "complete.toml").read_text("utf-8"))
    columns = (np.array([read[name][key] for name in FEATURES]) for key in ("mean", "spread", "weight", "bend"))
    mean, spread, weight, bend = columns
    return mean, spread, weight, bend, float(read["bias"])


MEAN, SPREAD, WEIGHT, BEND, BIAS = _model()


def complete_by_sound(pcm: bytes, rate_hz: int) -> float | None:
    """Return how likely its speaker has finished, 0 to 1, given the last seconds of 16-bit mono PCM; None: no idea.

    Takes 8, 16, 24, 32 or 48 kHz; silence at the end does not matter.
    """
    found = melody(pcm, rate_hz)
    if found is None:
        return None
    away = np.clip((found - MEAN) / SPREAD, -REACH, REACH)
    return float(1 / (1 + np.exp(-(WEIGHT @ away + BEND @ away**2 + BIAS))))


def melody(pcm: bytes, rate_hz: int) -> Floats | None:
    """Return the `FEATURES`; None where hardly anything has a pitch."""
    pitch, clarity, loudness = _tracks(pcm, rate_hz)
    if not len(pitch):
        return None
    quiet, loud = np.percentile(loudness, [5, 95])
    voiced = (clarity > VOICED) & (loudness > loud - SOFT_DB)
    if voiced.sum() < FEWEST:
        return None
    at = np.flatnonzero(voiced & (np.abs(pitch - np.median(pitch[voiced])) < OCTAVE_ERROR))
    if len(at) < FEWEST:
        return None
    height, middle, end = pitch[at], np.median(pitch[at]), np.median(pitch[at[-6:]])
    vowels = 1 + int((np.diff(at) > LONGEST_GAP).sum())
    last = int(np.flatnonzero(loudness > max(loud - FAINT_DB, quiet + ABOVE_NOISE_DB))[-1])
    return np.array(
        [
            end - middle,
            end - np.percentile(height, 10),
            height[-30:].max() - middle,
            (height < end).mean(),
            np.clip(_slope(at[-30:], pitch), -STEEPEST, STEEPEST),
            min(last + 1 - at[-1], 30) / 10,
            vowels / (len(loudness) * HOP_S),
            height[-40:].max() - end,
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
