"""One process for everybody, against the real host with stand-ins for its models."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from voiceloop.errors import DeviceError
from voiceloop_local.services.keeper import Keeper

pytestmark = pytest.mark.real

FAKE = Path(__file__).parents[1] / "models" / "fake_host.py"


@asynccontextmanager
async def keeping(behaviour="good", **options):
    """A keeper whose process is gone when the block has ended."""
    keeper = Keeper((sys.executable, str(FAKE), behaviour), kept_s=0, **options)
    async with keeper.models() as models:
        with suppress(DeviceError):
            await models.ready()
        try:
            yield keeper
        finally:
            pidfd = pidfd_of(models.pid)
    await ended(pidfd)


def pidfd_of(pid):
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


async def ended(pidfd):
    if pidfd is None:
        return
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(pidfd, over.set)
    try:
        async with asyncio.timeout(10):
            await over.wait()
    finally:
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)


@asynccontextmanager
async def open_models(keeper):
    async with keeper.models() as models:
        await models.ready()
        yield models


async def collect(stream):
    return [chunk async for chunk in stream]


async def test_they_listen_speak_translate_and_tell_languages():
    async with keeping() as keeper, open_models(keeper) as models:
        assert await models.transcribe(b"1234", 24_000, "en", ("Ada",)) == "4 bytes at 24000 in en Ada"
        assert await models.translate(b"1234", 24_000, "de") == "4 bytes of de in English"
        assert await models.identify(b"1234", 24_000, ("en", "de")) == ("de", 0.75)
        assert await collect(models.speak("one two", language="de")) == [b"one", b"two", b"(de)"]


async def test_everybody_shares_one_process_and_whoever_comes_next_finds_it_warm():
    async with keeping() as keeper:
        async with open_models(keeper) as one, open_models(keeper) as other:
            assert one.pid == other.pid
        async with open_models(keeper) as later:
            assert later.pid == one.pid


async def test_nobody_left_ends_it_and_the_next_one_starts_another():
    keeper = Keeper((sys.executable, str(FAKE), "good"), kept_s=0)
    async with open_models(keeper) as models:
        first, pidfd = models.pid, pidfd_of(models.pid)
    await ended(pidfd)
    async with open_models(keeper) as models:
        assert models.pid != first
        pidfd = pidfd_of(models.pid)
    await ended(pidfd)


async def test_it_is_kept_for_a_while_when_nobody_is_left():
    keeper = Keeper((sys.executable, str(FAKE), "good"), kept_s=3600)
    async with open_models(keeper) as models:
        first = models.pid
    async with open_models(keeper) as models:
        assert models.pid == first
        assert await models.transcribe(b"", 8_000) == "0 bytes at 8000 in en"
        keeper._kept_s = 0
        pidfd = pidfd_of(first)
    await ended(pidfd)


async def test_another_event_loop_shares_it_too():
    async with keeping() as keeper, open_models(keeper) as here:

        async def visit():
            async with open_models(keeper) as there:
                spoken = await collect(there.speak("a b c"))
                return there.pid, spoken, await there.transcribe(b"12", 8_000)

        def elsewhere():
            found.append(asyncio.run(visit()))

        found = []
        thread = threading.Thread(target=elsewhere)
        thread.start()
        assert await collect(here.speak("x y z")) == [b"x", b"y", b"z"]
        await asyncio.to_thread(thread.join)
        assert found == [(here.pid, [b"a", b"b", b"c"], "2 bytes at 8000 in en")]


async def test_leaving_a_speech_early_stops_its_synthesis():
    async with keeping() as keeper, open_models(keeper) as models:
        speech = models.speak("word " * 1000)
        await anext(speech)
        await speech.aclose()
        assert len(models._process._pending) == 0
        assert await collect(models.speak("next")) == [b"next"]


async def test_cancelling_who_waits_for_a_speech_stops_its_synthesis():
    async with keeping() as keeper, open_models(keeper) as models:
        listening = asyncio.get_running_loop().create_task(collect(models.speak("word " * 100_000)))
        while len(models._process._pending) == 0:
            await models.transcribe(b"", 8_000)
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        assert listening.cancelled()
        assert len(models._process._pending) == 0


async def test_cancelling_a_transcription_leaves_nothing_behind():
    async with keeping() as keeper, open_models(keeper) as models:
        asked = asyncio.get_running_loop().create_task(models.transcribe(bytes(1 << 20), 8_000))
        await asyncio.sleep(0)
        asked.cancel()
        with suppress(asyncio.CancelledError):
            await asked
        assert await models.transcribe(b"12", 8_000) == "2 bytes at 8000 in en"
        assert len(models._process._pending) == 0


async def test_a_process_that_dies_tells_whoever_asked_and_is_there_again_for_the_next():
    async with keeping() as keeper, open_models(keeper) as models:
        first = models.pid
        speech = models.speak("word " * 100)
        await anext(speech)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(DeviceError, match=r"ended unexpectedly|went away"):
            await collect(speech)
        async with open_models(keeper) as again:
            assert await again.transcribe(b"12", 8_000) == "2 bytes at 8000 in en"
            assert again.pid != first


async def test_after_crashing_for_good_it_is_followed_by_a_new_one():
    async with keeping() as keeper:
        async with open_models(keeper) as models:
            for _ in range(2):
                with pytest.raises(DeviceError, match="ended unexpectedly"):
                    await models.transcribe(b"die!", 8_000)
            with pytest.raises(DeviceError, match="twice; restart voiceloop"):
                await models.transcribe(b"12", 8_000)
        async with open_models(keeper) as models:
            assert await models.transcribe(b"12", 8_000) == "2 bytes at 8000 in en"
            pidfd = pidfd_of(models.pid)
        await ended(pidfd)


async def test_models_that_cannot_be_loaded_say_why_each_time():
    keeper = Keeper((sys.executable, str(FAKE), "refuses"), kept_s=0)
    for _ in range(2):
        with pytest.raises(DeviceError, match=r"^no model here; install one$"):
            async with open_models(keeper):
                pass


async def test_loading_has_a_deadline():
    async with keeping("slow", within_s=0.05) as keeper:
        with pytest.raises(DeviceError, match=r"not loaded within 0\.05 s"):
            async with open_models(keeper):
                pass


async def test_who_gives_up_waiting_leaves_it_loading_for_others():
    keeper = Keeper((sys.executable, str(FAKE), "good"), kept_s=3600)

    async def opens():
        async with open_models(keeper):
            pass

    impatient = asyncio.get_running_loop().create_task(opens())
    await asyncio.sleep(0)
    impatient.cancel()
    with suppress(asyncio.CancelledError):
        await impatient
    process = keeper._kept.process
    keeper._kept_s = 0
    async with open_models(keeper) as models:
        assert models._process is process
        pidfd = pidfd_of(models.pid)
    await ended(pidfd)


PROGRAM = f"""
import asyncio, sys
from voiceloop_local.services.keeper import Keeper

async def main():
    async with Keeper((sys.executable, {str(FAKE)!r}, "good")).models() as models:
        await models.ready()
        print(models.pid, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)

asyncio.run(main())
"""


@pytest.mark.parametrize("how", ["kill", "leave"])
async def test_it_ends_with_its_program_which_says_nothing_about_it(how):
    pipe = subprocess.PIPE
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-X", "dev", "-c", PROGRAM, stdin=pipe, stdout=pipe, stderr=pipe
    )
    pidfd = os.pidfd_open(int(await program.stdout.readline()))
    program.kill() if how == "kill" else program.stdin.close()
    _, complaints = await program.communicate()
    await ended(pidfd)
    assert complaints == b""
    assert program.returncode == (-signal.SIGKILL if how == "kill" else 0)
