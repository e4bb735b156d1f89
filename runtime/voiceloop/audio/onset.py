"""Where sound begins in a recording that nobody has judged yet, and how much of one is loud.

Without numpy, which many sessions never load: loading it in the middle of a conversation would hold up all sound.
"""

from __future__ import annotations

from array import array
from math import inf, sqrt
from operator import mul

__all__ = ["Loudness", "first_sound", "loud_s"]

FRAME_MS = 20
LOOKED_AT = 60
"""Samples of each frame, evenly spread: enough to tell how loud it is."""
QUIET_RMS = 30.0
"""Never sound, however silent the rest: 61 dB below full scale."""
LOUD_RMS = 200.0
"""Always sound, however loud the rest: who speaks without a pause must not raise the bar for himself."""
ABOVE_NOISE = 2.0
QUIET_PART = 0.1
SURE_RMS = 2000.0
"""Louder than any noise in which recognition is of use: who speaks without a pause must not become the noise."""
NOISE_FRAMES = 75
"""Speech pauses between syllables or for breath more often than this."""


def first_sound(pcm: bytes, rate_hz: int) -> int | None:
    """Offset in samples of the first 20 ms of 16-bit mono PCM that are louder than its quiet parts; None: all quiet.

    Rather takes noise for speech than the other way round, since whoever asks is about to drop what comes before.
    """
    levels = _levels(pcm, rate_hz)
    quiet = sorted(levels)[int(QUIET_PART * (len(levels) - 1))] if levels else 0.0
    bar = min(max(QUIET_RMS, ABOVE_NOISE * quiet), LOUD_RMS)
    loud = next((number for number, level in enumerate(levels) if level > bar), None)
    return None if loud is None else loud * (rate_hz * FRAME_MS // 1000)


def loud_s(pcm: bytes, rate_hz: int) -> float:
    """Seconds of 16-bit mono PCM that are loud enough to be somebody who speaks nearby."""
    return sum(level > LOUD_RMS for level in _levels(pcm, rate_hz)) * FRAME_MS / 1000


class Loudness:
    """Tells of one stream whether somebody speaks nearby, louder than the noise around him."""

    __slots__ = ("_before", "_count", "_now", "_rate_hz")

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._before = self._now = inf
        self._count = 0

    def anybody(self, pcm: bytes) -> bool:
        """Whether any whole 20 ms of the next sound are loud."""
        loud = [self._is_loud(level) for level in _levels(pcm, self._rate_hz)]  # each of them tells of the noise
        return any(loud)

    def _is_loud(self, level: float) -> bool:
        self._now = min(self._now, level)
        quietest = min(self._now, self._before)
        self._count += 1
        if self._count == NOISE_FRAMES:
            self._before, self._now, self._count = self._now, inf, 0
        return level > max(LOUD_RMS, min(ABOVE_NOISE * quietest, SURE_RMS))


def _levels(pcm: bytes, rate_hz: int) -> list[float]:
    """About the root mean square of each whole 20 ms."""
    frame = rate_hz * FRAME_MS // 1000
    step = max(1, frame // LOOKED_AT) | 1  # odd, or every second sample of a pattern would never be looked at
    samples = array("h", pcm)
    found: list[float] = []
    for start in range(0, len(samples) - frame + 1, frame):
        some = samples[start : start + frame : step]
        found.append(sqrt(sum(map(mul, some, some)) / len(some)))
    return found
