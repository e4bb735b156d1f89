"""A flush: what was heard counts, the rest is thrown away and never comes back. One sample is one millisecond."""

from __future__ import annotations

import pytest

from audio.listening import Listener, samples
from voiceloop.audio.ledger import Ledger
from voiceloop.events import Event, PlaybackFinished, PlaybackStarted
from voiceloop.vocabulary import HeardSpan


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_flush_tells_what_was_heard_of_every_part_and_forgets_the_rest(listener):
    ledger = listener.ledger
    ledger.put("done", "i", 0, samples(1, 3))
    ledger.seal("done")
    ledger.put("r", "i", 0, samples(11, 4))
    ledger.put("r", "j", 0, samples(21, 4))
    ledger.put("r", "k", 0, samples(31, 4))
    ledger.put("next", "l", 0, samples(41, 4))
    ledger.pull(12)
    ledger.ack(9)
    assert ledger.flush() == (
        HeardSpan("r", "i", 0, 4, 4),
        HeardSpan("r", "j", 0, 2, 4),
        HeardSpan("r", "k", 0, 0, 4),
        HeardSpan("next", "l", 0, 0, 4),
    )
    assert ledger.generation == 1
    assert ledger.idle
    assert ledger.playing is None
    assert ledger.queued_ms == 0
    assert listener.play(5) == [0] * 5
    ledger.put("r", "k", 0, samples(35, 4))
    ledger.seal("r")
    ledger.seal("next")
    assert listener.play(5) == [0] * 5
    assert ledger.late_samples == 4
    assert [event.reply_id for event in listener.events] == ["done", "done", "r"]


def test_what_the_line_played_since_it_last_told_counts_in_a_flush_and_makes_no_news(listener):
    ledger = listener.ledger
    ledger.put("r", "i", 0, samples(1, 8))
    ledger.put("next", "j", 0, samples(11, 8))
    ledger.seal("r")
    ledger.pull(16)
    ledger.ack(5)
    assert ledger.flush(10) == (HeardSpan("r", "i", 0, 8, 8), HeardSpan("next", "j", 0, 2, 8))
    assert ledger.heard_until_s == 0.01
    ledger.ack(16)
    assert listener.events == [PlaybackStarted("r", 0.0)]


def test_flush_of_an_empty_ledger_is_a_new_generation_and_nothing_else(listener):
    assert listener.ledger.flush() == ()
    assert listener.ledger.generation == 1
    assert listener.events == []


def test_flush_ends_pause_duck_and_hold(listener):
    ledger = listener.ledger
    ledger.put("r", "i", 0, samples(1, 4))
    ledger.hold_after("r", 2)
    ledger.duck(0.0)
    ledger.pause()
    ledger.flush()
    ledger.put("new", "i", 0, samples(11, 4))
    assert listener.play(4) == [11, 12, 13, 14]


def test_an_acknowledgement_of_flushed_audio_finds_nothing(listener):
    ledger = listener.ledger
    ledger.put("old", "i", 0, samples(1, 10))
    ledger.pull(10)
    ledger.flush()
    ledger.put("new", "i", 0, samples(21, 10))
    ledger.pull(4)
    ledger.ack(10)
    assert listener.events == []
    assert ledger.heard("new")[0].heard_ms == 0
    ledger.ack(12)
    assert ledger.heard("new")[0].heard_ms == 2
    assert ledger.heard("old") == ()


def test_a_verdict_may_flush_and_no_start_is_reported_after_it():
    events: list[Event] = []
    spans: list[HeardSpan] = []

    def interrupt(event: Event) -> None:
        events.append(event)
        if isinstance(event, PlaybackFinished) and event.reply_id == "a":
            spans.extend(ledger.flush())

    ledger = Ledger(1000, interrupt)
    ledger.put("a", "i", 0, samples(1, 2))
    ledger.seal("a")
    ledger.put("b", "j", 0, samples(11, 9))
    ledger.pull(6)
    ledger.ack(5)
    assert [event.reply_id for event in events] == ["a", "a"]
    assert spans == [HeardSpan("b", "j", 0, 3, 9)]
