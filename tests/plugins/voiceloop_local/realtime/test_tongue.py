"""The language of a session: pinned by its client, the gateway's own, or told from what is said."""

from __future__ import annotations

import pytest

from voiceloop.errors import LanguageError
from voiceloop.testing.clock import virtual_time
from voiceloop_local.realtime.session import Limits

MISSING = LanguageError("German speech needs the package babel; install it with: pip install 'voiceloop[languages]'")


class Hello:
    """Says one word, and remembers which language it was asked for."""

    def __init__(self):
        self.languages = []

    async def think(self, instructions, items, tools, say, language="en"):
        from voiceloop_local.seams import Say  # noqa: PLC0415 - only a name for one value

        self.languages.append(language)
        yield Say("Hm.")


def pinned(language):
    return {"audio": {"input": {"transcription": {"model": "whisper-1", "language": language}}}, "type": "realtime"}


async def speak(visit, fakes):
    await visit.hear(fakes.tone(800) + fakes.silence(700))
    await visit.until("response.done")


@virtual_time
async def test_the_language_a_client_names_reaches_recognition_brain_and_voice(visiting, fakes):
    transcriber, speaker, brain = fakes.transcriber("hallo", takes_s=0.1), fakes.speaker(), Hello()
    async with visiting(transcriber=transcriber, speaker=speaker, brain=brain, **pinned("de-AT")) as visit:
        await speak(visit, fakes)
    assert [heard[2] for heard in transcriber.heard] == ["de-AT", "de-AT"]
    assert brain.languages == speaker.languages == ["de-AT"]


@virtual_time
async def test_english_loads_nothing_ahead(visiting, fakes):
    transcriber = fakes.transcriber(takes_s=0.1)
    async with visiting(transcriber=transcriber, **pinned("en-GB")) as visit:
        await speak(visit, fakes)
    [(length_ms, *_)] = transcriber.heard
    assert length_ms > 0


@virtual_time
async def test_who_names_no_language_speaks_that_of_the_gateway(visiting, fakes):
    transcriber = fakes.transcriber("hallo", takes_s=0.1)
    async with visiting(transcriber=transcriber, limits=Limits(language="de")) as visit:
        await speak(visit, fakes)
    assert transcriber.heard[0][2] == "de"


@virtual_time
async def test_a_guessed_language_holds_until_two_turns_agree(visiting, fakes):
    heard = [("de", 0.9), ("en", 0.9), ("de", 0.9), ("en", 0.9), ("en", 0.3), ("en", 0.9), ("en", 0.8)]
    transcriber, speaker = fakes.transcriber("hm", takes_s=0.1, languages=heard), fakes.speaker()
    async with visiting(
        transcriber=transcriber, speaker=speaker, brain=Hello(), limits=Limits(language="auto")
    ) as visit:
        for _ in heard:
            await speak(visit, fakes)
    expected = ["de", "de", "de", "de", "de", "de", "en"]
    assert [language for _, _, language, _ in transcriber.heard] == expected
    assert speaker.languages == expected


@virtual_time
async def test_a_typed_turn_is_told_by_its_words(visiting, fakes):
    speaker = fakes.speaker()
    async with visiting(speaker=speaker, brain=Hello(), limits=Limits(language="auto")) as visit:
        await visit.reply_to("Wie spät ist es?")
        await visit.reply_to("42")
    assert speaker.languages == ["de", "de"]


@virtual_time
async def test_a_language_that_cannot_be_loaded_is_said_when_the_session_asks_for_it(visiting, fakes):
    async with visiting(transcriber=fakes.transcriber(MISSING, takes_s=0.1), **pinned("de")) as visit:
        error = (await visit.until("error"))["error"]
        assert (error["type"], error["code"]) == ("server_error", "language_unavailable")
        assert "pip install 'voiceloop[languages]'" in error["message"]
        await visit.hear(fakes.tone(800) + fakes.silence(700))
        failed = await visit.until("conversation.item.input_audio_transcription.failed")
        assert failed["error"]["message"] == str(MISSING)
        response = (await visit.until("response.done"))["response"]
        assert (response["status"], response["status_details"]["error"]["code"]) == ("failed", "language_unavailable")


@virtual_time
async def test_who_types_in_such_a_language_hears_of_it_with_the_first_spoken_turn(visiting, fakes):
    text = {**pinned("de"), "output_modalities": ["text"]}
    async with visiting(transcriber=fakes.transcriber(MISSING, takes_s=0.1), brain=Hello(), **text) as visit:
        assert (await visit.reply_to("Hallo"))["response"]["status"] == "completed"
        await visit.hear(fakes.tone(800) + fakes.silence(700))
        response = (await visit.until("response.done"))["response"]
        assert response["status_details"]["error"]["code"] == "language_unavailable"


@virtual_time
async def test_guessing_without_the_extra_is_an_error_with_its_name(visiting, fakes):
    transcriber = fakes.transcriber(takes_s=0.1, languages=MISSING)
    async with visiting(transcriber=transcriber, limits=Limits(language="auto"), type="realtime") as visit:
        assert (await visit.until("error"))["error"]["message"] == str(MISSING)


@pytest.mark.parametrize("language", ["fi", "Klingon"])
@virtual_time
async def test_a_language_without_data_is_an_error_that_names_what_is_known(visiting, fakes, language):
    async with visiting(transcriber=fakes.transcriber(takes_s=0.1), **pinned(language)) as visit:
        error = (await visit.until("error"))["error"]
        assert error["message"].startswith(f"there is no language {language!r} here; known are ar, de, en, es, fr, zh")
        done = await visit.reply_to("hello")
        assert done["response"]["status"] == "failed"
