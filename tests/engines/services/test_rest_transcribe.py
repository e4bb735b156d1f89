"""Recognition over real connections to a scripted server."""

from __future__ import annotations

import pytest

from voiceloop.clips import to_wav
from voiceloop.engines.services.rest_transcribe import RestTranscribe
from voiceloop.engines.services.seams import Transcript
from voiceloop.errors import BackendError
from voiceloop.testing.rest import RestAnswer

pytestmark = pytest.mark.real

SPEECH = bytes(32_000)
"""A second at 16 kHz."""


def field(heard, name):
    """The value of a field of a form; None where it has none."""
    _, found, rest = heard.body.partition(b'name="%b"\r\n\r\n' % name.encode())
    return rest.partition(b"\r\n")[0].decode() if found else None


async def test_the_speech_of_a_turn_becomes_its_words(asking):
    async with asking(audio__transcriptions=[RestAnswer({"text": " Turn on the light. "})]) as (rest, client):
        assert await RestTranscribe(client, "w", "de-AT", ["DGrid", "Zyxo"])(SPEECH, 16_000) == Transcript(
            "Turn on the light."
        )
    heard = rest.heard[0]
    assert heard.headers["content-type"].startswith("multipart/form-data")
    assert to_wav(SPEECH, 16_000) in heard.body
    assert b'.wav"' in heard.body
    assert (field(heard, "model"), field(heard, "language"), field(heard, "prompt")) == ("w", "de", "DGrid, Zyxo")


async def test_speech_is_sent_at_no_more_than_recognition_needs(asking):
    async with asking(audio__transcriptions=[RestAnswer({"text": "Yes."})]) as (rest, client):
        await RestTranscribe(client, "w")(bytes(96_000), 48_000)
    assert to_wav(bytes(32_000), 16_000) in rest.heard[0].body


@pytest.mark.parametrize("language", ["auto", "cmn"])
async def test_a_language_that_nobody_knows_is_for_the_model_to_find_out(asking, language):
    async with asking(audio__transcriptions=[RestAnswer({"text": "Yes."})]) as (rest, client):
        await RestTranscribe(client, "w", language)(SPEECH, 16_000)
    assert field(rest.heard[0], "language") is None
    assert field(rest.heard[0], "prompt") is None


@pytest.mark.parametrize(("named", "tag"), [("german", "de"), ("de", "de"), ("en-US", "en"), ("klingon", ""), ("", "")])
async def test_the_language_a_server_names_is_a_tag(asking, named, tag):
    async with asking(audio__transcriptions=[RestAnswer({"text": "Ja.", "language": named})]) as (_, client):
        assert (await RestTranscribe(client, "w")(SPEECH, 16_000)).language == tag


async def test_what_is_too_short_to_be_a_word_is_not_sent(asking):
    async with asking() as (rest, client):
        assert await RestTranscribe(client, "w")(bytes(3_198), 16_000) == Transcript("")
    assert rest.heard == []


async def test_the_words_it_was_told_to_expect_are_no_words_that_were_said(asking):
    async with asking(audio__transcriptions=[RestAnswer({"text": "DGrid, Zyxo."})]) as (_, client):
        assert (await RestTranscribe(client, "w", "en", ["DGrid", "Zyxo"])(SPEECH, 16_000)).text == ""


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (RestAnswer({"success": False, "message": "no such model"}), "no such model"),
        (RestAnswer({"error": {"message": "too long"}}, 400), "too long"),
        (RestAnswer("<html>Bad gateway</html>", headers={"Content-Type": "text/html"}), "Bad gateway"),
    ],
)
async def test_what_is_no_transcript_is_an_error_that_says_what_came(asking, answer, why):
    async with asking(audio__transcriptions=[answer] * 4) as (_, client):
        with pytest.raises(BackendError, match=why):
            await RestTranscribe(client, "w")(SPEECH, 16_000)


async def test_a_recording_that_is_too_long_for_any_server_is_refused(asking):
    async with asking() as (rest, client):
        with pytest.raises(BackendError, match="25 MB"):
            await RestTranscribe(client, "w")(bytes(27 * 1024 * 1024), 16_000)
    assert rest.heard == []
