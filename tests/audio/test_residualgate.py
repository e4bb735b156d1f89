"""What listeners get of the microphone while the agent speaks: next to nothing, or the user from his first syllable."""

from __future__ import annotations

import numpy as np
import pytest

from audio.echoes import RATE_HZ, Room, pcm
from voiceloop.audio.residual import Verdict
from voiceloop.audio.residualgate import LATE_BLOCKS, ResidualGate


@pytest.fixture
def room():
    """Its echo is known."""
    room = Room()
    room.pass_s(6.0)
    return room


def likeness(heard, said):
    heard, said = np.concatenate(heard), np.concatenate(said)
    return float(heard @ said / np.linalg.norm(heard) / np.linalg.norm(said))


@pytest.mark.parametrize("ducked_db", [0.0, 60.0])
def test_the_user_is_heard_from_the_first_syllable_whatever_the_canceller_swallows(room, ducked_db):
    onset = len(room.said)
    room.pass_s(0.6, user=0.1, ducked_db=ducked_db)
    spoken = slice(onset + 6, onset + 60 - LATE_BLOCKS)
    late = slice(spoken.start + LATE_BLOCKS, spoken.stop + LATE_BLOCKS)
    assert likeness(room.heard[late], room.said[spoken]) > 0.98


def test_who_is_heard_late_is_heard_at_once_after_a_pause(room):
    room.pass_s(0.5, user=0.1)
    room.pass_s(1.2, agent=0.0)
    assert room.evidence.verdict is Verdict.FREE
    room.pass_s(0.3, agent=0.0, user=0.1)
    assert likeness(room.heard[-20:], room.said[-20:]) > 0.99


def test_who_goes_on_while_the_agent_falls_silent_loses_no_sample(room):
    onset = len(room.said)
    room.pass_s(0.5, user=0.1)
    room.pass_s(1.5, agent=0.0, user=0.1)
    spoken = slice(onset + 2, onset + 200 - LATE_BLOCKS)
    late = slice(spoken.start + LATE_BLOCKS, spoken.stop + LATE_BLOCKS)
    assert likeness(room.heard[late], room.said[spoken]) > 0.98


def test_it_opens_and_closes_without_a_step(room):
    onset = len(room.said)
    room.pass_s(0.6, user=0.3, tone_hz=200)
    room.pass_s(1.0)
    room.pass_s(1.0, agent=0.0)
    steps = np.abs(np.diff(np.concatenate(room.heard[onset:])))
    assert steps.max() <= 2 * 0.3 * 2 * np.pi * 200 / RATE_HZ


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
def test_every_rate_of_the_canceller_will_do(rate_hz):
    block = pcm(np.random.default_rng(1).normal(0, 0.1, rate_hz // 100))
    gate = ResidualGate(rate_hz)
    assert len(gate.process(block * 2, block * 2, block * 2)) == 2 * len(block)
