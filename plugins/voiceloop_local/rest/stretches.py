"""Cuts a recording into stretches of speech that fit the recogniser's window; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from voiceloop_local.models.speechbounds import quietest_cut, speech_bounds

__all__ = ["Stretch", "stretches"]

_EARLIEST_S: Final = 20
_LATEST_S: Final = 28
"""Whisper's window is 30 s, and wants some silence at its end."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """16-bit mono PCM with speech in it, and where it stands in its recording."""

    start_ms: int
    end_ms: int
    pcm: bytes


def stretches(pcm: bytes, rate_hz: int) -> Iterator[Stretch]:
    """Yield the stretches of 16-bit mono `pcm` in order; nothing where nobody speaks.

    Long speech is cut where it is quietest. Each takes some milliseconds to find, however long the recording.
    """
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2")
    start = 0
    while start < len(samples):
        window = samples[start : start + _LATEST_S * rate_hz].astype(np.float32) / 32768.0
        end = len(window)
        if start + end < len(samples):
            end = quietest_cut(window, rate_hz, _EARLIEST_S * rate_hz, _LATEST_S * rate_hz)
        if (bounds := speech_bounds(window[:end], rate_hz)) is not None:
            first, last = start + bounds[0], start + bounds[1]
            yield Stretch(first * 1000 // rate_hz, last * 1000 // rate_hz, samples[first:last].tobytes())
        start += end
