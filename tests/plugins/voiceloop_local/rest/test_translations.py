"""Recordings written in English through the endpoint, by a stand-in for the recogniser."""

from __future__ import annotations

import pytest

from asking import asking, desk_of, problem_in
from voiceloop.clips import to_wav
from voiceloop.errors import DeviceError
from voiceloop_local.rest import translations

MISSING = DeviceError("needs the package x; install it with: pip install 'voiceloop[languages]'")


@pytest.fixture
def send(fakes):
    async def sent(ears, language="en", /, **fields):
        recording = to_wav(fakes.tone(1000, 16_000), 16_000)
        async with asking(translations, desk_of(ears, language=language)) as client:
            files = {"file": ("speech.wav", recording)}
            return await client.post("/v1/audio/translations", data={"model": "whisper-1"} | fields, files=files)

    return sent


async def test_another_language_is_translated(fakes, send):
    ears = fakes.transcriber("what time is it?", takes_s=0, languages=[("de", 0.9)])
    assert (await send(ears)).json()["text"] == "(de) what time is it?"


async def test_english_is_written_down(fakes, send):
    ears = fakes.transcriber("What time is it?", takes_s=0, languages=[("en", 0.9)])
    assert (await send(ears, "de")).json()["text"] == "What time is it?"


async def test_the_answer_is_in_english_whatever_was_spoken(fakes, send):
    ears = fakes.transcriber("so", takes_s=0, languages=[("de", 0.9)])
    told = (await send(ears, response_format="verbose_json")).json()
    assert (told["task"], told["language"]) == ("translate", "english")


async def test_an_english_gateway_without_the_extra_takes_all_for_english(fakes, send):
    ears = fakes.transcriber("What time is it?", takes_s=0, languages=MISSING)
    assert (await send(ears, "en-GB")).json()["text"] == "What time is it?"


@pytest.mark.parametrize("language", ["de", "auto"])
async def test_any_other_gateway_without_the_extra_names_it(fakes, send, language):
    ears = fakes.transcriber("so", takes_s=0, languages=MISSING)
    status, _, message = problem_in(await send(ears, language))
    assert status == 503
    assert "voiceloop[languages]" in message


async def test_what_cannot_be_used_is_named(fakes, send):
    ears = fakes.transcriber("so", takes_s=0, languages=[("en", 0.9)])
    assert problem_in(await send(ears, model=""))[:2] == (400, "model")
    assert problem_in(await send(ears, response_format="diarized_json"))[:2] == (400, "response_format")
    assert problem_in(await send(ears, temperature="-1"))[:2] == (400, "temperature")
