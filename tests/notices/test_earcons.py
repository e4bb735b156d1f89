"""The built-in sounds: soft, short and without a click."""

import subprocess
import sys

import numpy as np
import pytest

from voiceloop.notices import earcons
from voiceloop.notices.earcons import EARCONS, earcon
from voiceloop.vocabulary import Notice

RATES = [8_000, 16_000, 24_000, 44_100, 48_000]
LASTS_S = {Notice.TICK: 0.06, Notice.AWAKE: 0.15, Notice.ASLEEP: 0.15}
each_sound = pytest.mark.parametrize("name", EARCONS)


def samples(name, rate_hz):
    return np.frombuffer(earcon(name, rate_hz), np.int16).astype(float) / 32768


def click_db(sound, rate_hz):
    """How much of the sound lies above 1.5 kHz, where no tone of ours is, against all of it."""
    power = np.abs(np.fft.rfft(sound, 1 << 17)) ** 2
    high = np.fft.rfftfreq(1 << 17, 1 / rate_hz) > 1500
    return 10 * np.log10(power[high].sum() / power.sum())


@each_sound
@pytest.mark.parametrize("rate_hz", RATES)
def test_it_is_soft_and_short_at_every_rate(name, rate_hz):
    sound = samples(name, rate_hz)
    assert 0.01 < np.abs(sound).max() <= 0.1  # -20 dBFS
    assert len(sound) / rate_hz == pytest.approx(LASTS_S.get(name, 0.38), abs=1 / rate_hz)


@each_sound
@pytest.mark.parametrize("rate_hz", RATES)
def test_nothing_clicks(name, rate_hz):
    assert click_db(samples(name, rate_hz), rate_hz) < -60


def test_a_tone_that_begins_at_once_would_click(monkeypatch):
    monkeypatch.setattr(earcons, "EDGE_S", 0.0)
    earcon.cache_clear()
    assert click_db(samples(Notice.TICK, 24_000), 24_000) > -40
    earcon.cache_clear()


def test_the_way_down_sounds_down_and_the_way_up_sounds_up():
    def pitches(name):
        first, second = np.array_split(samples(name, 16_000), 2)
        return [np.argmax(np.abs(np.fft.rfft(half, 16_000))) for half in (first, second)]

    assert pitches(Notice.DOWN) == pytest.approx([587, 440], abs=5)
    assert pitches(Notice.UP) == pytest.approx([440, 587], abs=5)


def test_a_sound_that_comes_again_and_again_is_fainter():
    assert np.abs(samples(Notice.TICK, 24_000)).max() < np.abs(samples(Notice.UP, 24_000)).max() / 3


@pytest.mark.real
def test_no_numpy_is_loaded_for_it():
    code = (
        "import sys; from voiceloop.notices.sounds import sound; from voiceloop.vocabulary import Notice;"
        "sound(Notice.TICK, 'en', 24000); print('numpy' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "False"
