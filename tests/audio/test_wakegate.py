"""Who is let through the gate of the wake word, and when: exact to the sample."""

import pytest

from voiceloop.audio.wakegate import UNANSWERED_S, Attention, WakeGate
from voiceloop.errors import MisuseError

RATE_HZ = 16_000
BLOCK = RATE_HZ // 50
TALK, WAKE, HUSH = b"\x01\x00" * BLOCK, b"\x02\x00" * BLOCK, bytes(2 * BLOCK)


class Word:
    resets = 0
    ended_s = (0.0, 0.0)

    def heard(self, pcm):
        return pcm == WAKE

    def reset(self):
        self.resets += 1


class Room:
    def __init__(self, follow_up_s=8.0):
        self.word = Word()
        self.gate = WakeGate(RATE_HZ, self.word, is_speech=lambda pcm: pcm == TALK, follow_up_s=follow_up_s)
        self.blocks = 0
        self.out = []

    def hears(self, block, seconds=0.02, *, agent_speaks=False):
        for _ in range(round(seconds * 50)):
            self.out += self.gate.take(block, self.blocks * BLOCK, agent_speaks=agent_speaks)
            self.blocks += 1

    @property
    def awake(self):
        return self.gate.attention is Attention.LISTENING


def test_nothing_but_silence_comes_out_before_the_wake_word():
    room = Room()
    room.hears(TALK, 10)
    assert {pcm for pcm, _ in room.out} == {HUSH}
    assert not room.awake


def test_what_goes_with_the_wake_word_comes_out_whole_and_in_order_from_the_pause_between_them_on():
    room = Room()
    room.word.ended_s = (0.1, 0.4)
    room.hears(HUSH, 3)
    room.hears(TALK, 0.6)
    room.hears(HUSH)
    room.hears(TALK, 0.2)
    room.hears(WAKE)
    assert room.awake
    assert room.out[-1] == (WAKE, round(3.82 * RATE_HZ))
    assert [pcm for pcm, _ in room.out[-42:]] == [HUSH] * 31 + [TALK] * 10 + [WAKE]
    assert room.gate.passed_samples == 11 * BLOCK + BLOCK // 2
    room.hears(TALK, 0.5)
    assert [first for _, first in room.out] == [n * BLOCK for n in range(room.blocks)]


def test_of_what_was_said_before_the_end_of_the_wake_word_nothing_comes_out():
    room = Room()
    room.word.ended_s = (0.1, 0.4)
    room.hears(TALK, 5)
    room.hears(WAKE)
    loud = b"".join(pcm for pcm, _ in room.out).strip(b"\0")
    assert len(loud) // 2 <= 0.4 * RATE_HZ
    assert room.gate.passed_samples * 2 == len(loud) + 1


def test_a_wake_word_within_the_first_moments_lets_out_what_there_is():
    room = Room()
    room.word.ended_s = (0.5, 1.0)
    room.hears(WAKE)
    assert room.out == [(WAKE, 0)]


def test_it_falls_asleep_when_neither_side_has_said_anything_for_the_follow_up():
    room = Room(follow_up_s=2.0)
    room.hears(WAKE)
    room.hears(TALK, 1)
    room.hears(HUSH, 1.98)
    room.hears(HUSH, 3, agent_speaks=True)
    room.hears(HUSH, 1.98)
    assert room.awake
    room.hears(HUSH)
    assert not room.awake
    assert room.word.resets == 1


def test_it_does_not_listen_for_ever_to_what_is_not_answered():
    room = Room()
    room.hears(WAKE)
    room.hears(TALK, UNANSWERED_S - 0.02)
    assert room.awake
    room.hears(TALK)
    assert not room.awake


def test_samples_keep_their_numbers_through_sleep_and_waking():
    room = Room(follow_up_s=1.0)
    for _ in range(3):
        room.hears(TALK, 2)
        room.hears(WAKE)
        room.hears(HUSH, 1)
        assert not room.awake
    assert [first for _, first in room.out] == [n * BLOCK for n in range(room.blocks)]
    assert all(len(pcm) == 2 * BLOCK for pcm, _ in room.out)


def test_the_agents_voice_wakes_nobody():
    room = Room()
    room.hears(TALK, 5, agent_speaks=True)
    assert not room.awake


@pytest.mark.parametrize(("rate_hz", "follow_up_s"), [(0, 8.0), (RATE_HZ, 0.0)])
def test_a_gate_needs_a_rate_and_a_time(rate_hz, follow_up_s):
    with pytest.raises(MisuseError):
        WakeGate(rate_hz, Word(), is_speech=bool, follow_up_s=follow_up_s)
