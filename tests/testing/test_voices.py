from __future__ import annotations

from voiceloop.audio import gate
from voiceloop.audio.gate import Gate
from voiceloop.testing.numbers import numbered
from voiceloop.testing.voices import numbers_are_speech

RATE_HZ = 24_000


def verdicts():
    listening = Gate(RATE_HZ, lambda frame: False, hangover_ms=200)
    pcm = bytes(RATE_HZ) + numbered(0, 4 * RATE_HZ) + bytes(RATE_HZ)
    return listening.feed(pcm, 0)


def test_numbers_are_speech_from_the_first_to_the_last_and_only_within_it():
    with numbers_are_speech():
        assert verdicts() == [gate.SpeechOnset(RATE_HZ // 2), gate.SpeechEnd(RATE_HZ // 2 + 4 * RATE_HZ)]
    assert verdicts() == []


def test_it_may_stand_above_a_test():
    @numbers_are_speech()
    def test():
        return verdicts()

    assert len(test()) == 2
