from __future__ import annotations

import asyncio
import time

import pytest

from voiceloop.testing.clock import virtual_time
from voiceloop.testing.timelapse import let_pass, wait_for_real


async def test_an_hour_passes_at_once_with_the_work_of_the_loop_done_in_order():
    loop = asyncio.get_running_loop()
    rung = []
    for minutes in (30, 10, 50):
        loop.call_later(60 * minutes, rung.append, minutes)
    began, really = loop.time(), time.monotonic()
    for _ in range(60):
        await let_pass(60.0)
    await let_pass(0.0)
    assert loop.time() - began == pytest.approx(3600, abs=5)
    assert time.monotonic() - really < 5
    assert rung == [10, 30, 50]


async def test_sleepers_and_timeouts_live_by_the_same_clock():
    async def sleeper():
        await asyncio.sleep(100)
        return "awake"

    async def impatient():
        async with asyncio.timeout(50):
            await asyncio.sleep(100)

    async with asyncio.TaskGroup() as group:
        sleeping = group.create_task(sleeper())
        waiting = group.create_task(asyncio.wait([asyncio.ensure_future(impatient())]))  # noqa: TID251
        for _ in range(25):
            await let_pass(5.0)
    assert sleeping.result() == "awake"
    (done,), _ = waiting.result()
    assert isinstance(done.exception(), TimeoutError)


async def test_the_clock_never_steps_back():
    loop = asyncio.get_running_loop()
    seen = [loop.time()]
    for seconds in (5.0, 0.0, 0.1):
        await let_pass(seconds)
        seen.append(loop.time())
    await wait_for_real()
    seen.append(loop.time())
    assert seen == sorted(seen)


@virtual_time
async def test_on_virtual_time_it_is_a_sleep():
    loop = asyncio.get_running_loop()
    began = loop.time()
    await let_pass(5.0)
    assert loop.time() == began + 5.0


@pytest.mark.real
def test_a_loop_whose_clock_cannot_be_moved_takes_real_time():
    uvloop = pytest.importorskip("uvloop")

    async def hold():
        began = time.monotonic()
        await let_pass(0.05)
        return time.monotonic() - began

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(hold()) >= 0.049
