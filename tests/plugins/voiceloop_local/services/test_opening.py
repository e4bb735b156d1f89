"""Opening the services of one engine, with models that are told how to behave."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from modelfakes import FakeTranscriber, Voice
from voiceloop.engines.base import Seed
from voiceloop.engines.services.seams import Question, Transcript
from voiceloop.errors import DeviceError, SettingsError, UnreachableError
from voiceloop.settings import VoiceSettings
from voiceloop.testing.clock import virtual_time
from voiceloop.vocabulary import AudioFormat, ToolSpec, UserTurn
from voiceloop_local.models.pending import RequestError
from voiceloop_local.services.keeper import Keeper
from voiceloop_local.services.opening import local_services

pytest.importorskip("hassil", reason="phrases are matched with hassil: pip install 'voiceloop[local]'")

CLOCK = ToolSpec("get_time", "Tell the time.\nExamples: what time is it", {})
EXTRA = RequestError("other languages need babel; install it with: pip install 'voiceloop[languages]'")


class Models(FakeTranscriber, Voice):
    def __init__(self, *texts, languages=(), unready=None):
        FakeTranscriber.__init__(self, *texts, languages=languages)
        Voice.__init__(self)
        self.unready = unready

    async def ready(self):
        if self.unready:
            raise self.unready


class Shelf:
    """Stands for a keeper."""

    def __init__(self, models):
        self._models = models
        self.users = 0

    @asynccontextmanager
    async def models(self):
        self.users += 1
        try:
            yield self._models
        finally:
            self.users -= 1


def opening(models, language="en", voice=None):
    seed = Seed("You are Ada.", (CLOCK,), AudioFormat(), language, vocabulary=("Ada",))
    return local_services(Shelf(models), VoiceSettings(device=voice), seed)


@virtual_time
async def test_the_three_of_them_hold_a_conversation():
    models = Models("what time is it")
    async with opening(models, voice="heart") as services:
        assert services.model == "voiceloop-chat"
        assert services.transcription_model == "voiceloop-whisper"
        assert await services.transcribe(bytes(48_000), 24_000) == Transcript("what time is it", "en")
        async with services.chat(Question("", (UserTurn("1", "what time is it"),), (CLOCK,))) as deltas:
            assert [delta async for delta in deltas][-1].completion.tool_calls[0].name == "get_time"
        async with services.speak("Ten.", 8_000) as chunks:
            assert b"".join([chunk async for chunk in chunks])
    assert models.heard[0][2:] == ("en", ("Ada",))
    assert models.said == [("Ten.", "heart", "en")]


@virtual_time
async def test_english_asks_for_nothing_more_than_models_that_are_ready():
    models = Models()
    async with opening(models, "en-GB"):
        assert models.heard == []


@virtual_time
async def test_a_language_that_is_not_known_is_named_before_anything_is_started():
    seed = Seed("", (), AudioFormat(), "fi")
    shelf = Shelf(None)
    with pytest.raises(SettingsError, match="no language 'fi' here; known are ar, de, en, es, fr, zh"):
        async with local_services(shelf, VoiceSettings(), seed):
            pass
    assert shelf.users == 0


@virtual_time
async def test_another_language_is_loaded_before_the_services_are_there(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    models = Models("")
    async with opening(models, "de-AT"):
        assert [heard[2] for heard in models.heard] == ["de-AT"]


@virtual_time
async def test_a_language_whose_extra_is_missing_is_an_error_with_the_fix(monkeypatch):
    with pytest.raises(SettingsError, match=r"pip install 'voiceloop\[languages\]'"):
        async with opening(Models(EXTRA), "de"):
            pass
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SettingsError, match="German speech needs espeak-ng; install it with"):
        async with opening(Models(""), "de"):
            pass


@virtual_time
async def test_auto_goes_by_what_it_hears():
    async with opening(Models("wie spät ist es", languages=[("de", 0.9)]), "auto") as services:
        assert (await services.transcribe(bytes(48_000), 24_000)).language == "de"


@virtual_time
async def test_auto_is_english_where_nothing_else_is_installed(caplog):
    models = Models("what time is it", languages=EXTRA)
    async with opening(models, "auto") as services:
        assert (await services.transcribe(bytes(48_000), 24_000)).language == "en"
    assert "only English is understood on this machine" in caplog.text


@virtual_time
async def test_models_that_do_not_load_are_told_and_left():
    shelf = Shelf(Models(unready=DeviceError("the models were not loaded within 30 s; free some CPU")))
    with pytest.raises(DeviceError, match="not loaded within 30 s"):
        async with local_services(shelf, VoiceSettings(), Seed("", (), AudioFormat())):
            pass
    assert shelf.users == 0


@pytest.mark.real
async def test_services_whose_process_dies_are_lost_and_the_next_ones_have_another():
    fake = Path(__file__).parents[1] / "models" / "fake_host.py"
    keeper, seed, pids = Keeper((sys.executable, str(fake), "good"), kept_s=0), Seed("", (), AudioFormat()), []
    for dies in (True, False):
        async with local_services(keeper, VoiceSettings(), seed) as mine, mine.speak("word " * 100, 24_000) as chunks:
            assert await anext(chunks) == b"word"
            pids.append(keeper._kept.process.pid)
            if dies:
                os.kill(pids[0], signal.SIGKILL)
                with pytest.raises(UnreachableError, match=r"ended unexpectedly|went away"):
                    [chunk async for chunk in chunks]
    assert pids[0] != pids[1]
