"""The door to webrtcvad, with the real thing behind it."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from voiceloop.audio.vad import webrtc_detector
from voiceloop.errors import DeviceError, MisuseError

RATES = [8_000, 16_000, 24_000, 32_000, 48_000]


def share_of_speech(detector, pcm: bytes, rate_hz: int, frame_ms: int = 20) -> float:
    size = 2 * rate_hz * frame_ms // 1000
    verdicts = [detector(pcm[at : at + size]) for at in range(0, len(pcm) - size + 1, size)]
    return sum(verdicts) / len(verdicts)


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_voice_is_speech_at_every_rate(rate_hz, voice, pcm16):
    assert share_of_speech(webrtc_detector(rate_hz), pcm16(voice(rate_hz, 3)), rate_hz) > 0.7


@pytest.mark.parametrize("rate_hz", RATES)
def test_silence_is_not_speech_at_any_rate(rate_hz):
    assert share_of_speech(webrtc_detector(rate_hz), bytes(2 * rate_hz), rate_hz) == 0.0


@pytest.mark.parametrize("rate_hz", [24_000, 48_000])
def test_decimated_rates_agree_with_8_khz(rate_hz, voice, pcm16):
    at_low = webrtc_detector(8_000)
    at_rate = webrtc_detector(rate_hz)
    low, high = pcm16(voice(8_000, 3)), pcm16(voice(rate_hz, 3))
    step, big = 320, 2 * rate_hz // 50
    verdicts = [
        (at_low(low[n * step : (n + 1) * step]), at_rate(high[n * big : (n + 1) * big]))
        for n in range(len(low) // step)
    ]
    assert np.mean([a == b for a, b in verdicts]) > 0.9


@pytest.mark.parametrize("rate_hz", [24_000, 48_000])
def test_what_lies_above_the_telephone_band_does_not_fold_into_it(rate_hz, tone, pcm16):
    hiss = pcm16(tone(7_300, rate_hz, 1, 0.3))
    assert share_of_speech(webrtc_detector(rate_hz), hiss, rate_hz) < 0.1


@pytest.mark.parametrize("frame_ms", [10, 20, 30])
def test_frames_of_10_20_and_30_ms_are_taken(frame_ms, voice, pcm16):
    assert share_of_speech(webrtc_detector(24_000), pcm16(voice(24_000, 2)), 24_000, frame_ms) > 0.6


def test_another_frame_length_is_refused():
    with pytest.raises(MisuseError, match="10, 20 or 30 ms, not 100 bytes"):
        webrtc_detector(8_000)(bytes(100))


def test_another_rate_is_refused():
    with pytest.raises(MisuseError, match="not 44100 Hz"):
        webrtc_detector(44_100)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "webrtcvad", None)
    with pytest.raises(DeviceError, match="webrtcvad-wheels") as caught:
        webrtc_detector(8_000)
    assert isinstance(caught.value.__cause__, ImportError)


def test_detectors_do_not_share_a_memory(voice, pcm16):
    pcm = pcm16(voice(24_000, 1))
    alone = webrtc_detector(24_000)
    expected = [alone(pcm[at : at + 960]) for at in range(0, len(pcm), 960)]
    one, other = webrtc_detector(24_000), webrtc_detector(24_000)
    got = []
    for at in range(0, len(pcm), 960):
        got.append(one(pcm[at : at + 960]))
        other(bytes(960))
    assert got == expected
