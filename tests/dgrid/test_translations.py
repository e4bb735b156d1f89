from __future__ import annotations

import io

import openai
import pytest

from dgrid import sounds
from dgrid.asker import KEY, client, refusal
from dgrid.forms import parts
from voiceloop.dgrid.failures import Kind
from voiceloop.dgrid.translations import TranslationRequest, Translations
from voiceloop.testing.rest import RestAnswer, ScriptedRest

pytestmark = pytest.mark.real

SPEECH = TranslationRequest(
    model="whisper-1", audio=sounds.FLAC, prompt="Anna", response_format="verbose_json", temperature=0.5
)
HEARD = RestAnswer({"text": "Turn on the light.", "language": "english", "duration": 1.5, "segments": []})


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # upstream lets its translating model go
async def test_speech_of_any_language_in_english():
    recording = ("audio.flac", io.BytesIO(sounds.FLAC), "audio/flac")
    options = {"model": "whisper-1", "prompt": "Anna", "response_format": "verbose_json", "temperature": 0.5}
    sent = []
    async with ScriptedRest({"POST /v1/audio/translations": [HEARD, HEARD]}) as rest, client(rest) as asker:
        found = await Translations(asker).whole(SPEECH, progress=lambda *figures: sent.append(figures))
        async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{rest.base_url}/v1") as theirs:
            await theirs.audio.translations.create(file=recording, **options)
    assert (found.text, found.language, found.duration_s) == ("Turn on the light.", "english", 1.5)
    ours, stock = rest.heard
    assert sent == [(len(ours.body), len(ours.body))]
    assert sorted(parts(ours.headers["content-type"], ours.body)) == sorted(
        parts(stock.headers["content-type"], stock.body)
    )


async def test_a_server_without_translations_says_so():
    async with ScriptedRest({}) as rest, client(rest) as asker:
        assert (await refusal(Translations(asker).whole(SPEECH))).kind is Kind.NOT_OFFERED
