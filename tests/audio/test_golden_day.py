"""A day of sound: after 24 hours of blocks, every one of them late, not one sample is too many or too few."""

from __future__ import annotations

import random

import numpy as np
import pytest

from voiceloop.audio.ledger import Ledger
from voiceloop.audio.resample import Resampler
from voiceloop.devices.clock import BLOCK_S, AudioClock
from voiceloop.events import PlaybackFinished, PlaybackStarted

DAY_S = 24 * 3600
RATE_HZ = 8_000
BLOCK = round(RATE_HZ * BLOCK_S)


class BusyLoop:
    """Time that the test moves; every timer comes late, by up to ten blocks."""

    def __init__(self):
        self.now = 1e6 + 1 / 3
        self._due = None
        self._dice = random.Random(24)

    def time(self):
        return self.now

    def call_at(self, when, callback):
        self._due = (when, callback)
        return self

    def call_soon(self, callback):
        raise AssertionError("nothing fails here")

    def cancel(self):
        self._due = None

    def run_until(self, end_s):
        while self._due is not None and self._due[0] <= end_s:
            when, callback = self._due
            self.now = min(end_s, when + self._dice.uniform(0, 9.9 * BLOCK_S))
            callback()


def test_a_day_of_blocks_drifts_by_no_sample():
    loop, events, ticks = BusyLoop(), [], 0
    ledger = Ledger(RATE_HZ, events.append)

    def tick():
        nonlocal ticks
        ticks += 1
        if ticks % 50 == 0:  # a second at once: a line may, and the test must not take minutes
            ledger.pull(50 * BLOCK)
            ledger.ack(ledger.position)

    subscription = AudioClock(loop).subscribe(tick)
    for hour in range(24):
        # A reply of one second an hour says where its samples really lay.
        ledger.put(f"r{hour}", "item", 0, bytes(2 * RATE_HZ))
        ledger.seal(f"r{hour}")
        loop.run_until(subscription.origin_s + 3600 * (hour + 1) + 1e-4)
        assert ticks == 3600 * (hour + 1) * 50
    subscription.cancel()
    assert ledger.position == DAY_S * RATE_HZ
    assert [event.at_s for event in events if isinstance(event, PlaybackStarted)] == [3600.0 * h for h in range(24)]
    assert all(event.spans[0].heard_ms == 1000 for event in events if isinstance(event, PlaybackFinished))
    assert ledger.underruns == 0


@pytest.mark.parametrize(
    "pair", [(8_000, 24_000), (24_000, 8_000), (44_100, 24_000), (24_000, 44_100), (48_000, 24_000)]
)
def test_a_resampler_is_after_each_second_where_it_was_a_second_before(pair):
    """The same second gives the same samples, so the second after a day differs from the first by nothing."""
    from_hz, to_hz = pair
    second = np.random.default_rng(1).integers(-20_000, 20_000, from_hz).astype(np.int16).tobytes()
    resampler = Resampler(from_hz, to_hz)
    blocks = [
        resampler.feed(second[at : at + from_hz // 25]) for _ in range(5) for at in range(0, len(second), from_hz // 25)
    ]
    out = b"".join([*blocks, resampler.drain()])
    assert len(out) == 5 * 2 * to_hz
    seconds = [out[2 * to_hz * n : 2 * to_hz * (n + 1)] for n in range(5)]
    assert seconds[1] == seconds[2] == seconds[3]
