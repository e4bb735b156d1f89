"""Filters that turn 16-bit mono PCM of one rate into PCM of another, and the taps they are made of.

`voiceloop.audio.resample` says which filter takes which pair of rates.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voiceloop.errors import DeviceError

__all__ = ["Fir", "Soxr", "lowpass"]

_STOP_DB = 75.0
"""As much as fits into 3 ms of delay at 8 kHz, where the slope must not reach into the telephone's band."""
_PASS_EDGE = 0.85
_STOP_EDGE = 1.05
"""Edges of the filter's slope as parts of the lower rate's Nyquist frequency: at 8 kHz, 3.4 and 4.2 kHz."""
_BLOCK_BYTES = 16_384
"""Longer input is converted piece by piece, because a window per output sample takes a hundred times its size."""
_UNITY = 1 << 30
"""Taps are whole numbers of this unit. Their products with 16-bit samples and the sums of those are exact in float64,
so the order in which they are added, and with it the way the input was split, cannot change the result."""


def lowpass(taps: int, cutoff: float) -> NDArray[np.float64]:
    """A short windowed sinc of gain 1 for decimators that need no more; `cutoff` as a part of the rate."""
    place = np.arange(taps) - (taps - 1) / 2
    shape = np.sinc(2 * cutoff * place) * np.hamming(taps)
    unity: NDArray[np.float64] = shape / shape.sum()
    return unity


class Fir:
    """A polyphase filter for the ratio `up` to `down`.

    Output comes in steps of `up` samples for every `down` samples of input; one step is one row of windows times the
    matrix of taps.
    """

    def __init__(self, from_hz: int, up: int, down: int) -> None:
        self._up = up
        self._down = down
        self._taps, self._before = _taps(up, down)
        self.delay_ms = (len(self._taps) - 1 - self._before) * 1000.0 / from_hz
        self._start()

    def _start(self) -> None:
        self._held: NDArray[np.float64] = np.zeros(self._before)
        self._owed = 0  # in samples of the output times `down`

    def feed(self, pcm: bytes) -> bytes:
        """The output that this input completes."""
        if len(pcm) <= _BLOCK_BYTES:
            return self._convert(np.frombuffer(pcm, np.int16))
        blocks = (pcm[at : at + _BLOCK_BYTES] for at in range(0, len(pcm), _BLOCK_BYTES))
        return b"".join([self._convert(np.frombuffer(block, np.int16)) for block in blocks])

    def drain(self) -> bytes:
        """What was held back; the next `feed` begins a new stream."""
        owed = -(-self._owed // self._down)
        out = self._convert(np.zeros(len(self._taps) + self._down, np.int16))[: 2 * owed]
        self._start()
        return out

    def _convert(self, samples: NDArray[np.int16]) -> bytes:
        held: NDArray[np.float64] = np.concatenate((self._held, samples))
        width = len(self._taps)
        steps = max(0, (len(held) - width) // self._down + 1)
        stride = held.itemsize
        windows = np.ndarray((steps, width), np.float64, held, 0, (stride * self._down, stride))
        out = np.rint(windows.copy() @ self._taps).clip(-32768, 32767).astype(np.int16)
        self._held = held[steps * self._down :]
        self._owed += samples.size * self._up - out.size * self._down
        return out.tobytes()


@cache
def _taps(up: int, down: int) -> tuple[NDArray[np.float64], int]:
    """Taps by place in the window and phase, and how many places come before the first phase's own time."""
    # Kaiser's formulas for the length and shape of a windowed sinc; frequencies as parts of the rate from_hz * up.
    nyquist = 0.5 / max(up, down)
    half = math.ceil((_STOP_DB - 7.95) / (14.36 * (_STOP_EDGE - _PASS_EDGE) * nyquist) / 2)
    cutoff = (_STOP_EDGE + _PASS_EDGE) / 2 * nyquist
    before, after = half // up, ((up - 1) * down + half) // up
    lag = np.arange(up) * down - np.arange(-before, after + 1)[:, None] * up
    window = np.kaiser(2 * half + 1, 0.1102 * (_STOP_DB - 8.7))[np.clip(lag + half, 0, 2 * half)]
    taps = np.where(np.abs(lag) <= half, np.sinc(2 * cutoff * lag) * window, 0.0)
    whole = np.rint(taps / taps.sum(axis=0) * _UNITY)
    # Rounding must not change the gain of any phase: what is missing goes to its largest tap.
    whole[np.argmax(whole, axis=0), np.arange(up)] += _UNITY - whole.sum(axis=0)
    return whole / _UNITY, before


class Soxr:
    """Any other pair, through soxr."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._stream = _soxr_stream(from_hz, to_hz)
        self.delay_ms = _soxr_delay_ms(from_hz, to_hz)

    def feed(self, pcm: bytes) -> bytes:
        """The output that is ready by now."""
        return self._convert(np.frombuffer(pcm, np.int16), last=False)

    def drain(self) -> bytes:
        """What was held back; the next `feed` begins a new stream."""
        out = self._convert(np.zeros(0, np.int16), last=True)
        self._stream.clear()
        return out

    def _convert(self, samples: NDArray[np.int16], *, last: bool) -> bytes:
        out: NDArray[np.float32] = self._stream.resample_chunk(samples.astype(np.float32), last)
        return np.rint(out).clip(-32768, 32767).astype(np.int16).tobytes()


def _soxr_stream(from_hz: int, to_hz: int) -> Any:  # noqa: ANN401  soxr has no types
    try:
        import soxr  # noqa: PLC0415  loaded when a pair needs it
    except ImportError as error:
        raise DeviceError(f"Converting {from_hz} to {to_hz} Hz needs the package soxr: pip install soxr.") from error
    # Floats, because soxr dithers 16-bit output, and dither is noise that differs from run to run.
    return soxr.ResampleStream(from_hz, to_hz, 1, "float32", "HQ")


@cache
def _soxr_delay_ms(from_hz: int, to_hz: int) -> float:
    """The most that soxr holds back, found by trying: it works in blocks and does not tell their size."""
    stream = _soxr_stream(from_hz, to_hz)
    block = np.zeros(max(1, from_hz // 100), np.float32)
    held, worst = 0.0, 0.0
    for _ in range(100):
        held += len(block) * to_hz / from_hz
        worst = max(worst, held)
        held -= len(stream.resample_chunk(block))
    return worst * 1000.0 / to_hz
