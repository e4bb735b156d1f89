"""Sets of sample numbers as spans, some of them covered more than once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from voiceloop.testing.numbers import UNKNOWN, Run

__all__ = ["Span", "absent", "common", "merged", "repeated", "samples_in", "spans_of"]


class Span(NamedTuple):
    """Sample numbers from `first` up to and without `end`."""

    first: int
    end: int


def spans_of(runs: Iterable[Run]) -> list[Span]:
    """The numbers of some runs, in their order; samples without a number are left out."""
    return [Span(run.number, run.number + run.samples) for run in runs if run.number != UNKNOWN]


def samples_in(spans: Iterable[Span]) -> int:
    """How many samples, those that are covered twice counted twice."""
    return sum(span.end - span.first for span in spans)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """What is covered at all."""
    return _at_least(spans, 1)


def repeated(spans: Iterable[Span]) -> tuple[Span, ...]:
    """What is covered twice or more."""
    return _at_least(spans, 2)


def common(one: Iterable[Span], other: Iterable[Span]) -> tuple[Span, ...]:
    """What both cover."""
    return repeated((*merged(one), *merged(other)))


def absent(wanted: Iterable[Span], there: Iterable[Span]) -> tuple[Span, ...]:
    """What is wanted and not there."""
    left = merged(wanted)
    both = common(left, there)
    inside = [*_edges(left, 1), *_edges(both, -1)]
    return tuple(_covered(inside, 1))


def _at_least(spans: Iterable[Span], times: int) -> tuple[Span, ...]:
    return tuple(_covered([*_edges(spans, 1)], times))


def _edges(spans: Iterable[Span], weight: int) -> Iterator[tuple[int, int]]:
    for span in spans:
        if span.first < span.end:
            yield span.first, weight
            yield span.end, -weight


def _covered(edges: Iterable[tuple[int, int]], times: int) -> Iterator[Span]:
    """Where the sum of the weights is `times` or more, in order; neighbours are one span."""
    depth, begins = 0, 0
    changes: dict[int, int] = {}
    for at, weight in edges:
        changes[at] = changes.get(at, 0) + weight
    for at in sorted(changes):
        before, depth = depth, depth + changes[at]
        if before < times <= depth:
            begins = at
        elif depth < times <= before:
            yield Span(begins, at)
