"""Audio whose samples are numbered, so that a test can tell which of them arrived, were played or were lost.

A number is spread over two samples. Of pair p, the first sample is 16384 + p % 16384 and so above zero, the second is
-1 - p // 16384 and so below: no sample is zero, which is silence, and any two neighbours tell which they are. Numbers
last for 6 hours at 24 kHz before they start again. 16-bit PCM only; G.711 and resampling lose them.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

__all__ = ["CYCLE", "SAMPLE_BYTES", "UNKNOWN", "Run", "numbered", "runs"]

_LOW = 2**14
"""Pairs told apart by the first of their samples; the second one tells apart as many of these."""
CYCLE = 2 * _LOW * _LOW
"""Numbers start again after this many samples."""
UNKNOWN = -1
"""Number of a sample whose neighbours were both lost."""
SAMPLE_BYTES = 2


@dataclass(frozen=True, slots=True)
class Run:
    """Samples that follow each other as they were numbered."""

    at: int
    """Where the run stands in the recording, in samples."""
    number: int
    """Number of its first sample, modulo `CYCLE`; `UNKNOWN` for a sample alone."""
    samples: int


@cache
def _ramp() -> array[int]:
    return array("h", range(_LOW, 2 * _LOW))


def numbered(first: int, samples: int) -> bytes:
    """16-bit PCM of the samples numbered from `first` on."""
    pair, odd = divmod(first % CYCLE, 2)
    pairs = (odd + samples + 1) // 2
    firsts, seconds = array("h"), array("h")
    while len(firsts) < pairs:
        high, low = divmod(pair + len(firsts), _LOW)
        count = min(_LOW - low, pairs - len(firsts))
        firsts += _ramp()[low : low + count]
        seconds += array("h", [-1 - high % _LOW]) * count
    both = array("h", bytes(2 * pairs * SAMPLE_BYTES))
    both[0::2], both[1::2] = firsts, seconds
    return both[odd : odd + samples].tobytes()


def runs(pcm: bytes) -> list[Run]:
    """The numbered runs in a recording, silence left out. Samples that are not numbered read as short runs."""
    return list(_runs(bytes(pcm)))


def _runs(pcm: bytes) -> Iterator[Run]:
    samples = array("h", pcm)
    at = 0
    while at < len(samples):
        if samples[at] == 0:
            at += _leading_zeros(pcm, at)
            continue
        number = _number(samples[at], samples[at + 1] if at + 1 < len(samples) else 0)
        count = 1 if number == UNKNOWN else _matching(pcm, at, number)
        yield Run(at, number, count)
        at += count


def _number(this: int, following: int) -> int:
    """Number of the first of two neighbours."""
    if following < 0 and this >= _LOW:
        low, high, odd = this - _LOW, -1 - following, 0
    elif this < 0 and following >= _LOW:
        low, high, odd = (following - 1) % _LOW, -1 - this, 1
    else:
        return UNKNOWN
    return 2 * (high * _LOW + low) + odd if high < _LOW else UNKNOWN


def _leading_zeros(pcm: bytes, at: int) -> int:
    start = at * SAMPLE_BYTES
    rest = pcm[start:].lstrip(b"\0")
    return max(1, (len(pcm) - start - len(rest)) // SAMPLE_BYTES)


def _matching(pcm: bytes, at: int, number: int) -> int:
    """How many samples from `at` on go on counting from `number`: halving the doubt, since slices compare fast."""
    start, limit = at * SAMPLE_BYTES, len(pcm) // SAMPLE_BYTES - at
    expected = numbered(number, limit)
    known, doubt = 0, limit
    while doubt:
        step = (doubt + 1) // 2
        begin, end = known * SAMPLE_BYTES, (known + step) * SAMPLE_BYTES
        if pcm[start + begin : start + end] == expected[begin:end]:
            known += step
            doubt -= step
        else:
            doubt = step - 1
    return max(1, known)
