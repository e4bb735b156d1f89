"""Arithmetic on 16-bit mono PCM in native byte order, which is little-endian on everything voiceloop runs on.

Bytes in, bytes out: the audio path moves bytes, and only what must look at samples makes an array of them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SILENCE_DB",
    "gain",
    "level_db",
    "mean_square_db",
    "quietest",
    "ramp",
    "silence",
    "to_float32",
    "to_int16",
    "to_mono",
]

SILENCE_DB = -100.0
"""What `level_db` says of exact silence. One bit of noise is at -90 dBFS."""

_FULL_SCALE = 32768.0


def silence(samples: int) -> bytes:
    """That many zero samples."""
    return bytes(2 * samples)


def to_float32(pcm: bytes) -> NDArray[np.float32]:
    """Samples as floats from -1.0 to just under 1.0."""
    return np.frombuffer(pcm, np.int16).astype(np.float32) * np.float32(1.0 / _FULL_SCALE)


def to_int16(samples: NDArray[np.floating]) -> bytes:
    """Floats as PCM, rounded to nearest; what lies outside -1.0 to 1.0 is clipped."""
    scaled = np.rint(samples * _FULL_SCALE)
    clipped: NDArray[np.floating] = np.clip(scaled, -32768, 32767)
    return clipped.astype(np.int16).tobytes()


def to_mono(pcm: bytes, channels: int) -> bytes:
    """The mean of interleaved channels, rounded down. A trailing incomplete frame is an error (ValueError)."""
    if channels == 1:
        return pcm
    frames = np.frombuffer(pcm, np.int16).reshape(-1, channels)
    total = frames[:, 0].astype(np.int32)
    for channel in range(1, channels):  # numpy's own sum over a short axis takes three times as long
        total += frames[:, channel]
    return (total // channels).astype(np.int16).tobytes()


def gain(pcm: bytes, factor: float) -> bytes:
    """Every sample times `factor`, clipped."""
    return ramp(pcm, factor, factor)


def ramp(pcm: bytes, start: float, end: float) -> bytes:
    """Samples times a gain that moves in a straight line and reaches `end` with the last sample, clipped."""
    if not pcm or start == end == 1.0:
        return pcm
    samples = np.frombuffer(pcm, np.int16).astype(np.float32)
    if start == end:
        samples *= np.float32(end)
    else:
        samples *= np.linspace(start, end, len(samples) + 1, dtype=np.float32)[1:]
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16).tobytes()


def level_db(pcm: bytes) -> float:
    """RMS level in dBFS, 0 dB being a full-scale square wave; `SILENCE_DB` for silence or no samples."""
    return mean_square_db(np.frombuffer(pcm, np.int16).astype(np.float32))


def mean_square_db(samples: NDArray[np.float32]) -> float:
    """The same for samples on the 16-bit scale."""
    energy = float(samples @ samples)
    if energy == 0.0:
        return SILENCE_DB
    return 10.0 * math.log10(energy / (len(samples) * _FULL_SCALE * _FULL_SCALE))


def quietest(pcm: bytes, samples: int) -> int:
    """The middle of the quietest `samples` samples, the first of several; the end of what is shorter than that."""
    energy = np.cumsum(np.square(np.frombuffer(pcm, np.int16).astype(np.float64)))
    if len(energy) < samples:
        return len(energy)
    sums = energy[samples - 1 :].copy()
    sums[1:] -= energy[:-samples]
    return int(np.argmin(sums)) + samples // 2
