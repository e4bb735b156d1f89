"""Streaming sample rate conversion of 16-bit mono PCM.

Sample m of the output stands for the time m / to_hz of the input: nothing is shifted, and the filter's delay shows as
audio that is held back until `drain`. All usual pairs go through a short filter of our own, which holds back 1 to 3 ms
(up to 14 with 44.1 kHz) for 10 to 25 us a block of 20 ms. soxr is half as dear, but holds back 20 to 100 ms; it takes
the pairs without a common measure.
"""

from __future__ import annotations

import math
from typing import Protocol

from voiceloop.errors import MisuseError

__all__ = ["Resampler"]

_LARGEST_RATIO = 441
"""Up to this (8:44.1 kHz is 80:441) a step is 10 ms or less and the matrix of taps stays under 1 MB."""


class _Converter(Protocol):
    delay_ms: float

    def feed(self, pcm: bytes) -> bytes: ...

    def drain(self) -> bytes: ...


class Resampler:
    """Converts one stream of PCM from `from_hz` to `to_hz`, in blocks of any length.

    Raises DeviceError when the pair needs soxr and it is missing, MisuseError for rates that are no rates.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        if from_hz <= 0 or to_hz <= 0:
            raise MisuseError(f"Cannot resample from {from_hz} Hz to {to_hz} Hz: rates must be positive.")
        self.from_hz = from_hz
        self.to_hz = to_hz
        self._converter = _converter(from_hz, to_hz)

    @property
    def delay_ms(self) -> float:
        """How much audio is held back at most: the time from a sample's arrival to its way out."""
        return self._converter.delay_ms

    def feed(self, pcm: bytes) -> bytes:
        """The output that this input completes; the first blocks come out shorter by the delay."""
        return self._converter.feed(pcm)

    def drain(self) -> bytes:
        """What was held back; the next `feed` begins a new stream."""
        return self._converter.drain()


def _converter(from_hz: int, to_hz: int) -> _Converter:
    if from_hz == to_hz:
        return _Identity()
    from voiceloop.audio.filters import Fir, Soxr  # noqa: PLC0415 - numpy only where there is something to convert

    common = math.gcd(from_hz, to_hz)
    up, down = to_hz // common, from_hz // common
    if max(up, down) <= _LARGEST_RATIO:
        return Fir(from_hz, up, down)
    return Soxr(from_hz, to_hz)


class _Identity:
    """Equal rates."""

    delay_ms = 0.0

    def feed(self, pcm: bytes) -> bytes:
        return pcm

    def drain(self) -> bytes:
        return b""
