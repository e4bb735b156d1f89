"""The speech gate: a scripted detector for its rules, the real one for its ears."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.audio.gate import Gate, SpeechEnd, SpeechOnset
from voiceloop.audio.vad import webrtc_detector
from voiceloop.errors import MisuseError

FRAME = 160  # 20 ms at 8 kHz

NOISE = np.random.default_rng(3)


def noise(level: float, count: int = FRAME) -> bytes:
    return (level * NOISE.standard_normal(count)).clip(-32768, 32767).astype(np.int16).tobytes()


LOUD = noise(3000)


def said(script: str, **options) -> list:
    """Feed one frame a letter: `s` is speech, `.` is not."""
    frames = iter(script)
    gate = Gate(8_000, lambda _: next(frames) == "s", **options)
    verdicts = []
    for n, letter in enumerate(script):
        verdicts += gate.feed(LOUD if letter == "s" else bytes(len(LOUD)), n * FRAME)
    return verdicts


def test_speech_starts_at_its_first_frame_and_ends_after_its_last():
    assert said("..sssss" + "." * 25) == [SpeechOnset(2 * FRAME), SpeechEnd(7 * FRAME)]


def test_a_click_is_not_speech():
    assert said("..ss...s..ss" + "." * 30) == []


def test_a_pause_shorter_than_the_hang_over_ends_nothing():
    assert said("sss" + "." * 24 + "s" + "." * 25) == [SpeechOnset(0), SpeechEnd(28 * FRAME)]


def test_onset_and_hang_over_can_be_chosen():
    assert said(".s" + "." * 5, onset_ms=20, hangover_ms=100) == [SpeechOnset(FRAME), SpeechEnd(2 * FRAME)]


def test_two_utterances_are_two():
    assert said("sss.....sss.....", hangover_ms=100) == [
        SpeechOnset(0),
        SpeechEnd(3 * FRAME),
        SpeechOnset(8 * FRAME),
        SpeechEnd(11 * FRAME),
    ]


def test_the_gate_says_whether_somebody_speaks():
    gate = Gate(8_000, lambda _: True, onset_ms=20, hangover_ms=20)
    assert not gate.speaking
    gate.feed(LOUD, 0)
    assert gate.speaking
    gate.feed(bytes(320), FRAME)
    assert not gate.speaking


@given(st.lists(st.integers(1, 700), max_size=30))
def test_the_length_of_the_blocks_does_not_matter(lengths):
    pcm = (noise(2, 1600) + noise(3000, 3200) + noise(2, 8000)) * 2
    asked: list[bytes] = []

    def detector(frame: bytes) -> bool:
        asked.append(frame)
        return True

    def verdicts(gate: Gate, cuts: list[int]) -> list:
        out, at = [], 0
        for cut in [*cuts, len(pcm)]:
            out += gate.feed(pcm[2 * at : 2 * (at + cut)], at)
            at = min(at + cut, len(pcm) // 2)
        return out

    whole = verdicts(Gate(8_000, detector), [])
    frames = list(asked)
    asked.clear()
    assert verdicts(Gate(8_000, detector), lengths) == whole
    assert asked == frames
    assert len(whole) == 4


def test_a_jump_in_the_sample_numbers_begins_a_new_frame():
    asked: list[bytes] = []
    gate = Gate(8_000, lambda frame: bool(asked.append(frame)) or True, onset_ms=40, hangover_ms=100)
    gate.feed(LOUD, 0)
    gate.feed(LOUD[:200], FRAME)
    assert gate.feed(LOUD * 2, 10_000) == [SpeechOnset(10_000)]
    assert asked == [LOUD] * 3


def test_quiet_frames_are_not_speech_whatever_the_detector_says():
    gate = Gate(8_000, lambda _: True, onset_ms=20)
    breath = noise(60)  # -55 dBFS
    assert not any(gate.feed(breath, n * FRAME) for n in range(20))
    gate.floor_db = -60.0
    assert gate.feed(breath, 20 * FRAME) == [SpeechOnset(20 * FRAME)]


def test_a_fan_is_speech_for_three_seconds_at_most():
    gate = Gate(8_000, lambda _: True, hangover_ms=500)
    verdicts = [verdict for n in range(400) for verdict in gate.feed(noise(1000), n * FRAME)]
    assert [type(verdict) for verdict in verdicts] == [SpeechOnset, SpeechEnd]
    assert verdicts[1].sample <= 3 * 8_000
    for n in range(400, 405):
        verdicts += gate.feed(noise(6000), n * FRAME)
    assert verdicts[2:] == [SpeechOnset(400 * FRAME)]


def test_the_gate_says_how_far_a_voice_stands_out():
    gate = Gate(8_000, lambda _: True)
    for n in range(100):
        gate.feed(noise(100), n * FRAME)
    for n, level in enumerate((400, 1000, 700), 100):
        gate.feed(noise(level), n * FRAME)
    assert gate.speaking
    assert gate.contrast_db == pytest.approx(20, abs=2)


RECORDING = noise(3000, 60 * FRAME)


def numbered(first: int, count: int) -> bytes:
    """A stretch of one loud recording, in which each sample stands in one place only."""
    return RECORDING[2 * first : 2 * (first + count)]


def test_the_pre_roll_reaches_from_before_the_onset_to_now():
    speech = iter([False] * 50 + [True] * 3)
    gate = Gate(8_000, lambda _: next(speech), preroll_ms=300)
    for n in range(53):
        gate.feed(numbered(n * FRAME, FRAME), n * FRAME)
    assert gate.speaking
    assert gate.preroll() == numbered(50 * FRAME - 2400, 3 * FRAME + 2400)


def test_without_speech_the_pre_roll_is_the_last_stretch():
    gate = Gate(8_000, lambda _: False, preroll_ms=100)
    assert gate.preroll() == b""
    for n in range(50):
        gate.feed(numbered(n * FRAME, FRAME), n * FRAME)
    assert gate.preroll() == numbered(50 * FRAME - 800, 800)


def test_a_rate_without_whole_frames_is_refused():
    with pytest.raises(MisuseError, match="11025 Hz"):
        Gate(11_025, lambda _: False)


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 48_000])
def test_a_voice_is_found_within_40_ms_and_hum_is_not(rate_hz, voice, tone, pcm16):
    signal = np.concatenate(
        [
            np.zeros(rate_hz),
            voice(rate_hz, 2),
            np.zeros(2 * rate_hz),
            tone(50, rate_hz, 4, 0.02) + tone(150, rate_hz, 4, 0.005),
        ]
    )
    pcm = pcm16(signal + np.random.default_rng(1).normal(0, 0.0005, len(signal)))
    gate = Gate(rate_hz, webrtc_detector(rate_hz))
    size = 2 * rate_hz // 50
    verdicts = [verdict for at in range(0, len(pcm), size) for verdict in gate.feed(pcm[at : at + size], at // 2)]
    assert [type(verdict) for verdict in verdicts] == [SpeechOnset, SpeechEnd]
    assert abs(verdicts[0].sample / rate_hz - 1.0) <= 0.04
    assert abs(verdicts[1].sample / rate_hz - 3.0) <= 0.06
