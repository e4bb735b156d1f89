"""A canceller that only subtracts: it takes the echo and leaves the user."""

from __future__ import annotations

import numpy as np
import pytest

from journeys.echoroom import EchoPath, Room, speech
from voiceloop.audio.linearecho import LinearEcho

RATE_HZ = 24_000
BLOCK = RATE_HZ // 100
AGENT = ("two_questions", "hello", "order", "timer")


def db(samples):
    return 10 * np.log10(np.mean(samples**2) + 1e-12)


def taken_db(path, *, user=0.0, seconds=6.0, lag=6):
    """What is gone of the echo, and how much more than the user is left, in the last second."""
    far = speech(RATE_HZ, *AGENT, seconds=seconds)
    room, canceller = Room(path, RATE_HZ), LinearEcho(BLOCK, 70)
    said = np.zeros(len(far))
    said[-RATE_HZ:] = user * speech(RATE_HZ, "time_question_c", seconds=1.0)
    echoes, left = [], []
    for at in range(0, len(far), BLOCK):
        echo = room.hears(far[at : at + BLOCK], at)
        left.append(canceller.residual(echo + said[at : at + BLOCK], far[at : at + BLOCK], lag))
        echoes.append(echo)
    last = slice(-RATE_HZ, None)
    return db(np.concatenate(echoes)[last]) - db((np.concatenate(left) - said)[last])


@pytest.mark.parametrize(
    ("path", "lag", "least_db"),
    [
        (EchoPath(), 6, 20),
        (EchoPath(delay_ms=5), 0, 20),
        (EchoPath(delay_ms=350), 35, 20),
        (EchoPath(drift_ppm=100), 6, 20),
        (EchoPath(drift_ppm=-300), 6, 15),
        (EchoPath(clipped_at=0.12), 6, 6),
    ],
)
def test_most_of_an_echo_is_taken(path, lag, least_db):
    assert taken_db(path, lag=lag) > least_db


@pytest.mark.parametrize("path", [EchoPath(), EchoPath(drift_ppm=100)])
def test_as_much_is_taken_while_the_user_speaks(path):
    assert taken_db(path, user=1.0) > 12


@pytest.mark.parametrize("drift_ppm", [0, 100, -100])
def test_how_far_the_clocks_differ_is_found_from_the_sound_alone(drift_ppm):
    room, canceller = Room(EchoPath(drift_ppm=drift_ppm), RATE_HZ), LinearEcho(BLOCK, 70)
    far = speech(RATE_HZ, *AGENT, seconds=10.0)
    for at in range(0, len(far), BLOCK):
        canceller.residual(room.hears(far[at : at + BLOCK], at), far[at : at + BLOCK], 6)
    assert canceller.slip / BLOCK * 1e6 == pytest.approx(drift_ppm, abs=10)


def test_the_clocks_go_on_while_nobody_speaks():
    room, canceller = Room(EchoPath(drift_ppm=100), RATE_HZ), LinearEcho(BLOCK, 70)
    said = speech(RATE_HZ, *AGENT, seconds=10.0)
    far = np.concatenate((said, np.zeros(4 * RATE_HZ), said[:RATE_HZ]))
    echoes, left = [], []
    for at in range(0, len(far), BLOCK):
        echoes.append(room.hears(far[at : at + BLOCK], at))
        left.append(canceller.residual(echoes[-1], far[at : at + BLOCK], 6))
    again = slice(14 * RATE_HZ, 14 * RATE_HZ + RATE_HZ // 3)
    assert db(np.concatenate(echoes)[again]) - db(np.concatenate(left)[again]) > 15


def test_a_user_and_noise_move_no_clock():
    far, noise = speech(RATE_HZ, *AGENT, seconds=6.0), np.random.default_rng(1).normal(0, 0.03, 6 * RATE_HZ)
    room, canceller = Room(EchoPath(), RATE_HZ), LinearEcho(BLOCK, 70)
    said = speech(RATE_HZ, "time_question_c", "hello_c", seconds=6.0) + noise
    for at in range(0, len(far), BLOCK):
        echo = room.hears(far[at : at + BLOCK], at)
        canceller.residual(echo + said[at : at + BLOCK], far[at : at + BLOCK], 6)
    assert abs(canceller.slip) / BLOCK * 1e6 < 20


def test_an_echo_of_unknown_delay_is_left_as_it_is():
    canceller, near = LinearEcho(BLOCK, 70), np.ones(BLOCK)
    assert canceller.residual(near, near, -1) is near
