"""The ledger's parts alone."""

from __future__ import annotations

import itertools
import subprocess
import sys
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.audio.playout import Fader, Part, Reply, RetiredIds, Timeline
from voiceloop.vocabulary import HeardSpan


def part_of(reply: Reply, item_id: str = "i") -> Part:
    part = reply.part(item_id, 0)
    assert part is not None
    return part


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=8))
def test_a_part_gives_whole_samples_however_the_bytes_were_cut(pcm, cuts):
    part = part_of(Reply("r"))
    edges = sorted({0, len(pcm), *(min(cut, len(pcm)) for cut in cuts)})
    pieces = [part.whole(pcm[a:b]) for a, b in itertools.pairwise(edges)]
    assert all(len(piece) % 2 == 0 for piece in pieces)
    assert b"".join(pieces) + part.odd == pcm


def test_a_reply_finds_its_parts_again_until_there_are_too_many():
    reply = Reply("r")
    parts = [reply.part("i", index) for index in range(256)]
    assert reply.part("i", 256) is None
    assert reply.part("i", 0) is parts[0]
    assert reply.part("i", 255) is parts[255]


def test_taking_stops_at_the_end_of_a_chunk_and_before_the_hold():
    reply = Reply("r")
    part = part_of(reply)
    reply.store(part, b"aabbcc")
    reply.store(part, b"ddee")
    assert reply.take(2) == (part, b"aabb")
    assert reply.take(9) == (part, b"cc")
    reply.hold = 4
    assert reply.take(9) == (part, b"dd")
    assert (reply.received, reply.pulled) == (5, 4)


def test_spans_leave_out_parts_that_have_no_whole_sample():
    reply = Reply("r")
    part_of(reply, "empty").whole(b"x")
    heard = part_of(reply, "heard")
    reply.store(heard, b"aabb")
    heard.heard = 1
    assert reply.spans(1000) == (HeardSpan("r", "heard", 0, 1, 2),)


def test_the_timeline_tells_each_position_once_and_in_order():
    told: list[tuple[str, int, int]] = []
    timeline = Timeline(lambda part, count, end: told.append((part.item_id, count, end)))
    a, b = part_of(Reply("r"), "a"), part_of(Reply("r"), "b")
    at = timeline.note(0, a, 4)
    at = timeline.note(at, a, 4)
    at = timeline.note(at, b, 2)
    timeline.note(at + 5, b, 2)
    timeline.ack(0)
    timeline.ack(3)
    timeline.ack(9)
    timeline.ack(12)
    timeline.ack(100)
    timeline.ack(100)
    assert told == [("a", 3, 3), ("a", 5, 8), ("b", 1, 9), ("b", 1, 10), ("b", 2, 17)]


def test_a_steady_stream_keeps_one_stretch():
    heard = []
    timeline = Timeline(lambda _, count, __: heard.append(count))
    part = part_of(Reply("r"))
    at = 0
    for _ in range(1000):
        at = timeline.note(at, part, 20)
        timeline.ack(at)
    assert heard == [20] * 1000
    assert len(timeline._stretches) == 1


def test_a_cleared_timeline_finds_nothing():
    heard = []
    timeline = Timeline(lambda _, count, __: heard.append(count))
    timeline.note(0, part_of(Reply("r")), 4)
    timeline.clear()
    timeline.ack(4)
    assert heard == []


def test_being_over_is_never_taken_back():
    ids = RetiredIds()
    ids.add("r", over=False)
    assert "r" in ids
    assert not ids.is_over("r")
    ids.add("r", over=True)
    ids.add("r", over=False)
    assert ids.is_over("r")
    assert "s" not in ids


def test_the_fader_is_steady_at_full_volume_only():
    fader = Fader()
    assert fader.steady
    fader.target = 0.5
    assert not fader.steady
    assert array("h", fader.apply(array("h", [100, 100]).tobytes())).tolist() == [75, 50]
    assert not fader.steady
    fader.target = 1.0
    fader.apply(b"\0\0")
    assert fader.steady


@pytest.mark.real
def test_a_ledger_that_never_ducks_loads_no_numpy():
    script = (
        "import sys; from voiceloop.audio.ledger import Ledger; ledger = Ledger(24000, print);"
        "ledger.put('r', 'i', 0, bytes(960)); ledger.pull(480); ledger.flush(); sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
