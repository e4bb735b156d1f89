"""Arithmetic on PCM."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.audio import pcm

SAMPLES = st.lists(st.integers(-32768, 32767), max_size=50)


def packed(values) -> bytes:
    return array("h", values).tobytes()


def values(data: bytes) -> list[int]:
    return array("h", data).tolist()


def test_silence_is_zero_samples():
    assert values(pcm.silence(3)) == [0, 0, 0]


@given(SAMPLES)
def test_floats_and_back_is_the_same(samples):
    floats = pcm.to_float32(packed(samples))
    assert floats.dtype == np.float32
    assert all(-1.0 <= value < 1.0 for value in floats)
    assert pcm.to_int16(floats) == packed(samples)


def test_floats_beyond_full_scale_are_clipped():
    assert values(pcm.to_int16(np.array([2.0, -2.0, 0.5 / 32768 + 1e-9]))) == [32767, -32768, 1]


def test_one_channel_is_mono_already():
    assert pcm.to_mono(packed([1, 2]), 1) == packed([1, 2])


@given(st.lists(st.tuples(*[st.integers(-32768, 32767)] * 3), max_size=20))
def test_mono_is_the_mean_of_the_channels(frames):
    interleaved = packed([value for frame in frames for value in frame])
    assert values(pcm.to_mono(interleaved, 3)) == [sum(frame) // 3 for frame in frames]


def test_an_incomplete_frame_is_an_error():
    with pytest.raises(ValueError, match="reshape"):
        pcm.to_mono(packed([1, 2, 3]), 2)


@given(SAMPLES, st.floats(0, 4))
def test_gain_is_within_one_step_of_exact_and_clips(samples, factor):
    for before, after in zip(samples, values(pcm.gain(packed(samples), factor)), strict=True):
        assert abs(after - max(-32768, min(32767, before * factor))) <= 0.51


def test_a_ramp_ends_with_its_last_gain():
    assert values(pcm.ramp(packed([1000] * 4), 1.0, 0.0)) == [750, 500, 250, 0]
    assert values(pcm.ramp(packed([1000] * 4), 0.0, 1.0)) == [250, 500, 750, 1000]
    assert pcm.ramp(b"", 0.0, 1.0) == b""


def test_levels_are_in_db_below_a_full_scale_square_wave(tone, pcm16):
    assert pcm.level_db(packed([-32768, -32768])) == pytest.approx(0.0)
    assert pcm.level_db(pcm16(tone(1000, 8000, 1, 1.0))) == pytest.approx(-3.01, abs=0.01)
    assert pcm.level_db(packed([1, -1])) == pytest.approx(-90.3, abs=0.1)
    assert pcm.level_db(pcm.silence(10)) == pcm.SILENCE_DB
    assert pcm.level_db(b"") == pcm.SILENCE_DB


def test_the_quietest_place_is_named_by_its_middle():
    assert pcm.quietest(packed([9, 9, 9, 1, 0, 9, 9]), 2) == 4
    assert pcm.quietest(packed([5, 5, 5, 5]), 2) == 1
    assert pcm.quietest(packed([5]), 2) == 1
