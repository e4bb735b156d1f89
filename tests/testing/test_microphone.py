from __future__ import annotations

from voiceloop.testing.microphone import Microphone
from voiceloop.testing.numbers import Run, numbered, runs


def test_it_hears_silence_until_something_is_said():
    microphone = Microphone()
    assert microphone.take(480) == bytes(960)
    assert microphone.say_numbered(700) == Run(480, 0, 700)
    heard = microphone.take(480) + microphone.take(480)
    assert runs(heard) == [Run(0, 0, 700)]
    assert len(heard) == 1920


def test_what_is_said_while_speaking_follows_without_a_gap():
    microphone = Microphone()
    microphone.say_numbered(100)
    assert microphone.say_numbered(50) == Run(100, 100, 50)
    assert microphone.waiting == 150
    assert runs(microphone.take(200)) == [Run(0, 0, 150)]


def test_any_audio_can_be_said():
    microphone = Microphone()
    assert microphone.say(numbered(9, 10)) == Run(0, 0, 10)
    assert microphone.take(10) == numbered(9, 10)
