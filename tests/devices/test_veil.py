"""What of both sides reaches a recording, and when."""

from hypothesis import given
from hypothesis import strategies as st

from voiceloop.audio.wakegate import PRE_ROLL_S
from voiceloop.devices.veil import Veil

RATE_HZ = 1000
BLOCK = 20
HELD = int(PRE_ROLL_S * RATE_HZ) // BLOCK
"""Blocks."""


def voice(number):
    """The microphone's block of this number; every sample tells it."""
    return number.to_bytes(2, "little") * BLOCK


def agent(number):
    return (1000 + number).to_bytes(2, "little") * BLOCK


def both(*told):
    """What comes out of a veil that is told for each block how many samples are heard; at once, then at the end."""
    veil = Veil(RATE_HZ)
    out = [pair for number, heard in enumerate(told, 1) for pair in veil.take(voice(number), agent(number), heard)]
    return out, veil.drain()


def test_what_is_heard_at_once_is_recorded_at_once():
    out, late = both(BLOCK, BLOCK, BLOCK)
    assert out == [(voice(1), agent(1)), (voice(2), agent(2)), (voice(3), agent(3))]
    assert late == []


def test_what_was_not_heard_is_silence_beside_the_agent():
    out, late = both(BLOCK, 0, 0, BLOCK, 0)
    assert out == [(voice(1), agent(1)), *((bytes(2 * BLOCK), agent(n)) for n in (2, 3)), (voice(4), agent(4))]
    assert late == [(bytes(2 * BLOCK), agent(5))]


def test_what_turns_out_to_have_been_heard_is_there_to_the_sample():
    out, _ = both(0, 0, 0, BLOCK + BLOCK // 2)
    assert out[:2] == [(bytes(2 * BLOCK), agent(1)), (bytes(2 * BLOCK), agent(2))]
    assert out[2] == (bytes(BLOCK) + voice(3)[BLOCK:], agent(3))
    assert out[3] == (voice(4), agent(4))


def test_nobody_waits_longer_than_a_wake_word_reaches_back():
    out, late = both(*[0] * (HELD + 5))
    assert [said for _, said in out] == [agent(n) for n in range(1, 6)]
    assert len(late) == HELD
    assert not any(b"".join(heard for heard, _ in (*out, *late)))


@given(st.lists(st.integers(0, 3 * BLOCK), max_size=2 * HELD))
def test_every_sample_comes_out_once_in_its_place(told):
    out, late = both(*told)
    blocks = [*out, *late]
    assert [said for _, said in blocks] == [agent(n) for n in range(1, len(told) + 1)]
    assert all(heard.replace(b"\0\0", b"") in voice(n) for n, (heard, _) in enumerate(blocks, 1))
    assert all(len(heard) == 2 * BLOCK for heard, _ in blocks)
