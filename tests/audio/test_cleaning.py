"""The microphone as the settings want it, with the real library."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from voiceloop.audio.cleaning import make_cleaner
from voiceloop.audio.echo import HalfDuplexGate
from voiceloop.audio.pcm import level_db
from voiceloop.errors import DeviceError, MisuseError

RATE_HZ = 24_000
FRAME = RATE_HZ // 50 * 2


def noise(seconds: float, level: float) -> bytes:
    samples = np.random.default_rng(3).normal(0, level * 32768, int(seconds * RATE_HZ))
    return samples.astype(np.int16).tobytes()


def clean(cleaner, near: bytes, far: bytes) -> bytes:
    assert cleaner is not None
    return b"".join(
        cleaner.process(near[at : at + FRAME], far[at : at + FRAME]) for at in range(0, len(near) - FRAME + 1, FRAME)
    )


@pytest.mark.parametrize("method", ["webrtc", "half_duplex", "none"])
def test_steady_noise_is_turned_down_whatever_is_done_about_echo(method):
    pytest.importorskip("pywebrtc_audio", reason="install voiceloop[desk]")
    near = noise(4, 0.01)
    cleaned = clean(make_cleaner(method, RATE_HZ, noise_suppression=True), near, bytes(len(near)))
    assert 5 < level_db(near[RATE_HZ * 4 :]) - level_db(cleaned[RATE_HZ * 4 :]) < 16


def test_without_any_wish_there_is_nothing_to_do():
    assert make_cleaner("none", RATE_HZ, noise_suppression=False) is None


def test_half_duplex_needs_no_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    assert isinstance(make_cleaner("half_duplex", RATE_HZ, noise_suppression=False), HalfDuplexGate)
    with pytest.raises(DeviceError, match=r"voiceloop\[desk\].*noise_suppression = false") as caught:
        make_cleaner("half_duplex", RATE_HZ, noise_suppression=True)
    assert isinstance(caught.value.__cause__, ImportError)


def test_a_microphone_that_is_half_duplex_and_without_noise_is_deaf_while_the_agent_speaks():
    pytest.importorskip("pywebrtc_audio", reason="install voiceloop[desk]")
    cleaner = make_cleaner("half_duplex", RATE_HZ, noise_suppression=True)
    near = noise(1, 0.1)
    assert not clean(cleaner, near, noise(1, 0.1)).strip(b"\0")


@pytest.mark.parametrize("method", ["webrtc", "half_duplex", "none"])
def test_a_rate_without_blocks_of_10_ms_is_refused(method):
    with pytest.raises(MisuseError, match="blocks of 10 ms"):
        make_cleaner(method, 22_051, noise_suppression=True)
