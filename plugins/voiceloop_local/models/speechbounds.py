"""Where in a recording somebody speaks, by level alone; what is cut away cannot make a recogniser invent words."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["quietest_cut", "speech_bounds"]

_FRAME_MS: Final = 20
_SILENT_DBFS: Final = -55.0
"""A frame below this is silence whatever surrounds it."""
_ABOVE_FLOOR_DB: Final = 9.0
_BELOW_PEAK_DB: Final = 32.0
_SHORTEST_MS: Final = 100
"""Less speech than this holds no word ("no" takes about 200 ms)."""

Floats = npt.NDArray[np.float32]


def speech_bounds(samples: Floats, rate_hz: int, margin_ms: int = 200) -> tuple[int, int] | None:
    """Return first and end sample of all speech with `margin_ms` around it, or None when there is none."""
    levels = _levels_dbfs(samples, rate_hz)
    if not len(levels):
        return None
    floor, peak = float(np.percentile(levels, 10)), float(levels.max())
    # A recording that is speech from end to end has no floor to stand out from, so the peak also sets the bar.
    bar = max(_SILENT_DBFS, min(floor + _ABOVE_FLOOR_DB, peak - _ABOVE_FLOOR_DB), peak - _BELOW_PEAK_DB)
    loud = np.flatnonzero(levels > bar)
    if len(loud) * _FRAME_MS < _SHORTEST_MS:
        return None
    frame, margin = rate_hz * _FRAME_MS // 1000, rate_hz * margin_ms // 1000
    return max(0, int(loud[0]) * frame - margin), min(len(samples), int(loud[-1] + 1) * frame + margin)


def quietest_cut(samples: Floats, rate_hz: int, earliest: int, latest: int) -> int:
    """Return the sample in [earliest, latest) at the middle of the quietest 200 ms, the best place to cut speech."""
    levels = _levels_dbfs(samples[earliest:latest], rate_hz)
    width = 200 // _FRAME_MS
    if len(levels) <= width:
        return latest
    means = np.convolve(levels, np.ones(width) / width, "valid")
    return earliest + (int(means.argmin()) + width // 2) * (rate_hz * _FRAME_MS // 1000)


def _levels_dbfs(samples: Floats, rate_hz: int) -> npt.NDArray[np.float64]:
    frame = rate_hz * _FRAME_MS // 1000
    whole = len(samples) // frame * frame
    frames = samples[:whole].reshape(-1, frame).astype(np.float64)
    frames = frames - frames.mean(axis=1, keepdims=True)  # a sound card's constant offset is no sound
    levels: npt.NDArray[np.float64] = 10.0 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    return levels
