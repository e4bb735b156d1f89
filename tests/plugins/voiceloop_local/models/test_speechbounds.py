import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop_local.models.speechbounds import quietest_cut, speech_bounds

RATE = 16_000
RNG = np.random.default_rng(5)


def noise(seconds, level):
    return (RNG.standard_normal(int(seconds * RATE)) * level).astype(np.float32)


def test_speech_is_found_with_a_margin_around_it():
    clip = np.concatenate([noise(1, 0.0005), noise(0.8, 0.1), noise(1, 0.0005)])
    start, end = speech_bounds(clip, RATE, margin_ms=200)
    assert abs(start - 0.8 * RATE) <= 0.02 * RATE
    assert abs(end - 2.0 * RATE) <= 0.02 * RATE


@pytest.mark.parametrize(
    "clip", [noise(0, 1), noise(0.01, 1), noise(2, 0), noise(2, 0.0005), np.full(RATE, 0.5, np.float32)]
)
def test_silence_hiss_and_a_constant_offset_are_no_speech(clip):
    assert speech_bounds(clip, RATE) is None


def test_a_click_is_no_speech():
    clip = noise(2, 0.0003)
    clip[RATE : RATE + 500] = 0.5
    assert speech_bounds(clip, RATE) is None


def test_speech_from_end_to_end_is_kept_whole():
    assert speech_bounds(noise(1, 0.1), RATE) == (0, RATE)


def test_the_quietest_place_is_where_a_long_speech_is_cut():
    clip = np.concatenate([noise(3, 0.1), noise(0.4, 0.001), noise(3, 0.1)])
    assert 3 * RATE < quietest_cut(clip, RATE, 2 * RATE, 5 * RATE) < 3.4 * RATE
    assert quietest_cut(clip, RATE, RATE, RATE + 100) == RATE + 100


@given(st.integers(0, 3000), st.integers(320, 9000), st.integers(0, 3000))
def test_bounds_lie_inside(before, speech, after):
    clip = np.concatenate([np.zeros(before), np.full(speech, 0.3) * (-1) ** np.arange(speech), np.zeros(after)])
    bounds = speech_bounds(clip.astype(np.float32), RATE)
    assert bounds is None or 0 <= bounds[0] < bounds[1] <= len(clip)
