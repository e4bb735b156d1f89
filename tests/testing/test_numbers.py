from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voiceloop.testing.numbers import CYCLE, Run, numbered, runs


def test_silence_has_no_runs():
    assert runs(bytes(2000)) == []
    assert runs(b"") == []


def test_a_run_says_where_it_stands_and_where_it_begins():
    assert runs(bytes(20) + numbered(5, 100) + bytes(8)) == [Run(10, 5, 100)]


def test_a_hole_splits_a_run():
    assert runs(numbered(0, 10) + numbered(30, 10)) == [Run(0, 0, 10), Run(10, 30, 10)]


def test_counting_goes_on_over_the_end_of_the_cycle():
    assert runs(numbered(CYCLE - 3, 3 * CYCLE)) == [Run(0, CYCLE - 3, 3 * CYCLE)]


def test_values_whose_low_byte_is_zero_are_no_silence():
    assert runs(bytes(2) + numbered(255, 300)) == [Run(1, 255, 300)]


@given(st.integers(0, 10**9), st.integers(1, 5000), st.integers(0, 50), st.integers(0, 50))
def test_any_piece_is_found_again(first, samples, before, after):
    assert runs(bytes(2 * before) + numbered(first, samples) + bytes(2 * after)) == [
        Run(before, first % CYCLE, samples)
    ]


@given(st.binary(max_size=400).filter(lambda pcm: len(pcm) % 2 == 0))
def test_every_sample_of_any_recording_is_silence_or_in_one_run(pcm):
    found = runs(pcm)
    covered = sum(run.samples for run in found)
    silent = sum(pcm[at : at + 2] == b"\0\0" for at in range(0, len(pcm), 2))
    assert covered + silent == len(pcm) // 2
