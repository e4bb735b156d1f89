"""How much sound engines have taken, which is what they bill."""

import pytest

from voiceloop.events import SpeechStopped, TurnCommitted
from voiceloop.hearing import Hearing
from voiceloop.settings import TurnSettings
from voiceloop.vocabulary import Traits

RATE = 24_000
FRAME = 480


class Ear:
    """An engine that takes what it is told to take."""

    def __init__(self):
        self.takes = True

    def hear(self, pcm, first_sample):
        return self.takes


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def hearing(ear):
    hearing = Hearing(RATE, TurnSettings(), lambda _: None)
    hearing.connect(ear.hear, Traits(), "")
    return hearing


def says(hearing, seconds, first=0):
    for number in range(first, first + round(seconds * RATE / FRAME)):
        hearing.take(bytes(2 * FRAME), number * FRAME)


def test_a_turn_is_handed_over_with_how_much_was_taken_until_then(hearing):
    says(hearing, 2.0)
    assert hearing.told(TurnCommitted("u1")) == TurnCommitted("u1", heard_s=2.0)
    other = SpeechStopped("u1", 1.0)
    assert hearing.told(other) is other


def test_what_an_engine_refuses_counts_when_it_takes_it(hearing, ear):
    says(hearing, 1.0)
    ear.takes = False
    says(hearing, 1.0, first=50)
    assert hearing.heard_s == 1.0
    ear.takes = True
    says(hearing, 0.02, first=100)
    assert hearing.heard_s == 2.02


def test_without_an_engine_nothing_is_taken(hearing):
    hearing.disconnect(0.0)
    says(hearing, 1.0)
    assert hearing.heard_s == 0.0
