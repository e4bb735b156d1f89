"""Sound read by another clock than the one it was made by: from a place between two samples, a little faster or slower.

A windowed sinc tells what lies between samples. Within a block the place between two samples moves so little that four
filters do, spread over the block: each sample is what a cubic through their four answers says.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_PPM", "REACH", "read_at"]

REACH = 18
"""Samples needed before the first and after the last one that is read."""
MAX_PPM = 2_000.0
"""Faster is no drift of two cards. The four filters lie close enough for that."""
_TAPS = 2 * REACH - 4
"""Pass up to 0.43 of the rate."""
_STOP_DB = 75.0
_PLACES = 256
"""Filters between two samples; between two of these a straight line does."""
_MARGIN = 1
"""So many samples to both sides the filters' table goes on."""
_NODES = np.linspace(-1.0, 1.0, 4)
"""Where in a block the four filters stand; -1 is its first sample and 1 its last."""


def read_at(sound: NDArray[np.float64], place: float, rate_ppm: float, samples: int) -> NDArray[np.int16]:
    """`samples` samples of `sound`, the first at `place`, each later than the one before by 1 + `rate_ppm` samples.

    `sound` is on the 16-bit scale and goes on for `REACH` samples at both ends. Where the next block begins is
    `place + samples * (1 + rate_ppm / 1e6)`. About 25 us for 240 samples.
    """
    spread = rate_ppm * 1e-6 * (samples - 1) / 2
    first = math.floor(place + spread)
    filters = _filters(place + spread - first + spread * _NODES)
    size, start = sound.itemsize, first - _TAPS // 2 + 1
    windows = np.ndarray((_TAPS, samples), np.float64, sound, start * size, (size, size))
    answers = filters @ windows.copy()
    answers *= _weights(samples)
    out: NDArray[np.int16] = np.rint(answers.sum(axis=0)).clip(-32768, 32767).astype(np.int16)
    return out


def _filters(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """A row of taps for each place, as parts of a sample after the middle one."""
    table, at = _table(), (places + _MARGIN) * _PLACES
    row = at.astype(int)
    below = table[row]
    filters: NDArray[np.float64] = below + (at - row)[:, None] * (table[row + 1] - below)
    return filters


@cache
def _table() -> NDArray[np.float64]:
    places = np.arange(-_MARGIN * _PLACES, (1 + _MARGIN) * _PLACES + 2) / _PLACES
    apart = np.arange(_TAPS) - _TAPS // 2 + 1 - places[:, None]
    inside = np.sqrt(np.maximum(0.0, 1.0 - (apart / (_TAPS // 2)) ** 2))
    beta = 0.1102 * (_STOP_DB - 8.7)
    taps = np.sinc(apart) * np.i0(beta * inside) / np.i0(beta)
    table: NDArray[np.float64] = taps / taps.sum(axis=1, keepdims=True)
    return table


@cache
def _weights(samples: int) -> NDArray[np.float64]:
    """What each of four evenly spread answers counts for each sample of a block: the cubic through them."""
    at = np.linspace(-1.0, 1.0, samples)
    weights = np.ones((len(_NODES), samples))
    for each, node in enumerate(_NODES):
        for other in np.delete(_NODES, each):
            weights[each] *= (at - other) / (node - other)
    return weights
