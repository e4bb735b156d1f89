"""What the taps of the filters are; how they sound is tried with the resampler."""

from __future__ import annotations

import numpy as np
import pytest

from voiceloop.audio import filters
from voiceloop.audio.filters import lowpass


def test_a_short_lowpass_has_gain_one_and_stops():
    taps = lowpass(15, 0.15)
    response = np.abs(np.fft.rfft(taps, 1000))
    assert response[0] == pytest.approx(1.0)
    assert response[350:].max() < 0.01


def test_taps_are_whole_numbers_of_their_unit():
    for ratio in [(1, 3), (3, 1), (160, 147)]:
        taps, _ = filters._taps(*ratio)
        assert (taps * filters._UNITY == np.rint(taps * filters._UNITY)).all()
        assert (taps.sum(axis=0) == 1.0).all()
