"""Chirps through rooms that the test makes up."""

from __future__ import annotations

import numpy as np
import pytest

from voiceloop.audio.chirp import chirps, measure

RATE_HZ = 24_000
PLAYED = np.frombuffer(chirps(RATE_HZ), np.int16).astype(float)


def room(delay_ms=0.0, gain=1.0, noise=0.0, ppm=0.0):
    """What a microphone hears of the chirps, half a second longer than they are."""
    at = np.arange(len(PLAYED) + RATE_HZ // 2) / (1 + ppm * 1e-6) - delay_ms * RATE_HZ / 1000
    heard = gain * np.interp(at, np.arange(len(PLAYED)), PLAYED, left=0, right=0)
    heard += np.random.default_rng(2).normal(size=len(heard)) * noise
    return np.clip(np.rint(heard), -32768, 32767).astype(np.int16).tobytes()


@pytest.mark.parametrize(("delay_ms", "gain", "noise"), [(0.5, 1.0, 0), (62.3, 0.1, 30), (350, 0.5, 300), (20, 2.0, 3)])
def test_round_trip_loss_and_noise_are_found(delay_ms, gain, noise):
    found = measure(room(delay_ms, gain, noise), RATE_HZ)
    assert found.heard == 8
    assert found.round_trip_ms == pytest.approx(delay_ms, abs=0.1)
    assert found.echo_loss_db == pytest.approx(-20 * np.log10(gain), abs=0.3)
    assert found.noise_db == (pytest.approx(20 * np.log10(noise / 32768), abs=0.5) if noise else -100)
    assert found.drift_ppm == pytest.approx(0, abs=3)
    assert not found.clipped


@pytest.mark.parametrize("ppm", [-200, 100, 500])
def test_drift_is_found(ppm):
    assert measure(room(60, 0.5, 10, ppm), RATE_HZ).drift_ppm == pytest.approx(ppm, abs=5)


def test_a_microphone_driven_too_hard_is_noticed():
    assert measure(room(60, 6.0), RATE_HZ).clipped > 0.05


@pytest.mark.parametrize("noise", [0, 200])
def test_without_an_echo_only_the_room_is_told(noise):
    found = measure(room(60, 0.0, noise), RATE_HZ)
    assert (found.heard, found.round_trip_ms, found.echo_loss_db, found.drift_ppm) == (0, None, None, None)
    assert found.silent == (not noise)


def test_a_recording_cut_short_tells_what_it_can():
    assert measure(room(60)[: 2 * RATE_HZ], RATE_HZ).heard == 0
