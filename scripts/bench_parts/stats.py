"""Order statistics, and how a row of figures reads."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

median = statistics.median


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of all lie; nearest rank. Not a number where there are none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def spread(values: Sequence[float], unit: str = "", digits: int = 2) -> str:
    """Median and range."""
    if not values:
        return "-"
    return f"{median(values):.{digits}f}{unit} ({min(values):.{digits}f}-{max(values):.{digits}f})"
