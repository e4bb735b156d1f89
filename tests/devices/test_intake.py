"""What a microphone gives becomes clean mono."""

from __future__ import annotations

import numpy as np
import pytest

from voiceloop.devices.intake import Intake, MuteWatch

BLOCK = 480


def voice(blocks, hz=200.0):
    return (0.25 * np.sin(2 * np.pi * hz * np.arange(blocks * BLOCK) / 48_000)).astype(np.float32)


def take(intake, samples, channels=1):
    size = 4 * channels * BLOCK
    pcm = np.asarray(samples, np.float32).tobytes()
    return np.frombuffer(b"".join(intake.take(pcm[n : n + size]) for n in range(0, len(pcm), size)), np.int16)


def test_a_clean_microphone_passes_as_it_is():
    said = np.rint(voice(100) * 32_768)
    assert np.abs(take(Intake(), voice(100)) - said).max() <= 1


@pytest.mark.parametrize(("channels", "left", "right"), [(2, 1, 1), (2, 1, 0), (2, 0, 1), (8, 1, 1), (8, 1, 0)])
def test_of_many_channels_the_first_two_are_mixed_and_dead_ones_left_out(channels, left, right):
    frames = np.random.default_rng(1).normal(0, 0.1, (100 * BLOCK, channels))
    frames[:, 0], frames[:, 1] = left * voice(100), right * voice(100)
    said = np.rint(voice(100) * 32_768)
    assert np.abs(take(Intake(channels), frames, channels) - said).max() <= 1, "not quieter, and nothing of the others"


@pytest.mark.parametrize("channels", [1, 2])
def test_what_is_no_number_becomes_silence_and_is_counted(channels):
    frames = np.repeat(voice(3)[:, None], channels, axis=1)
    frames[700], frames[701], frames[702] = np.nan, np.inf, -np.inf
    intake = Intake(channels)
    heard = take(intake, frames, channels)
    assert intake.broken_samples == 3 * channels
    assert np.abs(heard[700:703]).max() <= 1
    assert np.abs(heard).max() < 0.26 * 32_768
    assert np.abs(heard[710:] - np.rint(voice(3)[710:] * 32_768)).max() <= 10, "nothing of it stays"


def test_an_offset_goes_within_seconds_and_without_a_click():
    heard = take(Intake(), voice(600) + np.float32(0.1)).astype(float)
    assert abs(heard[-BLOCK * 100 :].mean()) < 0.005 * 32_768
    steps = np.abs(np.diff(heard))
    steepest = 32_768 * 0.25 * 2 * np.pi * 200 / 48_000
    assert steps.max() < steepest + 2, "no step is larger than those of the voice"


def test_a_low_voice_is_not_taken_for_an_offset():
    heard = take(Intake(), voice(600, hz=80.0)).astype(float)[BLOCK * 300 :]
    assert np.sqrt(np.mean(heard**2)) == pytest.approx(32_768 * 0.25 / np.sqrt(2), rel=0.01)


def test_too_loud_is_clipped_and_not_wrapped():
    assert take(Intake(), np.full(BLOCK, 1.7)).min() > 32_000
    assert take(Intake(), np.full(BLOCK, -1.7)).max() < -32_000


def test_a_muted_microphone_is_silence_in_spite_of_its_offset():
    intake = Intake()
    take(intake, voice(500) + np.float32(0.2))
    assert not take(intake, np.zeros(BLOCK)).any()


class Watch:
    def __init__(self):
        self.told = []
        self.blocks = 0
        self.watch = MuteWatch(lambda: self.told.append(self.blocks / 100), 100)

    def hear(self, seconds, *, zeros):
        for _ in range(round(100 * seconds)):
            self.blocks += 1
            self.watch.block(zeros=zeros)


def test_a_microphone_muted_in_the_middle_of_a_word_is_told_after_two_seconds_once():
    room = Watch()
    room.hear(5, zeros=False)
    room.hear(60, zeros=True)
    assert room.told == [7.0]


def test_it_is_told_again_when_it_came_back_and_went_again_but_not_every_time():
    room = Watch()
    for _ in range(20):
        room.hear(3, zeros=False)
        room.hear(3, zeros=True)
    assert len(room.told) in (3, 4), "120 s, at most once in 30"
    room.hear(1, zeros=False)
    room.hear(60, zeros=True)
    told = len(room.told)
    room.hear(31, zeros=False)
    room.hear(3, zeros=True)
    assert len(room.told) == told + 1


def test_a_pause_of_zeros_shorter_than_that_is_no_trouble():
    room = Watch()
    for _ in range(20):
        room.hear(1.9, zeros=True)
        room.hear(0.1, zeros=False)
    assert room.told == []
