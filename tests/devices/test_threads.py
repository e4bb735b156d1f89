"""Calls into a driver that may never come back."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from voiceloop.devices.threads import in_thread
from voiceloop.errors import DeviceError


async def test_it_waits_for_the_work_and_runs_it_elsewhere():
    where = []
    await in_thread(lambda: where.append(threading.current_thread()), 5)
    assert where[0] is not threading.main_thread()
    assert where[0].daemon


async def test_what_the_work_raises_is_raised():
    def fail():
        raise DeviceError("gone")

    with pytest.raises(DeviceError, match="gone"):
        await in_thread(fail, 5)


async def test_work_that_hangs_is_left_behind():
    release, left = threading.Event(), threading.Event()

    def hang():
        release.wait(10)
        left.set()

    with pytest.raises(TimeoutError):
        await in_thread(hang, 0.01)
    release.set()
    assert await asyncio.to_thread(left.wait, 10)


@pytest.mark.real
def test_a_process_ends_although_the_work_does_not():
    program = (
        "import asyncio, threading\n"
        "from voiceloop.devices.threads import in_thread\n"
        "try:\n    asyncio.run(in_thread(threading.Event().wait, 0.01))\n"
        "except TimeoutError:\n    print('left')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "left\n"
