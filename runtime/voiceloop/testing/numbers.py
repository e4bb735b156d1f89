"""Audio whose samples are numbered, so that a test can tell which of them arrived, were played or were lost.

Sample number n has the value 1 + n % 32767: never zero, so silence is told apart. 16-bit PCM only; G.711 loses it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

__all__ = ["CYCLE", "SAMPLE_BYTES", "Run", "numbered", "runs"]

CYCLE = 32767
"""Numbers start again after this many samples: 1.37 s at 24 kHz."""
SAMPLE_BYTES = 2


@dataclass(frozen=True, slots=True)
class Run:
    """Samples that follow each other as they were numbered."""

    at: int
    """Where the run stands in the recording, in samples."""
    number: int
    """Number of its first sample, modulo `CYCLE`."""
    samples: int


@cache
def _cycle() -> bytes:
    return array("h", range(1, CYCLE + 1)).tobytes()


def numbered(first: int, samples: int) -> bytes:
    """16-bit PCM of the samples numbered from `first` on."""
    start = first % CYCLE
    cycles = (start + samples) // CYCLE + 1
    return (_cycle() * cycles)[start * SAMPLE_BYTES : (start + samples) * SAMPLE_BYTES]


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
        number = (samples[at] - 1) % CYCLE
        count = _matching(pcm, at, number)
        yield Run(at, number, count)
        at += count


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
