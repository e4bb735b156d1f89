"""The audio clock, mostly on a loop whose time the test moves."""

from __future__ import annotations

import asyncio
import gc
import heapq
import weakref

import pytest

from voiceloop.devices.clock import AudioClock, shared_clock
from voiceloop.errors import MisuseError


class Timer:
    def __init__(self):
        self.cancelled = False

    def cancel(self):
        self.cancelled = True


class FakeLoop:
    """Virtual time; `late_s` is how late every timer fires."""

    def __init__(self, start_s=1000.0, late_s=0.0):
        self.now = start_s
        self.late_s = late_s
        self.timers = []
        self.soon = []
        self.failures = []
        self.count = 0

    def time(self):
        return self.now

    def call_at(self, when, callback):
        timer = Timer()
        self.count += 1
        heapq.heappush(self.timers, (when, self.count, callback, timer))
        return timer

    def call_soon(self, callback):
        self.soon.append(callback)

    def run_until(self, end_s):
        while True:
            while self.soon:
                self.call(self.soon.pop(0))
            if not self.timers or max(self.timers[0][0] + self.late_s, self.now) > end_s:
                break
            when, _, callback, timer = heapq.heappop(self.timers)
            if not timer.cancelled:
                self.now = max(self.now, when + self.late_s)
                self.call(callback)
        self.now = max(self.now, end_s)

    def call(self, callback):
        try:
            callback()
        except RuntimeError as failure:
            self.failures.append(failure)


def test_ticks_once_per_block_for_an_hour_without_drift():
    loop = FakeLoop(start_s=12345.678, late_s=0.003)
    ticks = []
    AudioClock(loop).subscribe(lambda: ticks.append(loop.now))
    loop.run_until(12345.678 + 3600 + 0.004)
    assert len(ticks) == 180_000
    assert ticks[-1] - ticks[0] == pytest.approx(179_999 * 0.02, abs=1e-6)


def test_the_first_tick_comes_when_the_first_block_is_over():
    loop = FakeLoop()
    ticks = []
    subscription = AudioClock(loop).subscribe(lambda: ticks.append(loop.now))
    assert subscription.origin_s == loop.now
    loop.run_until(1000.0199)
    assert ticks == []
    loop.run_until(1000.0201)
    assert ticks == [pytest.approx(1000.02)]


def test_later_subscribers_take_other_phases_and_begin_at_their_origin():
    loop = FakeLoop()
    clock = AudioClock(loop)
    ticks = {name: [] for name in "abcde"}
    origins = {}
    for name, times in ticks.items():
        origins[name] = clock.subscribe(lambda times=times: times.append(loop.now)).origin_s
    assert [round((origins[name] - 1000) * 1000) for name in "abcd"] == [0, 5, 10, 15]
    assert 1000 <= origins["e"] <= 1000.02
    loop.run_until(1001)
    for name, times in ticks.items():
        assert times[0] == pytest.approx(origins[name] + 0.02)


def test_a_subscriber_that_joins_later_waits_at_most_one_block():
    loop = FakeLoop()
    clock = AudioClock(loop)
    keep = [clock.subscribe(lambda: None) for _ in range(4)]
    for _ in range(50):
        loop.run_until(loop.now + 0.0137)
        origin = clock.subscribe(lambda: None).origin_s
        assert loop.now - 1e-6 <= origin <= loop.now + 0.02 + 1e-6
    assert keep


def test_a_stall_is_caught_up_in_bounded_turns():
    loop = FakeLoop()
    ticks = []
    AudioClock(loop).subscribe(lambda: ticks.append(loop.now))
    loop.run_until(1000.1)
    before = len(ticks)
    loop.now = 1001.1005
    calls = []
    call = loop.call

    def counted(callback):
        seen = len(ticks)
        call(callback)
        calls.append(len(ticks) - seen)

    loop.call = counted
    loop.run_until(1001.1006)
    assert len(ticks) - before == 50
    assert max(calls) == 10


def test_a_late_joiner_is_not_given_the_blocks_missed_before_it_came():
    loop = FakeLoop()
    clock = AudioClock(loop)
    early, late = [], []
    clock.subscribe(lambda: early.append(loop.now))
    for _ in range(3):
        clock.subscribe(lambda: None)
    loop.now = 1000.5
    clock.subscribe(lambda: late.append(loop.now))
    loop.run_until(1000.6001)
    assert len(early) == 30
    assert len(late) in (4, 5)


def test_cancelling_stops_ticks_and_the_last_one_stops_the_timers():
    loop = FakeLoop()
    clock = AudioClock(loop)
    ticks = []
    first = clock.subscribe(lambda: ticks.append("first"))
    second = clock.subscribe(lambda: ticks.append("second"))
    loop.run_until(1000.03)
    first.cancel()
    first.cancel()
    ticks.clear()
    loop.run_until(1000.1)
    assert set(ticks) == {"second"}
    second.cancel()
    assert all(timer.cancelled for *_, timer in loop.timers)


def test_a_clock_that_was_idle_starts_afresh():
    loop = FakeLoop()
    clock = AudioClock(loop)
    clock.subscribe(lambda: None).cancel()
    loop.now = 2000.0071
    assert clock.subscribe(lambda: None).origin_s == 2000.0071


def test_a_tick_may_cancel_itself_and_others():
    loop = FakeLoop()
    clock = AudioClock(loop)
    ticks = []
    subscriptions = []

    def stop_everyone():
        ticks.append("stop")
        for each in subscriptions:
            each.cancel()

    subscriptions.append(clock.subscribe(stop_everyone))
    subscriptions += [clock.subscribe(lambda: ticks.append("late")) for _ in range(4)]
    loop.run_until(1001)
    assert ticks == ["stop"]


def test_one_that_raises_does_not_silence_the_others():
    loop = FakeLoop()
    clock = AudioClock(loop)
    ticks = []

    def fail():
        raise RuntimeError("ears")

    for number in range(8):
        clock.subscribe(fail if number in (0, 4) else lambda number=number: ticks.append(number))
    loop.now = 1000.1004
    loop.run_until(1000.1005)
    assert len(loop.failures) == 10
    assert sorted(set(ticks)) == [1, 2, 3, 5, 6, 7]
    assert ticks.count(1) in (4, 5)


def test_a_timer_that_fires_early_still_delivers_its_block():
    loop = FakeLoop()
    ticks = []
    AudioClock(loop).subscribe(lambda: ticks.append(loop.now))
    _, _, callback, _ = loop.timers.pop()
    loop.now = 1000.0195
    callback()
    assert len(ticks) == 1
    assert loop.timers[0][0] == pytest.approx(1000.04)


def test_a_clock_whose_loop_is_gone_says_so():
    clock = AudioClock(FakeLoop())
    gc.collect()
    with pytest.raises(MisuseError, match="event loop"):
        clock.subscribe(lambda: None)


def test_each_loop_has_its_own_clock_and_none_outlives_its_loop():
    async def take():
        assert shared_clock() is shared_clock()
        subscription = shared_clock().subscribe(lambda: None)
        subscription.cancel()
        return weakref.ref(shared_clock())

    first = asyncio.run(take())
    second = asyncio.run(take())
    gc.collect()
    assert first() is None
    assert second() is None


@pytest.mark.real
async def test_runs_on_a_real_loop():
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    ticks = []

    def tick():
        ticks.append(loop.time())
        if len(ticks) == 10:
            done.set_result(None)

    subscription = shared_clock().subscribe(tick)
    await asyncio.wait_for(done, 5)
    subscription.cancel()
    assert ticks[-1] >= subscription.origin_s + 10 * 0.02 - 0.002
