"""The ring of captured audio."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.audio.ring import Ring


def samples(first: int, count: int) -> bytes:
    return array("h", range(first, first + count)).tobytes()


def numbers(pcm: bytes) -> list[int]:
    return array("h", pcm).tolist()


@pytest.fixture
def ring() -> Ring:
    return Ring(10, 1.0)


def test_reads_what_was_written_by_its_number(ring):
    ring.write(samples(100, 4), 100)
    ring.write(samples(104, 4), 104)
    assert numbers(ring.read(102, 106)) == [102, 103, 104, 105]
    assert (ring.oldest, ring.end) == (100, 108)


def test_an_empty_ring_has_nothing(ring):
    assert ring.read(0, 10) == b""
    assert (ring.oldest, ring.end) == (0, 0)
    ring.write(b"", 5)
    assert ring.read(0, 10) == b""
    assert (ring.oldest, ring.end) == (5, 5)


def test_what_is_not_there_is_left_off(ring):
    ring.write(samples(100, 4), 100)
    assert numbers(ring.read(90, 102)) == [100, 101]
    assert numbers(ring.read(102, 200)) == [102, 103]
    assert ring.read(0, 50) == b""
    assert ring.read(300, 400) == b""
    assert ring.read(103, 101) == b""


def test_a_skipped_stretch_reads_as_silence(ring):
    ring.write(samples(1, 2), 1)
    ring.write(samples(6, 2), 6)
    assert numbers(ring.read(1, 8)) == [1, 2, 0, 0, 0, 6, 7]
    assert numbers(ring.read(4, 7)) == [0, 0, 6]
    assert numbers(ring.read(2, 5)) == [2, 0, 0]
    ring.write(b"", 9)
    assert numbers(ring.read(7, 9)) == [7, 0]


def test_a_step_back_starts_over(ring):
    ring.write(samples(50, 5), 50)
    ring.write(samples(1, 2), 1)
    assert numbers(ring.read(0, 100)) == [1, 2]


def test_forgetting_drops_whole_blocks_only(ring):
    for first in (0, 4, 8):
        ring.write(samples(first, 4), first)
    ring.forget(6)
    assert ring.oldest == 4
    ring.forget(100)
    assert (ring.oldest, ring.end) == (12, 12)


@given(st.lists(st.integers(0, 25), max_size=30), st.integers(0, 400), st.integers(0, 400))
def test_always_keeps_the_last_second_and_not_much_more(lengths, start, stop):
    ring = Ring(10, 1.0)
    at = 0
    for length in lengths:
        ring.write(samples(at, length), at)
        at += length
    assert ring.end == at
    assert ring.oldest <= max(0, at - 10)
    assert at - ring.oldest <= 10 + max([1, *lengths])
    assert numbers(ring.read(start, stop)) == list(range(max(start, ring.oldest), min(stop, at)))
