"""One reply is dropped from the ledger while the others play on. One sample is one millisecond."""

from __future__ import annotations

import pytest

from audio.listening import Listener, samples
from voiceloop.events import PlaybackFinished
from voiceloop.vocabulary import HeardSpan


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_what_is_dropped_is_not_played_and_what_follows_is(listener):
    listener.ledger.put("r", "i", 0, samples(1, 10))
    listener.ledger.put("next", "j", 0, samples(41, 4))
    assert listener.play(3) == [1, 2, 3]
    listener.ledger.drop("r")
    assert listener.ledger.queued_ms == 4
    assert listener.play(4) == [41, 42, 43, 44]


def test_a_dropped_reply_is_over_as_soon_as_what_was_pulled_is_heard(listener):
    ledger = listener.ledger
    ledger.put("r", "i", 0, samples(1, 10))
    ledger.pull(4)
    ledger.ack(2)
    ledger.drop("r")
    assert not ledger.idle
    ledger.ack(4)
    assert listener.events[-1] == PlaybackFinished("r", (HeardSpan("r", "i", 0, 4, 10),), 0.004)
    assert ledger.idle


def test_a_reply_that_is_dropped_before_its_first_sample_is_over_at_once(listener):
    listener.ledger.put("r", "i", 0, samples(1, 10))
    listener.ledger.drop("r")
    assert listener.events == [PlaybackFinished("r", (HeardSpan("r", "i", 0, 0, 10),), None)]
    assert listener.play(3) == [0, 0, 0]


def test_late_audio_of_a_dropped_reply_is_dropped_too(listener):
    ledger = listener.ledger
    ledger.put("r", "i", 0, samples(1, 10))
    ledger.pull(4)
    ledger.drop("r")
    assert ledger.put("r", "i", 0, samples(11, 5))
    assert (ledger.late_samples, ledger.queued_ms) == (5, 0)


def test_dropping_what_is_not_there_is_nothing(listener):
    listener.ledger.drop("r")
    assert listener.events == []
