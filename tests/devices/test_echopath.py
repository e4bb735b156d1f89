"""Which block of the speaker a block of the microphone meets, while callbacks come late."""

from __future__ import annotations

import numpy as np

from devices.test_exchange import Scene
from voiceloop.devices.duplex import BlockTimes
from voiceloop.devices.echopath import EchoPath
from voiceloop.devices.rings import Rendered


class Log:
    """Stands in for the playback: one block every 10 ms, and when the callbacks said so."""

    def __init__(self):
        self.times = BlockTimes(2)

    def rendered(self, block):
        self.times.block(block.at_s)

    def passed(self, number):
        return number < self.times.blocks

    def around(self, number):
        return str(number).encode()


class Reference:
    """A canceller that keeps what it was told the speaker played."""

    def __init__(self):
        self.far = b""

    def process(self, near, far):
        self.far += far
        return near


def steps_when_late(late_s, blocks):
    """How often the pairing changes when the speaker's callbacks are `late_s` for some blocks, after 3 s."""
    log, times = Log(), BlockTimes()
    path, shifts = EchoPath(log, times, round_trip_s=0.06), []
    for number in range(1000):
        late = late_s if 300 <= number < 300 + blocks else 0.0
        log.rendered(Rendered(number, 1.0 + number / 100 + late))
        times.block(1.0 + number / 100)
        shifts.append(int(path.far(number)) - number)
    return int(np.count_nonzero(np.diff(shifts))), shifts[-1]


def test_a_pairing_holds_while_the_loop_is_late_for_half_a_second():
    assert steps_when_late(0.014, 50) == (0, -2)


def test_a_pairing_that_is_wrong_by_less_than_two_blocks_is_better_than_a_step():
    assert steps_when_late(0.014, 700) == (0, -2)


def test_a_pairing_is_mended_where_the_streams_stay_apart():
    log, times = Log(), BlockTimes()
    path, shifts = EchoPath(log, times, round_trip_s=0.06), []
    for number in range(6000):
        log.rendered(Rendered(number, 1.0 + number / 100 * 1.0005))
        times.block(1.0 + number / 100)
        shifts.append(int(path.far(number)) - number)
    assert 1 <= np.count_nonzero(np.diff(shifts)) <= 2, "30 ms"
    assert shifts[-1] < -2


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
