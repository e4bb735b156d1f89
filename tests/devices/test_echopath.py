"""Which block of the speaker a block of the microphone meets, while callbacks come late."""

from __future__ import annotations

import numpy as np
import pytest

from devices.test_exchange import Scene
from voiceloop.devices.duplex import BlockTimes
from voiceloop.devices.echopath import EchoPath
from voiceloop.devices.rings import Rendered


class Log:
    """Stands in for the playback: one block every 10 ms, when the callbacks said so, and sound that tells its place."""

    rate_hz = 24_000

    def __init__(self):
        self.times = BlockTimes(2)

    def rendered(self, block):
        self.times.block(block.at_s)

    def passed(self, number):
        return number < self.times.blocks

    def around(self, number):
        return ((number * 240 + np.arange(240)) % 24_000).astype(np.int16).tobytes()


class Reference:
    """A canceller that keeps what it was told the speaker played."""

    def __init__(self):
        self.far = b""

    def process(self, near, far):
        self.far += far
        return near


def shift(far, number):
    """From a block of the microphone to the place of what it met, in blocks; not known where the sound began anew."""
    samples = np.frombuffer(far, np.int16)
    return (samples[0] / 240 - number + 50) % 100 - 50 if np.isin(np.diff(samples), (0, 1, 2)).all() else np.nan


def steps(shifts):
    """How often they change at once, by more than 2 ms."""
    known = np.array(shifts)[np.isfinite(shifts)]
    return int(np.count_nonzero(np.abs(np.diff(known)) > 0.2))


def steps_when_late(late_s, blocks):
    """How often the pairing changes when the speaker's callbacks are `late_s` for some blocks, after 3 s."""
    log, times = Log(), BlockTimes()
    path, shifts = EchoPath(log, times, round_trip_s=0.06), []
    for number in range(1000):
        late = late_s if 300 <= number < 300 + blocks else 0.0
        log.rendered(Rendered(number, 1.0 + number / 100 + late))
        times.block(1.0 + number / 100)
        shifts.append(shift(path.far(number), number))
    return steps(shifts), shifts[-50]


def test_a_pairing_holds_while_the_loop_is_late_for_half_a_second():
    assert steps_when_late(0.014, 50) == (0, -2)


def test_a_pairing_that_is_wrong_by_less_than_two_blocks_is_better_than_a_step():
    assert steps_when_late(0.014, 700) == (0, -2)


@pytest.mark.parametrize("ppm", [0, 400])
def test_a_pairing_is_mended_once_where_the_streams_stay_apart(ppm):
    log, times = Log(), BlockTimes()
    path, shifts = EchoPath(log, times, round_trip_s=0.06), []
    for number in range(6000):
        lost_s = 0.014 * ((number > 3000) + (number > 3400))
        log.rendered(Rendered(number, 1.0 + number / 100 + lost_s))
        times.block(1.0 + number / 100 * (1 + ppm / 1e6))
        shifts.append(shift(path.far(number), number))
    assert steps(shifts) == 1
    apart = 60 * 1e-4 * ppm - 2.8
    assert -2 - 0.8 < np.nanmean(shifts[-50:]) - apart < -2 + 0.5


def test_underruns_every_two_seconds_are_no_drift():
    """After each, the speaker asks for its blocks by 10 ms earlier: its sound waits longer in the card."""
    log, times = Log(), BlockTimes()
    path, shifts = EchoPath(log, times, round_trip_s=0.06), []
    for number in range(6000):
        underruns = number // 200
        if number % 200 == 0:
            log.times.alarm()
        log.rendered(Rendered(number, 2.0 + number / 100 - underruns / 100))
        times.block(2.0 + number / 100)
        shifts.append(shift(path.far(number), number))
        assert not path.clocks.drifts
    assert 10 <= steps(shifts) <= 20, "30 blocks, two at a time"


def test_a_drift_that_was_none_is_forgotten_with_the_first_step():
    log, times = Log(), BlockTimes()
    path = EchoPath(log, times, round_trip_s=0.06)
    for number in range(4500):
        drifted_s = min(number, 1000) * 10e-6
        log.rendered(Rendered(number, 1.0 + number / 100))
        times.block(1.0 + number / 100 + drifted_s)
        path.far(number)
        if number == 1000:
            assert path.clocks.ppm == pytest.approx(1000, abs=5)
            # So many that nothing can be measured any more.
            times.alarm()
        if number > 1000 and number % 100 == 0:
            times.alarm()
    assert not path.clocks.drifts
    assert shift(path.far(4500), 4500) == pytest.approx(-1, abs=0.5)


def late_callbacks(blocks, ppm, seed):
    """Up to 8 ms late, now and then 30 ms more."""
    dice = np.random.default_rng(seed)
    late_s = dice.uniform(0, 0.008, blocks) + 0.03 * (dice.random(blocks) < 0.002)
    return np.maximum.accumulate(1.0 + np.arange(blocks) / 100 * (1 + ppm / 1e6) + late_s)


def shifts_of(ppm, seconds):
    """What the microphone's blocks meet while its clock is slower by so much, less what they should: in blocks."""
    log, times = Log(), BlockTimes()
    path, played, off = EchoPath(log, times, round_trip_s=0.06), 0, []
    captured_s, rendered_s = late_callbacks(100 * seconds, ppm, 1), late_callbacks(100 * seconds + 200, 0, 2)
    for number, at_s in enumerate(captured_s):
        while rendered_s[played] < at_s or not path.passed(number):
            log.rendered(Rendered(played, rendered_s[played]))
            played += 1
        times.block(at_s)
        off.append(shift(path.far(number), number) - number * ppm / 1e6 + 2)
    return np.array(off), path


@pytest.mark.parametrize(("ppm", "within"), [(30, 0.8), (300, 0.8), (-300, 0.8), (1000, 1.2), (-1000, 1.2)])
def test_clocks_that_differ_are_kept_together_without_a_step(ppm, within):
    off, path = shifts_of(ppm, 150)
    assert steps(off) == 0
    assert np.nanmax(np.abs(off)) < within
    assert path.clocks.ppm == pytest.approx(ppm, abs=4)
    assert 240 * np.nanmax(np.abs(np.diff(off))) < 2, "a sample or so from block to block"
    assert abs(np.nanmean(off[-5000:-4000]) - np.nanmean(off[-1000:])) < 0.15, "1.5 ms in 40 s: hardly 40 ppm"


def test_equal_clocks_get_what_was_played_sample_by_sample():
    off, path = shifts_of(0, 120)
    assert not path.clocks.drifts
    assert np.isin(off[np.isfinite(off)], off[-500]).all()


def play(scene, late_blocks):
    """A second of both directions; for a while the loop learns of the speaker's blocks so much later."""
    canceller = scene.exchange.microphone.canceller = Reference()
    scene.ledger.put("r", "i", 0, np.repeat(np.arange(1, 201, dtype=np.int16), 240).tobytes())
    held = []
    for number in range(100):
        held.append(1.0 + number / 100)
        if not 40 <= number < 40 + late_blocks:
            for at_s in held:
                scene.card.play(at_s)
            held = []
        scene.card.capture(1.0 + number / 100)
        scene.exchange.turn(1.0 + number / 100)
    return np.frombuffer(canceller.far, np.int16)[::240]


def test_the_microphone_waits_for_a_late_callback_of_the_speaker():
    far = play(Scene(), late_blocks=3)
    assert len(far) == 100
    sounding = far[np.flatnonzero(far)[0] :]
    assert (sounding[: 40 - 6] == np.arange(1, 35)).all()
    assert np.count_nonzero(sounding == 0) == 2, "four were asked for at once, and the ring held two"


def test_a_speaker_that_stays_away_is_not_waited_for():
    far = play(Scene(), late_blocks=60)
    assert len(far) >= 88, "ten blocks at most, and a frame"
