"""Numbered speech that was resampled on its way, numbered once more: which samples a recording at 16 kHz came from.

Resampling leaves the mean of each pair of samples, which climbs through a known range every 1.4 s; which of the climbs
it is, only the speech tells that is known. The result is exact where that speech begins and ends, and within half a
millisecond where a recording cuts it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from voiceloop.testing.numbers import SAMPLE_BYTES, numbered, runs
from voiceloop.testing.spans import Span

__all__ = ["SPOKEN_HZ", "numbered_again"]

SPOKEN_HZ = 24_000
"""The rate at which numbers are spoken where uploads are resampled."""
LOUD = 4_000
"""Below the mean of any pair, above what a filter rings before and after."""
WINDOW_MS = 5
LOWEST_MEAN = 16_383
"""Twice the mean of the pair with number 0."""
CLIMB = 2 * (2**14 + 1)
"""Samples from a mean to the next pair with that mean."""
ABOUT = 12
"""Samples: half a millisecond."""
SURE = 100
"""No chance makes so many samples look numbered."""


@dataclass(slots=True)
class _Stretch:
    """Speech without a gap; places in the recording, in samples at `SPOKEN_HZ`."""

    begin: float
    end: float
    offset: float
    """From a place to the number of the sample there, modulo `CLIMB`."""


def numbered_again(pcm: bytes, rate_hz: int, known: Sequence[Span]) -> tuple[bytes, int]:
    """Return a recording at `SPOKEN_HZ`, and its rate; as it is where no speech is known or nothing was resampled."""
    if not known or rate_hz >= SPOKEN_HZ or any(run.samples > SURE for run in runs(pcm)):
        return pcm, rate_hz
    out = bytearray(len(pcm) // SAMPLE_BYTES * SPOKEN_HZ // rate_hz * SAMPLE_BYTES)
    for stretch in _stretches(array("h", pcm), rate_hz):
        first, end = _among(stretch, known)
        at = round(stretch.begin) * SAMPLE_BYTES
        out[at : at + (end - first) * SAMPLE_BYTES] = numbered(first, end - first)
    return bytes(out), SPOKEN_HZ


def _stretches(samples: array[int], rate_hz: int) -> Iterator[_Stretch]:
    """Speech between silences, split where its numbers jump."""
    scale = SPOKEN_HZ / rate_hz
    for begin, end in _loud(samples, rate_hz):
        offsets = list(_offsets(samples, begin, end, rate_hz))
        jumps = [
            (one + other) / 2 * scale
            for (one, before), (other, after) in pairwise(offsets)
            if _apart(before, after) > ABOUT
        ]
        bounds = [begin * scale, *jumps, end * scale]
        for left, right in pairwise(bounds):
            inside = [offset for at, offset in offsets if left <= at * scale < right]
            if inside:
                yield _Stretch(left, right, _middle(inside))


def _loud(samples: array[int], rate_hz: int) -> Iterator[tuple[int, int]]:
    """Where there is speech; gaps of less than a window are none."""
    gap = rate_hz * WINDOW_MS // 1000
    begin = last = -1
    for at, sample in enumerate(samples):
        if sample > LOUD:
            if begin >= 0 and at - last > gap:
                yield begin, last + 1
                begin = -1
            begin = at if begin < 0 else begin
            last = at
    if begin >= 0:
        yield begin, last + 1


def _offsets(samples: array[int], begin: int, end: int, rate_hz: int) -> Iterator[tuple[int, float]]:
    """The middle of each window that climbs evenly, and its offset."""
    half = rate_hz * WINDOW_MS // 2000
    slope = SPOKEN_HZ / rate_hz / 4
    for middle in range(begin + 2 * half, end - 2 * half, half):
        before, after = (sum(samples[at : at + half]) / half for at in (middle - half, middle))
        if abs(after - before - slope * half) < ABOUT / 2:
            number = 2 * (before + after - LOWEST_MEAN)
            yield middle, (number - (middle - 0.5) * SPOKEN_HZ / rate_hz) % CLIMB


def _apart(one: float, other: float) -> float:
    far = abs(one - other) % CLIMB
    return min(far, CLIMB - far)


def _middle(offsets: Sequence[float]) -> float:
    first = offsets[0]
    turned = sorted((offset - first + CLIMB / 2) % CLIMB for offset in offsets)
    return turned[len(turned) // 2] + first - CLIMB / 2


def _among(stretch: _Stretch, known: Sequence[Span]) -> tuple[int, int]:
    """The numbers of a stretch: those that fit best into known speech, and best begin or end where that does."""
    length = stretch.end - stretch.begin
    lowest = (stretch.begin + stretch.offset) % CLIMB
    latest = max(span.end for span in known)
    found = [lowest + CLIMB * climb for climb in range(-1, int(latest // CLIMB) + 1)]
    begin = min(found, key=lambda first: _misfit(first, first + length, known))
    first, end = round(begin), round(begin + length)
    first = next((span.first for span in known if abs(span.first - first) <= ABOUT), first)
    return first, next((span.end for span in known if abs(span.end - end) <= ABOUT), end)


def _misfit(first: float, end: float, known: Sequence[Span]) -> tuple[float, float]:
    """How many samples are not known speech, and how far the nearest edge is."""
    fits = sum(max(0.0, min(end, span.end) - max(first, span.first)) for span in known)
    edges = (min(abs(first - span.first), abs(end - span.end)) for span in known)
    return round((end - first - fits) / ABOUT), min(edges)
