"""Where sound begins in a recording that nobody has judged yet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["first_sound", "loud_s"]

FRAME_MS = 20
QUIET_RMS = 30.0
"""Never sound, however silent the rest: 61 dB below full scale."""
LOUD_RMS = 200.0
"""Always sound, however loud the rest: who speaks without a pause must not raise the bar for himself."""
ABOVE_NOISE = 2.0


def first_sound(pcm: bytes, rate_hz: int) -> int | None:
    """Offset in samples of the first 20 ms of 16-bit mono PCM that are louder than its quiet parts; None: all quiet.

    Rather takes noise for speech than the other way round, since whoever asks is about to drop what comes before.
    """
    rms = _levels(pcm, rate_hz)
    if not len(rms):
        return None
    bar = min(max(QUIET_RMS, ABOVE_NOISE * float(np.percentile(rms, 10))), LOUD_RMS)
    loud = np.flatnonzero(rms > bar)
    return int(loud[0]) * (rate_hz * FRAME_MS // 1000) if len(loud) else None


def loud_s(pcm: bytes, rate_hz: int) -> float:
    """Seconds of 16-bit mono PCM that are loud enough to be somebody who speaks nearby."""
    return float(np.count_nonzero(_levels(pcm, rate_hz) > LOUD_RMS)) * FRAME_MS / 1000


def _levels(pcm: bytes, rate_hz: int) -> npt.NDArray[np.float32]:
    """Root mean square of each whole 20 ms."""
    frame = rate_hz * FRAME_MS // 1000
    count = len(pcm) // 2 // frame
    frames = np.frombuffer(pcm, np.int16, count * frame).reshape(count, frame).astype(np.float32)
    levels: npt.NDArray[np.float32] = np.sqrt(np.mean(frames * frames, axis=1))
    return levels
