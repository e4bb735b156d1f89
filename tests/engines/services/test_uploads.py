from __future__ import annotations

import numpy as np
import pytest

from voiceloop.clips import decode, to_wav
from voiceloop.engines.services.uploads import wav_of

TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000)).astype("<i2").tobytes()


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_a_turn_is_a_wav_file_of_its_samples(rate_hz):
    assert wav_of(TONE, rate_hz) == to_wav(TONE, rate_hz)


@pytest.mark.parametrize("rate_hz", [24_000, 48_000])
def test_a_turn_is_no_larger_than_recognition_needs(rate_hz):
    file = wav_of(TONE, rate_hz)
    assert len(file) - 44 == pytest.approx(len(TONE) * 16_000 / rate_hz, abs=4)
    samples = np.frombuffer(decode(file, 16_000), "<i2").astype(float)
    pitch = np.abs(np.fft.rfft(samples)).argmax() * 16_000 / len(samples)
    assert pitch == pytest.approx(440 * rate_hz / 24_000, abs=2)
