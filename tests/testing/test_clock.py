from __future__ import annotations

import asyncio
import time

import pytest

from voiceloop.errors import MisuseError
from voiceloop.testing.clock import VirtualLoop, run_virtual, virtual_time


def test_an_hour_passes_at_once_and_exactly():
    async def sleep_an_hour():
        loop = asyncio.get_running_loop()
        start = loop.time()
        await asyncio.sleep(3000)
        return loop.time() - start

    began = time.monotonic()
    assert run_virtual(sleep_an_hour()) == pytest.approx(3000, abs=1e-6)
    assert time.monotonic() - began < 5


@virtual_time
async def test_timers_fire_in_order_at_their_times():
    loop = asyncio.get_running_loop()
    start = loop.time()
    fired = []
    for delay in (3.0, 1.0, 2.0, 1.0):
        loop.call_later(delay, lambda delay=delay: fired.append((delay, round(loop.time() - start, 6))))
    await asyncio.sleep(10)
    assert fired == [(1.0, 1.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]


@virtual_time
async def test_time_stands_still_while_anything_is_ready():
    loop = asyncio.get_running_loop()
    start = loop.time()
    for _ in range(100):
        await asyncio.sleep(0)
    assert loop.time() == start


@virtual_time
async def test_a_thread_is_waited_for_and_costs_no_virtual_time():
    loop = asyncio.get_running_loop()
    late = loop.call_later(0.001, pytest.fail, "time passed while a thread worked")
    start = loop.time()
    assert await asyncio.to_thread(lambda: time.sleep(0.05) or "done") == "done"
    assert loop.time() == start
    late.cancel()


def test_waiting_for_nothing_is_an_error_and_not_a_hang():
    async def forever():
        asyncio.current_task().set_name("stuck here")
        await asyncio.get_running_loop().create_future()

    loop = VirtualLoop()
    stuck = loop.create_task(forever())
    with pytest.raises(MisuseError, match="stuck here"):
        loop.run_until_complete(stuck)
    stuck.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(stuck)
    loop.close()


def test_endless_ticking_ends_at_the_limit():
    async def tick():
        while True:  # noqa: ASYNC110
            await asyncio.sleep(1)

    with pytest.raises(TimeoutError):
        run_virtual(tick(), within_s=100)


@pytest.mark.parametrize("number", [1, 2])
@virtual_time
async def test_the_decorator_keeps_pytest_arguments(number, tmp_path):
    assert number in (1, 2)
    assert tmp_path.exists()
