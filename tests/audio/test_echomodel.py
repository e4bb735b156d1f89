"""How late the echo comes and how loud, and when it is missing."""

from __future__ import annotations

import numpy as np
import pytest

from voiceloop.audio.echomodel import BANDS, LAGS, EchoModel

RNG = np.random.default_rng(4)
SILENCE = np.full(BANDS, -90.0)


def talk(blocks: int) -> np.ndarray:
    """Levels of somebody who speaks: bands that come and go, each for some 60 ms."""
    slow = np.repeat(RNG.normal(-30, 12, (blocks // 6 + 1, BANDS)), 6, axis=0)[:blocks]
    return np.clip(slow, -90, -12)


def late(far: np.ndarray, blocks: int, gain_db: float = 0.0) -> np.ndarray:
    return np.concatenate((np.tile(SILENCE, (blocks, 1)), far))[: len(far)] + gain_db


def follow(model: EchoModel, near: np.ndarray, far: np.ndarray, *, alone: bool = True) -> list[float]:
    shares = []
    for near_db, far_db in zip(near, far, strict=True):
        model.follow(near_db, far_db, echo_alone=alone)
        shares.append(model.missing)
    return shares


@pytest.mark.parametrize("lag", [0, 6, 35, LAGS - 2])
def test_an_echo_that_comes_as_expected_is_never_missing(lag):
    far = talk(600)
    assert max(follow(EchoModel(), late(far, lag, -6.0), far)[200:]) < 0.1


def test_an_echo_that_comes_later_than_before_is_missing_at_once():
    far = talk(600)
    model = EchoModel()
    follow(model, late(far, 6)[:400], far[:400])
    assert max(follow(model, late(far, 18)[400:440], far[400:440], alone=False)) > 0.3


def test_a_user_who_speaks_hides_no_echo():
    far, user = talk(800), talk(800)
    echo = late(far, 6)
    both = 10 * np.log10(10 ** (echo / 10) + 10 ** (user / 10))
    model = EchoModel()
    follow(model, echo[:400], far[:400])
    assert max(follow(model, both[400:], far[400:], alone=False)) < 0.1


def test_a_loudspeaker_that_was_turned_down_is_noticed():
    far = talk(500)
    model = EchoModel()
    follow(model, late(far, 6)[:400], far[:400])
    assert max(follow(model, late(far, 6, -20.0)[400:430], far[400:430], alone=False)) > 0.3


def test_nothing_is_missing_while_nothing_is_known():
    far = talk(300)
    model = EchoModel()
    assert not any(follow(model, np.tile(SILENCE, (300, 1)), far, alone=False))
    assert not any(follow(model, late(far, 6)[:40], far[:40]))
    follow(model, late(far, 6), far)
    model.forget()
    assert not any(follow(model, late(far, 18)[:40], far[:40]))


def test_the_new_path_is_learned_after_the_old_one_is_forgotten():
    far = talk(800)
    model = EchoModel()
    follow(model, late(far, 6)[:300], far[:300])
    model.forget()
    assert max(follow(model, late(far, 18)[300:], far[300:])[200:]) < 0.1
