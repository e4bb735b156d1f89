from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voiceloop.testing.numbers import UNKNOWN, Run
from voiceloop.testing.spans import Span, absent, common, merged, repeated, samples_in, spans_of

some = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda pair: Span(min(pair), max(pair))))


def counted(spans):
    return {at: sum(span.first <= at < span.end for span in spans) for at in range(31)}


def covered(spans):
    return {at for span in spans for at in range(span.first, span.end)}


def test_runs_are_spans_unless_nobody_knows_which():
    assert spans_of([Run(5, 100, 20), Run(30, UNKNOWN, 1)]) == [Span(100, 120)]
    assert samples_in([Span(0, 5), Span(3, 8)]) == 10


def test_neighbours_are_one_span():
    assert merged([Span(5, 9), Span(0, 5)]) == (Span(0, 9),)
    assert merged([Span(4, 4)]) == ()


@given(some)
def test_what_is_covered_once_and_twice(spans):
    times = counted(spans)
    assert covered(merged(spans)) == {at for at, count in times.items() if count}
    assert covered(repeated(spans)) == {at for at, count in times.items() if count > 1}


@given(some, some)
def test_what_is_absent_and_what_is_common_are_all_that_was_wanted(wanted, there):
    assert covered(common(wanted, there)) == covered(wanted) & covered(there)
    assert covered(absent(wanted, there)) == covered(wanted) - covered(there)


@given(some)
def test_the_answer_is_in_order_and_as_short_as_can_be(spans):
    found = merged(spans)
    assert all(one.end < two.first for one, two in pairwise(found))
