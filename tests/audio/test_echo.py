"""Echo cancellation with the real library on a made-up room, and the way out without it."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from voiceloop.audio.echo import EchoCanceller, HalfDuplexGate, make_echo_canceller
from voiceloop.audio.pcm import level_db
from voiceloop.errors import DeviceError, MisuseError


def babble(rate_hz: int, seconds: float) -> np.ndarray:
    """Noise with the long-term spectrum and the rhythm of speech."""
    count = int(rate_hz * seconds)
    spectrum = np.fft.rfft(np.random.default_rng(5).standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / rate_hz)
    colour = np.fft.irfft(spectrum * (hz > 80) / np.sqrt(1 + (hz / 500) ** 2), count)
    t = np.arange(count) / rate_hz
    rhythm = 0.6 * np.sin(2 * np.pi * 2 * t) + 0.4 * np.sin(2 * np.pi * 4.3 * t) + 0.3
    out = colour * np.maximum(0, rhythm)
    return out / np.abs(out).max() * 0.5


def room(far: np.ndarray, rate_hz: int) -> np.ndarray:
    """What the microphone hears of it: 60 ms later, 120 ms of reverberation, 8 dB down, over a quiet noise floor."""
    rng = np.random.default_rng(6)
    tail = np.arange(int(0.12 * rate_hz))
    response = rng.standard_normal(len(tail)) * np.exp(-tail / (0.03 * rate_hz))
    response /= np.sqrt(np.sum(response**2)) * 2.5
    late = np.concatenate([np.zeros(int(0.06 * rate_hz)), far])
    return np.convolve(late, response)[: len(far)] + rng.normal(0, 10 ** (-75 / 20), len(far))


def run(canceller: EchoCanceller, near: bytes, far: bytes, block: int) -> bytes:
    return b"".join(canceller.process(near[at : at + block], far[at : at + block]) for at in range(0, len(near), block))


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 48_000])
def test_after_two_seconds_the_echo_is_20_db_down(rate_hz, pcm16):
    pytest.importorskip("pywebrtc_audio", reason="install voiceloop[desk]")
    far = babble(rate_hz, 6)
    heard = room(far, rate_hz)
    cleaned = run(make_echo_canceller(rate_hz), pcm16(heard), pcm16(far), rate_hz // 50)
    since = 2 * 2 * rate_hz
    assert len(cleaned) == 2 * len(far)
    assert level_db(pcm16(heard)[since:]) - level_db(cleaned[since:]) >= 20


def test_who_speaks_alone_is_not_touched(voice, pcm16):
    pytest.importorskip("pywebrtc_audio", reason="install voiceloop[desk]")
    near = pcm16(voice(16_000, 3))
    cleaned = run(make_echo_canceller(16_000), near, bytes(len(near)), 320)
    assert abs(level_db(cleaned) - level_db(near)) <= 1.0


def test_the_hint_may_be_wrong(pcm16):
    pytest.importorskip("pywebrtc_audio", reason="install voiceloop[desk]")
    far = babble(16_000, 6)
    heard = pcm16(room(far, 16_000))
    cleaned = run(make_echo_canceller(16_000, delay_ms=250), heard, pcm16(far), 320)
    assert level_db(heard[96_000:]) - level_db(cleaned[96_000:]) >= 20


def test_a_missing_package_is_named_with_the_way_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    with pytest.raises(DeviceError, match=r'voiceloop\[desk\].*echo_cancellation = "half_duplex"') as caught:
        make_echo_canceller(24_000)
    assert isinstance(caught.value.__cause__, ImportError)


@pytest.mark.parametrize("rate_hz", [4_000, 22_051])
def test_a_rate_without_blocks_of_10_ms_is_refused(rate_hz):
    with pytest.raises(MisuseError, match="blocks of 10 ms"):
        make_echo_canceller(rate_hz)


@pytest.mark.parametrize("canceller", [make_echo_canceller, HalfDuplexGate])
@pytest.mark.parametrize(("near", "far"), [(320, 160), (100, 100)])
def test_unequal_or_broken_blocks_are_refused(canceller, near, far):
    with pytest.raises(MisuseError, match="two equal blocks of a multiple of 320 bytes"):
        canceller(16_000).process(bytes(near), bytes(far))


SOUND = b"\x00\x10" * 160  # 10 ms at 16 kHz
QUIET = bytes(320)


def test_the_half_duplex_gate_is_open_while_the_agent_is_silent():
    assert HalfDuplexGate(16_000).process(SOUND, QUIET) == SOUND


def test_the_half_duplex_gate_is_shut_while_the_agent_speaks_and_for_its_tail():
    gate = HalfDuplexGate(16_000, tail_ms=25)
    assert gate.process(SOUND, SOUND) == QUIET
    assert gate.process(SOUND, QUIET) == QUIET
    assert gate.process(SOUND, SOUND) == QUIET
    assert [gate.process(SOUND, QUIET) for _ in range(4)] == [QUIET, QUIET, QUIET[:160] + SOUND[160:], SOUND]


def test_the_half_duplex_gate_does_not_hear_a_whisper_from_the_loudspeaker():
    faint = b"\x01\x00" * 160
    assert HalfDuplexGate(16_000).process(SOUND, faint) == SOUND
    assert HalfDuplexGate(16_000, quiet_db=-95.0).process(SOUND, faint) == QUIET
