from __future__ import annotations

from array import array

from hypothesis import example, given
from hypothesis import strategies as st

from voiceloop.testing.numbers import CYCLE, UNKNOWN, Run, numbered, runs

SIX_HOURS = 6 * 3600 * 24_000


def test_silence_has_no_runs():
    assert runs(bytes(2000)) == []
    assert runs(b"") == []


def test_a_run_says_where_it_stands_and_where_it_begins():
    assert runs(bytes(20) + numbered(5, 100) + bytes(8)) == [Run(10, 5, 100)]


def test_a_hole_splits_a_run():
    assert runs(numbered(0, 10) + numbered(30, 10)) == [Run(0, 0, 10), Run(10, 30, 10)]


def test_what_comes_twice_is_two_runs():
    assert runs(numbered(0, 10) + numbered(0, 10)) == [Run(0, 0, 10), Run(10, 0, 10)]
    assert runs(numbered(0, 9) + numbered(0, 9)) == [Run(0, 0, 9), Run(9, 0, 9)]


def test_numbers_do_not_start_again_within_hours():
    assert CYCLE > SIX_HOURS
    ten_minutes = 600 * 24_000
    for number in (ten_minutes, ten_minutes - 1, SIX_HOURS, CYCLE - 3):
        assert runs(numbered(number, 4000)) == [Run(0, number, 4000)]


def test_counting_goes_on_over_the_end_of_the_cycle():
    assert runs(numbered(CYCLE - 3, 90_000)) == [Run(0, CYCLE - 3, 90_000)]


def test_a_long_recording_is_one_run():
    assert runs(numbered(7, 60 * 24_000)) == [Run(0, 7, 60 * 24_000)]


def test_no_sample_is_silence():
    assert 0 not in array("h", numbered(0, 100_000) + numbered(CYCLE - 50_000, 50_000))


def test_a_sample_alone_is_counted_and_has_no_number():
    assert runs(bytes(4) + numbered(8, 1) + bytes(4) + numbered(31, 1)) == [Run(2, UNKNOWN, 1), Run(5, UNKNOWN, 1)]


def test_an_odd_sample_at_the_end_of_a_ramp_is_known():
    end = 2 * 2**14
    for number in range(end - 3, end + 3):
        assert runs(numbered(number, 2)) == [Run(0, number, 2)]


@given(st.integers(0, 2 * CYCLE), st.integers(2, 50_000), st.integers(0, 50), st.integers(0, 50))
@example(2**15 - 1, 2, 0, 0)
def test_any_piece_is_found_again(first, samples, before, after):
    assert runs(bytes(2 * before) + numbered(first, samples) + bytes(2 * after)) == [
        Run(before, first % CYCLE, samples)
    ]


@given(st.integers(0, CYCLE), st.integers(1, 5000), st.integers(0, 5000))
def test_a_piece_cut_out_is_the_same_as_numbered_from_there(first, samples, skipped):
    whole = numbered(first, skipped + samples)
    assert whole[2 * skipped :] == numbered(first + skipped, samples)


@given(st.binary(max_size=400).filter(lambda pcm: len(pcm) % 2 == 0))
def test_every_sample_of_any_recording_is_silence_or_in_one_run(pcm):
    found = runs(pcm)
    assert all(run.samples > 1 or run.number == UNKNOWN for run in found)
    covered = sum(run.samples for run in found)
    silent = sum(pcm[at : at + 2] == b"\0\0" for at in range(0, len(pcm), 2))
    assert covered + silent == len(pcm) // 2
