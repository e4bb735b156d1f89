from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.dgrid.retry_after import asked_wait_s, duration_s

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after-ms": "850", "retry-after": "1"}, 0.85),
        ({"retry-after-ms": "soon", "retry-after": "1"}, 1),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:07 GMT"}, 7),
        ({"retry-after": "Sunday, 22-Nov-26 12:00:07 GMT"}, 7),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "later"}, None),
        ({"retry-after": "Sun, 99 Nov 2026 12:00:07 GMT"}, None),
    ],
)
def test_seconds_and_dates_are_understood_and_nonsense_is_nothing(headers, wait_s):
    assert asked_wait_s(headers, NOW) == wait_s


def test_a_date_counts_from_the_servers_clock_where_it_tells_it():
    date, until = "Sat, 21 Nov 2026 08:00:00 GMT", "Sat, 21 Nov 2026 08:00:04 GMT"
    assert asked_wait_s({"retry-after": until, "date": date}, NOW) == 4
    assert asked_wait_s({"retry-after": until, "date": "today"}, NOW) == 0


@pytest.mark.parametrize(
    ("written", "seconds"), [("17s", 17), ("0.250s", 0.25), ("17", None), ("1m", None), ("", None)]
)
def test_googles_durations(written, seconds):
    assert duration_s(written) == seconds


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date"]), st.text()))
def test_any_header_gives_a_wait_or_nothing(headers):
    wait_s = asked_wait_s(headers, NOW)
    assert wait_s is None or wait_s >= 0
