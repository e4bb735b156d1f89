"""Where a long recording is cut before it is recognised."""

from __future__ import annotations

import numpy as np
import pytest

from voiceloop_local.rest.stretches import stretches

RATE_HZ = 16_000


def noise(seconds, level=0.2):
    return np.random.default_rng(7).standard_normal(round(seconds * RATE_HZ)) * level


def quiet(seconds):
    return np.zeros(round(seconds * RATE_HZ))


def pcm(*pieces):
    return (np.clip(np.concatenate(pieces), -1, 1) * 32767).astype("<i2").tobytes()


@pytest.mark.parametrize("silent", [b"", b"\0", pcm(quiet(70)), pcm(noise(3, level=0.0002))])
def test_where_nobody_speaks_there_is_no_stretch(silent):
    assert list(stretches(silent, RATE_HZ)) == []


def test_short_speech_is_one_stretch_with_little_silence_around_it():
    recording = pcm(quiet(1.0), noise(2.0), quiet(1.0))
    [only] = stretches(recording, RATE_HZ)
    assert (only.start_ms, only.end_ms) == (800, 3200)
    assert only.pcm == recording[800 * 32 : 3200 * 32]


def test_long_speech_is_cut_in_its_pauses_and_nothing_between_is_lost():
    pause = quiet(0.6)
    spoken = pcm(noise(23), pause, noise(23), pause, noise(10))
    found = list(stretches(spoken, RATE_HZ))
    borders = [border for piece in found for border in (piece.start_ms, piece.end_ms)]
    assert borders == pytest.approx([0, 23_200, 23_400, 46_800, 47_000, 57_200], abs=200)
    assert all(len(piece.pcm) == (piece.end_ms - piece.start_ms) * 32 for piece in found)


def test_speech_without_any_pause_is_cut_all_the_same():
    found = list(stretches(pcm(noise(90)), RATE_HZ))
    assert sum(len(piece.pcm) for piece in found) == 90 * RATE_HZ * 2
    assert all(20_000 <= piece.end_ms - piece.start_ms <= 28_000 for piece in found[:-1])


def test_a_long_silence_before_speech_is_passed_over():
    [only] = stretches(pcm(quiet(65), noise(2)), RATE_HZ)
    assert only.start_ms == pytest.approx(64_800, abs=20)
