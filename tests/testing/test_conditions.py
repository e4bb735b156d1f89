"""The pure parts; what is seen through a network: test_memory_faults.py."""

from __future__ import annotations

from voiceloop.testing.clock import virtual_time
from voiceloop.testing.conditions import Conditions
from voiceloop.testing.faults import Answer, Cut, Freeze, Lag, Refuse, refusal


def conditions(**options):
    told = []
    return Conditions(**{"latency_s": 0.0, "seed": 1, "on_change": lambda: told.append(1), **options}), told


def test_a_cut_by_messages_counts_only_messages_and_happens_once():
    now, _ = conditions()
    now.begin(Cut("up", messages=2), 1)
    assert now.cut("down", 10, "message") is None
    assert [now.cut("up", 10, piece) for piece in ("message", "part", "other", "message", "message")] == [
        None, None, None, 10, None,
    ]  # fmt: skip


def test_a_cut_inside_a_message_takes_its_first_piece_and_never_a_control_frame():
    now, _ = conditions()
    now.begin(Cut("up", messages=2, inside=True), 1)
    assert [now.cut("up", 10, piece) for piece in ("part", "message", "other", "part")] == [None, None, None, 5]


def test_a_cut_by_bytes_counts_every_byte():
    now, _ = conditions()
    now.begin(Cut("down", size=25), 1)
    assert [now.cut("down", 10, piece) for piece in ("other", "part", "message", "message")] == [None, None, 5, None]


def test_two_cuts_wait_side_by_side():
    now, _ = conditions()
    now.begin(Cut("down", messages=2), 1)
    now.begin(Cut("up", messages=1), 1)
    assert [now.cut("up", 9, "message"), now.cut("down", 9, "message"), now.cut("down", 9, "message")] == [9, None, 9]


@virtual_time
async def test_healing_ends_everything_and_tells():
    now, told = conditions(latency_s=0.05)
    for fault in (Freeze(), Refuse(), Answer(refusal(503)), Cut("up", size=1), Lag(9.0, bytes_per_s=10)):
        now.begin(fault, 3)
    assert now.frozen("up", 3)
    assert now.frozen("down", 4)
    assert now.refuses()
    assert now.answer().status == 503
    assert (now.delay_s(), now.duration_s(20)) == (9.05, 2.0)
    now.heal()
    assert told == [1]
    assert not now.frozen("up", 3)
    assert not now.refuses()
    assert (now.answer(), now.cut("up", 5, "message")) == (None, None)
    assert (now.delay_s(), now.duration_s(20)) == (0.05, 0.0)


@virtual_time
async def test_one_kind_can_end_alone():
    now, _ = conditions()
    now.begin(Freeze("up"), 1)
    now.begin(Refuse(), 1)
    now.end(Freeze)
    assert not now.frozen("up", 1)
    assert now.refuses()
