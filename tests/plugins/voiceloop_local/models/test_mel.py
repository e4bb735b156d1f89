from pathlib import Path

import numpy as np
import pytest

from voiceloop_local.models.mel import log_mel

RECORDED = np.load(Path(__file__).parents[3] / "fixtures" / "mel" / "whisper_front_end.npz")
RNG = np.random.default_rng(7)
SPEECHLIKE = (RNG.standard_normal(40_000) * np.sin(np.arange(40_000) / 3000) ** 2 * 0.2).astype(np.float32)


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 399, 400, 16_000, 40_000])
def test_it_is_the_spectrogram_whisper_was_trained_on(samples):
    """Recorded from the feature extractor of faster-whisper 1.2.1; past the recorded frames it is flat."""
    expected = RECORDED[f"after_{samples}"]
    mel = log_mel(SPEECHLIKE[:samples], 1000)
    np.testing.assert_allclose(mel[:, : expected.shape[1]], expected, atol=2e-4)
    assert np.ptp(mel[:, expected.shape[1] :]) == 0


def test_a_tone_lights_up_its_own_band_and_silence_after_it_is_flat():
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    mel = log_mel(tone, 300)
    assert mel.shape == (80, 300)
    assert abs(int(mel[:, 50].argmax()) - 26) <= 1  # 1 kHz is 15 of 45.2 mel
    assert np.ptp(mel[:, 110:]) == 0
    assert mel[:, 110:].max() == mel.min()


def test_what_is_past_the_frames_is_cut():
    assert log_mel(SPEECHLIKE, 100).shape == (80, 100)
    assert np.isfinite(log_mel(np.zeros(10, np.float32), 4)).all()
