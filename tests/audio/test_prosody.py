"""Does a voice sound as if it had finished?"""

import numpy as np
import pytest

from voiceloop.audio.prosody import FEATURES, complete_by_sound, melody

RATES = [8_000, 16_000, 24_000, 48_000]


def sung(rate_hz, first_hz, last_hz, *, last_db=0.0, duration_s=1.5):
    """A voice that glides, with three harmonics, and is as much louder at its end."""
    at = np.arange(int(rate_hz * duration_s)) / rate_hz
    hz = np.where(at < duration_s - 0.4, first_hz, first_hz + (last_hz - first_hz) * (at - duration_s + 0.4) / 0.4)
    phase = 2 * np.pi * np.cumsum(hz) / rate_hz
    tone = sum(np.sin(n * phase) / n for n in (1, 2, 3)) * 10 ** (last_db * at / duration_s / 20)
    return (tone * 4000).astype(np.int16).tobytes() + bytes(2 * rate_hz * 16 // 100)


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_voice_that_falls_sounds_more_complete_than_one_that_rises(rate_hz):
    falls = complete_by_sound(sung(rate_hz, 180, 120, last_db=-6), rate_hz)
    level = complete_by_sound(sung(rate_hz, 180, 180), rate_hz)
    rises = complete_by_sound(sung(rate_hz, 180, 240), rate_hz)
    assert 1 > falls > level > rises > 0


def test_the_melody_is_that_of_the_last_vowel():
    found = dict(zip(FEATURES, melody(sung(16_000, 180, 120), 16_000), strict=True))
    assert found["end"] == pytest.approx(12 * np.log2(124 / 180), abs=1.5)
    assert found["slope"] == pytest.approx(12 * np.log2(120 / 180) / 4, abs=0.5)
    assert found["fall"] == pytest.approx(-12 * np.log2(122 / 180), abs=1.5)
    assert found["vowels_per_s"] < 1
    assert found["trail"] < 0.5


@pytest.mark.parametrize("pcm", [b"", bytes(3200), bytes(32_000)])
def test_silence_tells_nothing(pcm):
    assert complete_by_sound(pcm, 16_000) is None


def test_noise_tells_nothing():
    noise = np.random.default_rng(1).normal(0, 2000, 32_000).astype(np.int16).tobytes()
    assert complete_by_sound(noise, 16_000) is None


def test_a_voice_that_jumps_all_over_the_place_tells_nothing():
    jumps = b"".join(sung(16_000, hz, hz, duration_s=0.07)[:2240] for hz in (75, 390) * 1)
    assert complete_by_sound(jumps, 16_000) is None
