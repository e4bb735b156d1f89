from __future__ import annotations

import pytest

from engines.cascade.book import RATE_HZ, pcm, quiet
from voiceloop.engines.cascade.ear import MOST_S, Ear, Noticed

MS = RATE_HZ // 1000


class Microphone:
    """Speaks into an ear, block after block."""

    def __init__(self, block_ms=20):
        self.ear = Ear(RATE_HZ, 500)
        self.sample = 0
        self.block_ms = block_ms

    def gives(self, sound):
        size = self.block_ms * MS * 2
        noticed = []
        for at in range(0, len(sound), size):
            block = sound[at : at + size]
            noticed.append(self.ear.take(block, self.sample))
            self.sample += len(block) // 2
        return [each for each in noticed if each is not Noticed.NOTHING]

    def skips(self, duration_ms):
        self.sample += duration_ms * MS


@pytest.mark.parametrize("block_ms", [10, 20, 30])
def test_a_pause_of_200_ms_is_noticed_once(block_ms):
    heard = Microphone(block_ms)
    assert heard.gives(pcm(600)) == []
    assert heard.gives(quiet(180)) == []
    assert heard.gives(quiet(300)) == [Noticed.PAUSE]


def test_going_on_after_a_pause_is_noticed_too():
    heard = Microphone()
    heard.gives(pcm(600) + quiet(240))
    assert heard.gives(pcm(100)) == [Noticed.WENT_ON]
    assert heard.gives(quiet(240)) == [Noticed.PAUSE]


def test_silence_before_the_first_word_is_no_pause():
    heard = Microphone()
    assert heard.gives(quiet(400) + pcm(100)) == []


def test_the_turn_is_handed_over_whole_and_the_next_one_begins():
    heard = Microphone()
    sound = quiet(300) + pcm(600) + quiet(500)
    heard.gives(sound)
    assert heard.ear.hand_over().pcm == sound
    assert heard.ear.end == 0
    heard.gives(pcm(40))
    assert heard.ear.hand_over().pcm == pcm(40)


def test_what_was_said_until_the_pause_is_all_when_only_silence_followed():
    heard = Microphone()
    heard.gives(pcm(600) + quiet(240))
    until = heard.ear.end
    heard.gives(quiet(260))
    assert heard.ear.was_all_said(until)


def test_it_is_not_all_when_a_word_followed():
    heard = Microphone()
    heard.gives(pcm(600) + quiet(240))
    until = heard.ear.end
    heard.gives(pcm(20) + quiet(500))
    assert not heard.ear.was_all_said(until)


def test_it_is_not_all_when_the_gate_heard_what_is_too_soft_for_us():
    heard = Microphone()
    heard.gives(pcm(600) + quiet(240))
    until = heard.ear.end
    heard.gives(quiet(400) + quiet(500))  # the gate waits for 500 ms after the last word
    assert not heard.ear.was_all_said(until)


def test_a_cough_that_nobody_handed_over_is_no_part_of_the_next_turn():
    heard = Microphone()
    heard.gives(pcm(100) + quiet(500))
    heard.skips(2000)
    assert heard.gives(pcm(300)) == [Noticed.ANEW]
    assert heard.ear.hand_over().pcm == pcm(300)


def test_sound_that_went_missing_in_the_middle_of_a_word_costs_only_itself():
    heard = Microphone()
    heard.gives(pcm(100))
    heard.skips(40)
    heard.gives(pcm(300))
    assert heard.ear.hand_over().pcm == pcm(100) + pcm(300)


def test_of_a_turn_that_is_too_long_the_newest_part_is_kept():
    heard = Microphone(block_ms=1000)
    heard.gives(pcm(1000) * 130)
    handed = heard.ear.hand_over()
    assert len(handed.pcm) / 2 / RATE_HZ == MOST_S
    assert handed.lost_s == 10.0
