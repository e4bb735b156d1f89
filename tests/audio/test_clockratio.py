"""How far apart two cards' clocks are, by callbacks that come late, and only ever late."""

from __future__ import annotations

import numpy as np
import pytest

from voiceloop.audio.clockratio import ClockRatio

SEEDS = range(8)


class Cards:
    """A microphone and a speaker. Each half second brings the most punctual of 50 callbacks of both."""

    def __init__(self, seed=1, late_s=0.008):
        self.ratio = ClockRatio()
        self._rng = np.random.default_rng(seed)
        self._late_s = late_s
        self.at_s = self._apart_s = 0.0

    def pass_s(self, seconds, ppm, stall_s=0.0):
        """Time passes; the speaker's callbacks are all `stall_s` late meanwhile. How far off the estimates were."""
        off_ppm = []
        for _ in range(round(2 * seconds)):
            self.at_s += 0.5
            self._apart_s += 0.5e-6 * ppm
            near_s, far_s = self._rng.uniform(0, self._late_s, (2, 50)).min(axis=1)
            # Both clocks run 40 ppm behind ours.
            both_s = self.at_s * 40e-6
            self.ratio.read(self.at_s, 5.003 + both_s + self._apart_s + near_s, 5.0 + both_s + far_s + stall_s)
            off_ppm.append(self.ratio.ppm - ppm)
        return np.array(off_ppm)

    def drop_s(self, seconds):
        """The microphone lost so much sound without a word."""
        self._apart_s += seconds


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("ppm", "within_s"), [(100, 15), (300, 10), (-300, 10), (1000, 7)])
def test_a_drift_is_found_soon_and_exactly(ppm, within_s, seed):
    cards = Cards(seed)
    cards.pass_s(within_s, ppm)
    assert cards.ratio.drifts
    assert abs(cards.ratio.ppm - ppm) < 60
    cards.pass_s(30 - within_s, ppm)
    assert abs(cards.ratio.ppm - ppm) < 15
    cards.pass_s(30, ppm)
    assert abs(cards.pass_s(60, ppm)).max() < 5


@pytest.mark.parametrize("ppm", [-30, 30, 45])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_drift_that_no_canceller_minds_is_left_alone(ppm, seed):
    cards = Cards(seed)
    cards.pass_s(300, ppm)
    assert abs(cards.ratio.ppm - ppm) < 5
    assert not cards.ratio.drifts


@pytest.mark.parametrize("late_s", [0.0, 0.002, 0.008, 0.02])
@pytest.mark.parametrize("seed", SEEDS)
def test_where_there_is_no_drift_none_is_found(seed, late_s):
    cards = Cards(seed, late_s)
    cards.pass_s(300, 0)
    assert not cards.ratio.drifts


def test_it_knows_how_sure_it_is():
    off = []
    for seed in range(40):
        cards = Cards(seed)
        cards.pass_s(20, 1000)
        off.append((cards.ratio.ppm - 1000) / cards.ratio.error_ppm)
    assert 0.5 < np.std(off) < 1.5
    assert cards.ratio.error_ppm > 4
    cards.pass_s(60, 1000)
    assert cards.ratio.error_ppm < 2


def test_nothing_is_told_before_five_seconds():
    cards = Cards()
    cards.pass_s(4.5, 1000)
    assert not cards.ratio.drifts
    assert cards.ratio.ppm == 0.0


def test_callbacks_that_all_come_late_for_seconds_change_nothing():
    cards = Cards()
    cards.pass_s(60, 300)
    assert abs(cards.pass_s(4, 300, stall_s=0.03)).max() < 5
    assert abs(cards.pass_s(60, 300)).max() < 5
    assert cards.ratio.apart_s(cards.at_s) == pytest.approx(0.003 + 300e-6 * cards.at_s, abs=0.001)


def test_a_dropped_buffer_moves_the_streams_and_not_the_clocks():
    cards = Cards()
    cards.pass_s(60, 300)
    cards.drop_s(0.007)
    assert abs(cards.pass_s(60, 300)).max() < 5
    assert cards.ratio.apart_s(cards.at_s) == pytest.approx(0.01 + 300e-6 * cards.at_s, abs=0.001)


def test_what_is_forgotten_is_read_anew_and_the_figure_holds_meanwhile():
    cards = Cards()
    cards.pass_s(60, 300)
    cards.ratio.forget()
    cards.drop_s(0.012)
    assert not cards.ratio.known
    assert abs(cards.pass_s(20, 300)).max() < 40
    assert cards.ratio.apart_s(cards.at_s) == pytest.approx(0.015 + 300e-6 * cards.at_s, abs=0.001)


def test_another_device_is_measured_anew_and_the_old_figure_holds_until_then():
    cards = Cards()
    cards.pass_s(60, 300)
    cards.drop_s(-0.04)
    off = cards.pass_s(90, -200)
    assert off.max() < 510
    assert off.min() > -60
    assert abs(off[80:]).max() < 20
    assert abs(off[-1]) < 5
    assert cards.ratio.drifts
