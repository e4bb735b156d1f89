"""A key that says when the user speaks."""

import itertools

from voiceloop.events import SpeechStarted, SpeechStopped
from voiceloop.pushtotalk import PushToTalk

RATE = 1000


class Bench:
    def __init__(self):
        self.sent = []
        self.told = []
        self.key = PushToTalk(
            RATE, send=lambda pcm, first: self.sent.append(first), report=self.told.append, numbers=itertools.count(1)
        )

    def hears(self, *firsts):
        for first in firsts:
            self.key.take(bytes(200), first)


def test_what_is_said_while_the_key_is_down_is_handed_over_to_the_frame():
    bench = Bench()
    bench.hears(0)
    bench.key.press()
    bench.hears(100, 200)
    bench.key.release()
    bench.hears(300)
    assert bench.sent == [100, 200]
    assert bench.told == [SpeechStarted("turn-1", 0.1, "local"), SpeechStopped("turn-1", 0.3, "local")]


def test_a_key_that_is_down_cannot_be_pressed_and_one_that_is_up_not_released():
    bench = Bench()
    bench.key.release()
    bench.key.press()
    bench.key.press()
    bench.key.release()
    assert [event.turn_id for event in bench.told] == ["turn-1", "turn-1"]


def test_the_next_engine_hears_the_turn_from_its_beginning_and_then_on():
    bench = Bench()
    bench.key.press()
    bench.hears(0, 100)
    bench.key.take_over("turn-1", [(bytes(400), 0)])
    bench.hears(200)
    bench.key.release()
    assert bench.sent == [0, 100, 0, 200]
    assert [type(event) for event in bench.told] == [SpeechStarted, SpeechStopped]


def test_a_turn_that_was_over_when_its_engine_was_lost_is_handed_over_again():
    bench = Bench()
    bench.key.take_over("turn-1", [(bytes(400), 0)])
    assert bench.told == [SpeechStopped("turn-1", 0.2, "local")]
