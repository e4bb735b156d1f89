"""A row of chirps, and what a recording of them tells about the way from speaker to microphone. Pure.

A chirp is found by what it correlates with, also far below the noise; between the chirps the room is heard alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voiceloop.audio.pcm import level_db

__all__ = ["EVERY_MS", "LEAD_MS", "Measured", "chirps", "measure"]

LEAD_MS = 600
"""Silence before the first chirp, in which the room is heard."""
EVERY_MS = 500
LENGTH_MS = 60
FROM_HZ, TO_HZ = 500.0, 3000.0
AMPLITUDE = 9_000.0
COUNT = 8
FOUND = 0.3
"""Correlation, 1 being the chirp itself, from which on it counts as heard."""
FEWEST = 3
FULL = 32_700
"""Samples from here on are as loud as they can be."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a recording tells; the first four are None where no chirp was found."""

    heard: int
    """Chirps found, of 8."""
    round_trip_ms: float | None
    """From a sample's place in what was played to its place in the recording."""
    echo_loss_db: float | None
    """How much quieter the speaker is in the microphone than it was played; negative: louder."""
    drift_ppm: float | None
    """How much slower the microphone's clock runs than the speaker's."""
    noise_db: float
    """Level of the room between the chirps, in dBFS."""
    clipped: float
    """Share of samples that are as loud as they can be, while a chirp sounds."""
    silent: bool
    """Nothing but exact zeros."""


def chirps(rate_hz: int) -> bytes:
    """What to play: 16-bit mono PCM, first silence, then the chirps."""
    out = np.zeros(rate_hz * (LEAD_MS + COUNT * EVERY_MS) // 1000)
    one = _chirp(rate_hz)
    for place in _places(rate_hz):
        out[place : place + len(one)] = one
    return np.rint(out).astype(np.int16).tobytes()


def measure(recording: bytes, rate_hz: int) -> Measured:
    """What came of `chirps` played from the recording's first sample on. Echoes later than 440 ms are not found."""
    sound = np.frombuffer(recording, np.int16).astype(np.float64)
    one, room = _chirp(rate_hz), rate_hz * EVERY_MS // 1000
    found: list[tuple[int, float, float]] = []  # place played, delay in samples, gain
    clipped = 0
    for place in _places(rate_hz):
        part = sound[place : place + room]
        if len(part) < room:
            break
        clipped = max(clipped, int((np.abs(part) >= FULL).sum()))
        delay, match, gain = _best(part, one)
        if match >= FOUND:
            found.append((place, delay, gain))
    quiet = recording[: 2 * (rate_hz * LEAD_MS // 1000)]
    heard = len(found) if len(found) >= FEWEST else 0
    at = np.array([place for place, _, _ in found], float)
    delays = np.array([delay for _, delay, _ in found])
    return Measured(
        heard=heard,
        round_trip_ms=float(np.median(delays)) * 1000 / rate_hz if heard else None,
        echo_loss_db=float(-20 * np.log10(np.median([gain for _, _, gain in found]))) if heard else None,
        drift_ppm=_slope(at, delays) * 1e6 if heard else None,
        noise_db=level_db(quiet),
        clipped=min(1.0, clipped / (rate_hz * LENGTH_MS // 1000)),
        silent=not np.any(sound),
    )


def _chirp(rate_hz: int) -> NDArray[np.float64]:
    t = np.arange(rate_hz * LENGTH_MS // 1000) / rate_hz
    sweep = 2 * np.pi * (FROM_HZ + (TO_HZ - FROM_HZ) * t * 1000 / LENGTH_MS / 2) * t
    shaped: NDArray[np.float64] = AMPLITUDE * np.sin(sweep) * np.hanning(len(t))
    return shaped


def _places(rate_hz: int) -> list[int]:
    return [rate_hz * (LEAD_MS + number * EVERY_MS) // 1000 for number in range(COUNT)]


def _best(part: NDArray[np.float64], one: NDArray[np.float64]) -> tuple[float, float, float]:
    """Where the chirp fits best, between samples too, how well, and how loud it is there."""
    product = np.correlate(part, one, "valid")
    place = int(np.argmax(np.abs(product)))
    energy = float(part[place : place + len(one)] @ part[place : place + len(one)])
    norm = float(one @ one)
    peak = abs(float(product[place]))
    shift = 0.0
    if 0 < place < len(product) - 1:
        before, here, after = np.abs(product[place - 1 : place + 2])
        shift = float((before - after) / (2 * (before - 2 * here + after) or 1.0))
    return place + shift, peak / np.sqrt(energy * norm + 1e-9), max(peak / norm, 1e-6)


def _slope(at: NDArray[np.float64], delays: NDArray[np.float64]) -> float:
    """The median of the slopes between all pairs: a block lost on the way moves few of them."""
    first, second = np.triu_indices(len(at), 1)
    return float(np.median((delays[second] - delays[first]) / (at[second] - at[first])))
