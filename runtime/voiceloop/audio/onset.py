"""Where sound begins in a recording that nobody has judged yet."""

from __future__ import annotations

import numpy as np

__all__ = ["first_sound"]

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
    frame = rate_hz * FRAME_MS // 1000
    count = len(pcm) // 2 // frame
    if not count:
        return None
    frames = np.frombuffer(pcm, np.int16, count * frame).reshape(count, frame).astype(np.float32)
    rms = np.sqrt(np.mean(frames * frames, axis=1))
    bar = min(max(QUIET_RMS, ABOVE_NOISE * float(np.percentile(rms, 10))), LOUD_RMS)
    loud = np.flatnonzero(rms > bar)
    return int(loud[0]) * frame if len(loud) else None
