from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from voiceloop.commandline.running import run

pytestmark = pytest.mark.real


def test_the_works_status_is_the_processes_status():
    async def work():
        return 7

    assert run(work) == 7


def test_stock_asyncio_runs_where_uvloop_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)

    async def work():
        return int(type(asyncio.get_running_loop()).__module__.startswith("asyncio"))

    assert run(work) == 1


async def forever(number):
    os.kill(os.getpid(), number)
    await asyncio.get_running_loop().create_future()
    return 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_work_that_cannot_end_politely_is_cancelled_by_a_signal(number, status):
    assert run(lambda: forever(number)) == status


def test_work_that_can_end_politely_does_so_and_the_signal_is_still_the_status():
    reasons = []

    async def work():
        over = asyncio.Event()
        ends.append(over.set)
        os.kill(os.getpid(), signal.SIGTERM)
        await over.wait()
        return 0

    ends = []

    def polite(reason):
        reasons.append(reason)
        ends[0]()
        return True

    assert run(work, polite=polite) == 143
    assert reasons == ["terminated"]


def test_a_polite_end_that_takes_too_long_is_cut_short(monkeypatch):
    monkeypatch.setattr("voiceloop.commandline.running.POLITE_S", 0.05)
    assert run(lambda: forever(signal.SIGINT), polite=lambda reason: True) == 130


def test_being_cancelled_without_a_signal_stays_what_it_is():
    async def work():
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(work)


def test_the_second_signal_ends_the_process_at_once_with_the_terminal_in_order():
    code = (
        "import asyncio, os, signal, sys\n"
        "from voiceloop.commandline.running import run\n"
        "async def work():\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    await asyncio.sleep(0.1)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    await asyncio.sleep(30)\n"
        "run(work, polite=lambda reason: True, tidy=lambda: print('tidied', flush=True))\n"
        "print('not reached')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (130, "tidied\n", "")


@pytest.mark.real
@pytest.mark.skipif(not hasattr(signal, "SIGTTIN"), reason="this system has no background")
def test_reading_in_the_background_stops_nothing():
    before = signal.getsignal(signal.SIGTTIN)

    async def work():
        return 7 if signal.getsignal(signal.SIGTTIN) is signal.SIG_IGN else 1

    try:
        assert run(work) == 7
    finally:
        signal.signal(signal.SIGTTIN, before)
