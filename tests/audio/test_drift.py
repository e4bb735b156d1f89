"""Sound read at places between its samples."""

from __future__ import annotations

import numpy as np
import pytest

from voiceloop.audio.drift import MAX_PPM, REACH, read_at

BLOCK = 240
LOUD = 16_000


def read(hz, ppm_of, blocks=100):
    """A tone of so many parts of the rate, block after block, and what it should be; `ppm_of` a block's number."""
    sound = np.rint(LOUD * np.sin(2 * np.pi * hz * np.arange((blocks + 2) * BLOCK)))
    place, got, wanted = REACH + 0.3, [], []
    for number in range(blocks):
        ppm = ppm_of(number)
        got.append(read_at(sound, place, ppm, BLOCK))
        wanted.append(LOUD * np.sin(2 * np.pi * hz * (place + np.arange(BLOCK) * (1 + ppm / 1e6))))
        place += BLOCK * (1 + ppm / 1e6)
    return np.concatenate(got).astype(float), np.concatenate(wanted)


@pytest.mark.parametrize("ppm", [-1000, 0, 30, 300, 1000])
@pytest.mark.parametrize("hz", [0.01, 0.1, 0.25, 0.4])
def test_tones_are_clean_up_to_four_tenths_of_the_rate(hz, ppm):
    got, wanted = read(hz, lambda _: ppm)
    assert 10 * np.log10(np.mean(wanted**2) / np.mean((got - wanted) ** 2)) > 70


def test_nothing_clicks_when_the_rate_changes():
    got, wanted = read(0.05, lambda number: MAX_PPM * np.sin(number))
    assert abs(got - wanted).max() < LOUD / 3000


def test_at_a_whole_sample_and_without_a_drift_the_sound_is_what_it_was():
    sound = np.random.default_rng(2).integers(-32768, 32768, 600).astype(float)
    assert (read_at(sound, 100.0, 0.0, BLOCK) == sound[100 : 100 + BLOCK]).all()


def test_the_reach_is_enough_on_both_sides():
    sound = np.random.default_rng(2).normal(0, 3000, BLOCK + 2 * REACH)
    for ppm in (-MAX_PPM, MAX_PPM):
        for place in (float(REACH), REACH + 0.999):
            assert read_at(sound, place, ppm, BLOCK - 1).size == BLOCK - 1


def test_what_is_louder_between_the_samples_is_clipped():
    sound = np.resize([32767.0, 32767.0, -32768.0, -32768.0], 600)
    got = read_at(sound, 100.5, 0.0, BLOCK)
    assert set(np.sign(got[::4])) == {1}
    assert got.max() == 32767
    assert got.min() == -32768
