"""The parent's end, against the real host with stand-ins for its models."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from voiceloop.errors import DeviceError
from voiceloop_local.models.client import ModelProcess, host_command, offline_environment
from voiceloop_local.models.protocol import WINDOW

pytestmark = pytest.mark.real

FAKE = Path(__file__).with_name("fake_host.py")


@asynccontextmanager
async def running(behaviour, **options):
    process = ModelProcess((sys.executable, str(FAKE), behaviour), **options)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(process.run())
        try:
            yield process
        finally:
            await process.close()
            async with asyncio.timeout(5):
                await task


async def test_it_reports_what_was_loaded_and_answers():
    news = []
    async with running("good", progress=news.append) as process:
        assert await process.transcribe(b"12345678", 24_000, "en", ("Ada", "Bo")) == "8 bytes at 24000 in en Ada Bo"
        assert await process.translate(b"12345678", 24_000, "de") == "8 bytes of de in English"
        assert [chunk async for chunk in process.speak("one two three")] == [b"one", b"two", b"three"]
    assert news == ["a stand-in loaded in 0.5 s"]


async def test_languages_are_asked_for_and_spoken():
    async with running("good") as process:
        assert await process.identify(b"1234", 24_000, ("en", "de")) == ("de", 0.75)
        assert [chunk async for chunk in process.speak("eins", language="de")] == [b"eins", b"(de)"]
        assert await process.transcribe(b"1234", 24_000, "de") == "4 bytes at 24000 in de"


async def test_many_requests_at_once_get_each_their_own_answer():
    async with running("good") as process, asyncio.TaskGroup() as tasks:
        heard = [tasks.create_task(process.transcribe(b"x" * n, 8_000)) for n in range(20)]
        said = [tasks.create_task(collect(process.speak(f"{n} " * n))) for n in range(10)]
    assert [task.result().split()[0] for task in heard] == [str(n) for n in range(20)]
    assert [task.result() for task in said] == [[b"%d" % n] * n for n in range(10)]


async def collect(stream):
    return [chunk async for chunk in stream]


async def test_a_slow_listener_holds_up_nobody_and_gets_everything():
    async with running("good") as process:
        words = " ".join(str(n) for n in range(5 * WINDOW))
        slow = process.speak(words)
        first = await anext(slow)
        assert await collect(process.speak("quick")) == [b"quick"]
        assert await process.transcribe(b"", 8_000) == "0 bytes at 8000 in en"
        assert process._pending._speeches[1].qsize() <= WINDOW
        assert b" ".join([first, *await collect(slow)]).decode() == words


async def test_leaving_a_speech_early_cancels_it():
    async with running("good") as process:
        speech = process.speak("word " * 1000)
        await anext(speech)
        await speech.aclose()
        assert len(process._pending) == 0
        assert await collect(process.speak("next")) == [b"next"]


async def test_a_cancelled_transcription_leaves_nothing_behind():
    async with running("good") as process:
        await process.ready()
        waiting = asyncio.ensure_future(process.transcribe(b"1234", 8_000))  # noqa: TID251 - cancelled right here
        await asyncio.sleep(0)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        assert len(process._pending) == 0
        assert await process.transcribe(b"12", 8_000) == "2 bytes at 8000 in en"


async def test_a_request_that_fails_is_one_line_and_the_process_lives_on():
    async with running("good") as process:
        with pytest.raises(DeviceError, match=r"^this is no speech$"):
            await process.transcribe(b"bad!", 8_000)
        with pytest.raises(DeviceError, match="unspeakable"):
            await collect(process.speak("bad"))
        assert await process.transcribe(b"", 8_000)


async def test_a_crash_fails_what_was_asked_names_its_last_words_and_is_met_by_a_new_start():
    async with running("good") as process:
        await process.ready()
        before = process.pid
        speech = process.speak("word " * 100)
        await anext(speech)
        with pytest.raises(DeviceError, match="ended unexpectedly"):
            await process.transcribe(b"die!", 8_000)
        with pytest.raises(DeviceError, match="ended unexpectedly"):
            await collect(speech)
        assert await process.transcribe(b"12", 8_000) == "2 bytes at 8000 in en"
        assert process.pid != before


async def test_a_second_crash_soon_after_is_final():
    async with running("good") as process:
        for _ in range(2):
            with pytest.raises(DeviceError, match="ended unexpectedly"):
                await process.transcribe(b"die!", 8_000)
        with pytest.raises(DeviceError, match="twice; restart voiceloop"):
            await process.transcribe(b"12", 8_000)


async def test_killing_the_process_is_noticed_while_nothing_is_asked():
    loaded: asyncio.Queue[str] = asyncio.Queue()
    async with running("good", progress=loaded.put_nowait) as process, asyncio.timeout(5):
        await loaded.get()
        os.kill(process.pid, signal.SIGKILL)
        assert await loaded.get() == "a stand-in loaded in 0.5 s"
        assert await process.transcribe(b"12", 8_000)


async def test_a_model_that_cannot_be_loaded_is_said_in_the_hosts_words_and_not_tried_again():
    async with running("refuses") as process:
        with pytest.raises(DeviceError, match=r"^no model here; install one$"):
            await process.ready()


async def test_bytes_that_are_no_frames_are_refused():
    async with running("babbles") as process:
        with pytest.raises(DeviceError, match="do not understand each other"):
            await process.ready()


async def test_loading_has_a_deadline():
    async with running("slow", within_s=0.2) as process:
        with pytest.raises(DeviceError, match=r"not loaded within 0\.2 s"):
            await process.ready()


async def test_a_python_that_is_not_there_is_named():
    process = ModelProcess(("/nowhere/python",))
    async with asyncio.timeout(5):
        await process.run()
    with pytest.raises(DeviceError, match="/nowhere/python"):
        await process.ready()


async def test_whoever_waits_while_it_is_closed_is_told():
    async with running("good") as process:
        await process.ready()
        speech = process.speak("a b c d e f g h i j")
        await anext(speech)
        await process.close()
        with pytest.raises(DeviceError, match="closed"):
            await collect(speech)
        with pytest.raises(DeviceError, match="closed"):
            await process.transcribe(b"", 8_000)


def test_the_child_is_told_to_stay_offline_and_never_sees_a_secret():
    environment = offline_environment({"PATH": "/bin", "DGRID_API_KEY": "k", "hf_token": "t", "MY_PASSWORD": "p"})
    assert environment["HF_HUB_OFFLINE"] == environment["DO_NOT_TRACK"] == environment["TRANSFORMERS_OFFLINE"] == "1"
    assert {name for name in environment if name in {"PATH", "DGRID_API_KEY", "hf_token", "MY_PASSWORD"}} == {"PATH"}


def test_the_host_does_not_take_modules_from_the_working_directory():
    assert "-P" in host_command(2, 1)
