"""The ledger: what was put is played once and in order, and only what was acknowledged was heard.

At 1,000 Hz one sample is one millisecond, so spans can be read off directly. `test_ledger_in_any_order.py` drives it
with random verbs.
"""

from __future__ import annotations

from array import array

import pytest

from audio.listening import Listener, samples
from voiceloop.audio.ledger import Ledger
from voiceloop.events import PlaybackFinished, PlaybackStarted
from voiceloop.vocabulary import HeardSpan


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_plays_what_was_put_then_silence(listener):
    listener.ledger.put("r", "i", 0, samples(1, 5))
    assert listener.play(8) == [1, 2, 3, 4, 5, 0, 0, 0]
    assert listener.ledger.position == 8


def test_a_pull_may_span_many_chunks(listener):
    for first in (1, 3, 5):
        listener.ledger.put("r", "i", 0, samples(first, 2))
    assert listener.play(6) == [1, 2, 3, 4, 5, 6]


def test_a_chunk_may_span_many_pulls(listener):
    listener.ledger.put("r", "i", 0, samples(1, 6))
    assert [listener.play(2) for _ in range(3)] == [[1, 2], [3, 4], [5, 6]]


def test_only_acknowledged_samples_are_heard(listener):
    listener.ledger.put("r", "i", 0, samples(1, 10))
    listener.ledger.pull(8)
    assert listener.ledger.heard("r") == (HeardSpan("r", "i", 0, 0, 10),)
    listener.ledger.ack(3)
    assert listener.ledger.heard("r") == (HeardSpan("r", "i", 0, 3, 10),)
    assert listener.ledger.queued_ms == 2


def test_an_acknowledgement_never_goes_back(listener):
    listener.ledger.put("r", "i", 0, samples(1, 10))
    listener.ledger.pull(10)
    listener.ledger.ack(6)
    listener.ledger.ack(2)
    assert listener.ledger.heard("r")[0].heard_ms == 6


def test_an_acknowledgement_beyond_what_was_pulled_is_cut(listener):
    listener.ledger.put("r", "i", 0, samples(1, 10))
    listener.ledger.pull(4)
    listener.ledger.ack(1000)
    assert listener.ledger.heard("r")[0].heard_ms == 4
    listener.ledger.pull(2)
    assert listener.ledger.heard("r")[0].heard_ms == 4
    listener.ledger.ack(6)
    assert listener.ledger.heard("r")[0].heard_ms == 6


def test_silence_counts_in_the_position_but_not_as_heard(listener):
    listener.ledger.pull(100)
    listener.ledger.put("r", "i", 0, samples(1, 10))
    listener.ledger.pull(10)
    listener.ledger.ack(104)
    assert listener.ledger.heard("r")[0].heard_ms == 4


def test_milliseconds_are_rounded_down():
    ledger = Ledger(24_000, lambda event: None)
    ledger.put("r", "i", 0, bytes(2 * 47))
    ledger.pull(47)
    ledger.ack(23)
    assert ledger.heard("r") == (HeardSpan("r", "i", 0, 0, 1),)
    ledger.ack(24)
    assert ledger.heard("r") == (HeardSpan("r", "i", 0, 1, 1),)


def test_a_sample_split_between_two_deltas_is_put_together(listener):
    pcm = samples(1, 4)
    assert listener.ledger.put("r", "i", 0, pcm[:1])
    assert listener.ledger.heard("r") == ()
    listener.ledger.put("r", "i", 0, pcm[1:5])
    listener.ledger.put("r", "i", 0, pcm[5:])
    assert listener.play(5) == [1, 2, 3, 4, 0]


def test_playback_starts_with_the_first_acknowledged_sample_and_only_once(listener):
    listener.ledger.put("r", "i", 0, samples(1, 10))
    listener.ledger.pull(10)
    assert listener.events == []
    assert listener.ledger.playing is None
    listener.ledger.ack(1)
    listener.ledger.ack(2)
    assert listener.events == [PlaybackStarted("r", 0.0)]
    assert listener.ledger.playing == "r"


def test_playback_finishes_when_the_last_sample_of_a_sealed_reply_was_heard(listener):
    listener.ledger.put("r", "i", 0, samples(1, 10))
    listener.ledger.put("r", "j", 1, samples(11, 5))
    listener.ledger.seal("r")
    listener.ledger.pull(20)
    listener.ledger.ack(14)
    assert listener.events == [PlaybackStarted("r", 0.0)]
    assert not listener.ledger.idle
    listener.ledger.ack(15)
    assert listener.events[1:] == [
        PlaybackFinished("r", (HeardSpan("r", "i", 0, 10, 10), HeardSpan("r", "j", 1, 5, 5)), 0.015)
    ]
    assert listener.ledger.idle
    assert listener.ledger.playing is None


def test_playback_finishes_at_the_seal_when_all_was_heard_before(listener):
    listener.ledger.put("r", "i", 0, samples(1, 3))
    listener.play(3)
    assert listener.ledger.playing == "r"
    listener.ledger.seal("r")
    listener.ledger.seal("r")
    assert [type(event) for event in listener.events] == [PlaybackStarted, PlaybackFinished]


def test_a_reply_without_audio_finishes_at_once(listener):
    listener.ledger.seal("r")
    listener.ledger.seal("r")
    assert listener.events == [PlaybackFinished("r", ())]


def test_a_muted_reply_without_audio_still_finishes(listener):
    listener.ledger.mute("r")
    listener.ledger.seal("r")
    listener.ledger.mute("r")
    listener.ledger.seal("r")
    assert listener.events == [PlaybackFinished("r", ())]


def test_late_audio_of_a_sealed_finished_or_muted_reply_is_dropped_and_counted(listener):
    ledger = listener.ledger
    ledger.put("sealed", "i", 0, samples(1, 2))
    ledger.seal("sealed")
    ledger.put("muted", "i", 0, samples(3, 2))
    ledger.mute("muted")
    ledger.seal("finished")
    ledger.mute("unknown")
    for reply_id in ("sealed", "muted", "finished", "unknown"):
        assert ledger.put(reply_id, "i", 0, samples(50, 3))
    assert ledger.late_samples == 12
    assert ledger.refused_samples == 0
    assert listener.play(6) == [1, 2, 3, 4, 0, 0]


def test_what_was_queued_before_the_mute_plays_on(listener):
    listener.ledger.put("r", "i", 0, samples(1, 4))
    listener.ledger.mute("r")
    assert listener.play(4) == [1, 2, 3, 4]
    listener.ledger.seal("r")
    assert listener.events[-1] == PlaybackFinished("r", (HeardSpan("r", "i", 0, 4, 4),), 0.004)


def test_a_full_ledger_refuses_and_stores_nothing():
    listener = Listener(max_queued_s=0.01)
    assert listener.ledger.put("r", "i", 0, samples(1, 6))
    assert not listener.ledger.put("r", "i", 0, samples(7, 5))
    assert listener.ledger.refused_samples == 5
    assert listener.ledger.put("r", "i", 0, samples(7, 4))
    assert listener.play(11) == [*range(1, 11), 0]


def test_a_refused_reply_leaves_no_trace():
    listener = Listener(max_queued_s=0.01)
    listener.ledger.put("a", "i", 0, samples(1, 10))
    assert not listener.ledger.put("b", "i", 0, samples(11, 1))
    assert [span.reply_id for span in listener.ledger.flush()] == ["a"]
    listener.ledger.seal("b")
    assert listener.events == [PlaybackFinished("b", ())]


def test_a_peer_that_invents_replies_or_parts_is_refused(listener):
    ledger = listener.ledger
    assert all(ledger.put("many parts", "i", index, samples(1, 1)) for index in range(256))
    assert not ledger.put("many parts", "i", 256, samples(1, 1))
    assert all(ledger.put(f"r{n}", "i", 0, samples(1, 1)) for n in range(63))
    assert not ledger.put("one more", "i", 0, samples(1, 1))
    assert ledger.refused_samples == 2


def test_only_the_last_ids_of_muted_replies_are_remembered(listener):
    for n in range(300):
        listener.ledger.mute(f"r{n}")
    listener.ledger.put("r299", "i", 0, samples(1, 1))
    assert listener.ledger.idle
    listener.ledger.put("r0", "i", 0, samples(1, 1))
    assert listener.ledger.late_samples == 1
    assert not listener.ledger.idle


def test_replies_play_one_after_another(listener):
    ledger = listener.ledger
    ledger.put("a", "i", 0, samples(1, 2))
    ledger.put("b", "j", 0, samples(11, 2))
    ledger.put("a", "i", 0, samples(3, 2))
    ledger.seal("a")
    ledger.seal("b")
    assert listener.play(9) == [1, 2, 3, 4, 11, 12, 0, 0, 0]
    assert listener.events == [
        PlaybackStarted("a", 0.0),
        PlaybackFinished("a", (HeardSpan("a", "i", 0, 4, 4),), 0.004),
        PlaybackStarted("b", 0.004),
        PlaybackFinished("b", (HeardSpan("b", "j", 0, 2, 2),), 0.006),
    ]


def test_a_reply_that_ran_dry_lets_the_next_one_play(listener):
    listener.ledger.put("a", "i", 0, samples(1, 2))
    listener.play(2)
    listener.ledger.put("b", "j", 0, samples(11, 2))
    listener.ledger.put("a", "i", 0, samples(3, 2))
    assert listener.play(4) == [3, 4, 11, 12]
    listener.ledger.put("b", "j", 0, samples(13, 1))
    listener.ledger.put("a", "i", 0, samples(5, 1))
    assert listener.play(2) == [13, 5]


def test_a_reply_may_finish_while_another_has_the_floor(listener):
    ledger = listener.ledger
    ledger.put("a", "i", 0, samples(1, 2))
    ledger.put("b", "j", 0, samples(11, 2))
    ledger.pull(3)
    ledger.ack(3)
    assert ledger.playing == "b"
    ledger.seal("a")
    assert ledger.playing == "b"
    assert listener.play(2) == [12, 0]


def test_gaps_are_counted_once_each_and_only_inside_an_open_reply(listener):
    ledger = listener.ledger
    listener.play(5)
    assert ledger.underruns == 0
    ledger.put("r", "i", 0, samples(1, 2))
    listener.play(4)
    listener.play(4)
    assert ledger.underruns == 1
    ledger.put("r", "i", 0, samples(3, 2))
    listener.play(3)
    assert ledger.underruns == 2
    ledger.put("r", "i", 0, samples(5, 2))
    ledger.seal("r")
    listener.play(5)
    listener.play(5)
    assert ledger.underruns == 2


def test_a_pause_is_silence_and_playback_goes_on_exactly_where_it_stopped(listener):
    listener.ledger.put("r", "i", 0, samples(1, 6))
    assert listener.play(2) == [1, 2]
    listener.ledger.pause()
    assert listener.play(3) == [0, 0, 0]
    assert listener.ledger.heard("r")[0].heard_ms == 2
    assert listener.ledger.underruns == 0
    listener.ledger.resume()
    assert listener.play(4) == [3, 4, 5, 6]
    assert listener.ledger.heard("r")[0].heard_ms == 6


def test_a_hold_stops_before_its_sample_until_it_is_released(listener):
    ledger = listener.ledger
    ledger.hold_after("r", 3)
    ledger.put("r", "i", 0, samples(1, 6))
    ledger.put("next", "i", 0, samples(11, 1))
    assert listener.play(5) == [1, 2, 3, 0, 0]
    assert listener.play(2) == [0, 0]
    assert ledger.underruns == 0
    ledger.hold_after("r", 5)
    assert listener.play(3) == [4, 5, 0]
    ledger.hold_after("r", None)
    assert listener.play(3) == [6, 11, 0]


def test_a_hold_cannot_call_back_what_was_pulled(listener):
    listener.ledger.put("r", "i", 0, samples(1, 4))
    listener.play(2)
    listener.ledger.hold_after("r", 1)
    assert listener.play(2) == [0, 0]


def test_a_hold_on_a_reply_that_is_over_does_nothing(listener):
    listener.ledger.seal("r")
    listener.ledger.hold_after("r", 0)
    assert listener.ledger.idle


def test_a_held_reply_without_audio_finishes_at_its_seal(listener):
    listener.ledger.hold_after("r", 0)
    assert not listener.ledger.idle
    listener.ledger.seal("r")
    assert listener.events == [PlaybackFinished("r", ())]


def test_ducking_ramps_down_and_back_without_touching_the_account(listener):
    loud = array("h", [1000] * 4).tobytes()
    listener.ledger.put("r", "i", 0, loud * 5)
    assert listener.play(4) == [1000] * 4
    listener.ledger.duck(0.2)
    assert listener.play(4) == [800, 600, 400, 200]
    assert listener.play(4) == [200] * 4
    listener.ledger.duck(1.0)
    assert listener.play(4) == [400, 600, 800, 1000]
    assert listener.play(4) == [1000] * 4
    assert listener.ledger.heard("r")[0].heard_ms == 20
