"""Recordings written down through the endpoint, by a stand-in for the recogniser."""

from __future__ import annotations

import pytest

from asking import asking, desk_of, events_in, problem_in
from voiceloop.clips import compress, to_wav
from voiceloop.errors import DeviceError
from voiceloop_local.rest import listening, transcriptions, uploads

RATE_HZ = 16_000


@pytest.fixture
def one_second(fakes):
    return to_wav(fakes.silence(500, RATE_HZ) + fakes.tone(1000, RATE_HZ) + fakes.silence(500, RATE_HZ), RATE_HZ)


@pytest.fixture
def ears(fakes):
    return fakes.transcriber("Hello there, Ada.", takes_s=0, languages=[("de", 0.9)])


async def send(ears, recording, gateways="en", /, **fields):
    async with asking(transcriptions, desk_of(ears, language=gateways)) as client:
        files = {"file": ("speech.wav", recording)} if recording is not None else {}
        data = {"model": "whisper-1"} | fields
        return await client.post("/v1/audio/transcriptions", data=data, files=files or {"other": b"x"})


async def test_words_come_back_with_the_duration(ears, one_second):
    response = await send(ears, one_second)
    assert response.json() == {"text": "Hello there, Ada.", "usage": {"type": "duration", "seconds": 2.0}}
    [(ms, rate_hz, language, vocabulary)] = ears.heard
    assert (rate_hz, language, vocabulary) == (RATE_HZ, "en", ())
    assert ms == pytest.approx(1400, abs=40)


async def test_text_and_captions_are_plain(ears, one_second):
    assert (await send(ears, one_second, response_format="text")).text == "Hello there, Ada.\n"
    srt = await send(ears, one_second, response_format="srt")
    assert srt.headers["content-type"].startswith("text/plain")
    assert srt.text.startswith("1\n00:00:00,300 --> 00:00:01,")
    assert (await send(ears, one_second, response_format="vtt")).text.startswith("WEBVTT\n\n00:00:00.300 -->")


async def test_the_long_form_tells_language_and_times(ears, one_second):
    told = (await send(ears, one_second, response_format="verbose_json", language="de-AT")).json()
    assert (told["task"], told["language"], told["duration"]) == ("transcribe", "german", 2.0)
    assert told["segments"][0]["start"] == 0.3
    assert ears.heard[0][2] == "de-AT"


async def test_a_prompt_is_a_list_of_words_to_expect(ears, one_second):
    await send(ears, one_second, prompt="Siobhan Kowalczyk, DGrid,")
    assert ears.heard[0][3] == ("Siobhan Kowalczyk", "DGrid")


async def test_without_a_language_the_gateways_own_counts(ears, one_second):
    await send(ears, one_second, "de")
    await send(ears, one_second, "auto")
    await send(ears, one_second, "auto", language="en")
    assert [heard[2] for heard in ears.heard] == ["de", "de", "en"]


@pytest.mark.parametrize("language", ["en", "auto"])
async def test_where_nobody_speaks_there_are_no_words(ears, fakes, language):
    response = await send(ears, to_wav(fakes.silence(700, RATE_HZ), RATE_HZ), language)
    assert response.json()["text"] == ""
    assert ears.heard == []


async def test_long_speech_is_recognised_in_stretches_and_joined(fakes):
    ears = fakes.transcriber("One,", "", "two.", takes_s=0)
    recording = to_wav(fakes.tone(50_000, RATE_HZ), RATE_HZ)
    told = (await send(ears, recording, response_format="verbose_json")).json()
    assert told["text"] == "One, two."
    assert [segment["text"] for segment in told["segments"]] == ["One,", "two."]
    assert told["segments"][1]["start"] >= 39
    assert len(ears.heard) == 3
    assert all(ms <= 28_000 for ms, *_ in ears.heard)


async def test_a_stream_tells_the_words_and_then_all_of_them(fakes):
    ears = fakes.transcriber("Hello there,", "Ada.", takes_s=0)
    recording = to_wav(fakes.tone(40_000, RATE_HZ), RATE_HZ)
    [*deltas, done] = events_in(await send(ears, recording, stream="true"))
    assert [event["delta"] for event in deltas] == ["Hello", " there,", " Ada."]
    assert (done["type"], done["text"]) == ("transcript.text.done", "Hello there, Ada.")
    assert done["usage"]["input_tokens"] == 400


async def test_a_recogniser_that_fails_within_a_stream_is_told_there(fakes):
    ears = fakes.transcriber("Hello", DeviceError("the model process ended"), takes_s=0)
    [delta, error] = events_in(await send(ears, to_wav(fakes.tone(40_000, RATE_HZ), RATE_HZ), stream="true"))
    assert delta["delta"] == "Hello"
    assert error["error"]["message"] == "the model process ended"


async def test_a_recogniser_that_fails_is_the_gateways_fault(fakes, one_second):
    ears = fakes.transcriber(DeviceError("pip install 'voiceloop[languages]'"), takes_s=0)
    assert problem_in(await send(ears, one_second)) == (503, None, "pip install 'voiceloop[languages]'")


@pytest.mark.real
@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "aac"])
async def test_compressed_recordings_are_taken(ears, fakes, kind):
    response = await send(ears, compress(fakes.tone(1000), 24_000, kind))
    assert response.json()["text"] == "Hello there, Ada."
    assert response.json()["usage"]["seconds"] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("garbage", [b"This is a letter, and no recording.", b"RIFF\0\0\0\0WAVE", bytes(1000)])
async def test_what_is_no_recording_is_refused(ears, garbage):
    status, param, message = problem_in(await send(ears, garbage))
    assert (status, param) == (400, "file")
    assert message.startswith("Invalid file format. ")


async def test_a_recording_too_short_for_a_word_is_refused(ears, fakes):
    status, param, message = problem_in(await send(ears, to_wav(fakes.tone(99, RATE_HZ), RATE_HZ)))
    assert (status, param) == (400, "file")
    assert "99 ms, at least 100 ms" in message
    assert (await send(ears, to_wav(fakes.tone(100, RATE_HZ), RATE_HZ))).status_code == 200


async def test_a_recording_too_long_or_too_large_is_refused(ears, one_second, monkeypatch):
    monkeypatch.setattr(listening, "LONGEST_S", 1)
    assert problem_in(await send(ears, one_second))[:2] == (400, "file")
    monkeypatch.setattr(uploads, "LARGEST_FILE", 1000)
    assert problem_in(await send(ears, one_second))[:2] == (413, "file")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"language": "fi"}, "language"),
        ({"response_format": "xml"}, "response_format"),
        ({"response_format": "diarized_json"}, "response_format"),
        ({"response_format": "srt", "stream": "true"}, "response_format"),
        ({"timestamp_granularities[]": ["segment", "word"]}, "timestamp_granularities"),
        ({"temperature": "1.1"}, "temperature"),
        ({"temperature": "warm"}, "temperature"),
        ({"temperature": "nan"}, "temperature"),
    ],
)
async def test_what_cannot_be_used_is_named(ears, one_second, fields, param):
    assert problem_in(await send(ears, one_second, **fields))[:2] == (400, param)


async def test_a_missing_file_is_named(ears):
    assert problem_in(await send(ears, None))[:2] == (400, "file")


async def test_a_broken_form_is_refused():
    async with asking(transcriptions, desk_of()) as client:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        response = await client.post("/v1/audio/transcriptions", content=b"no boundary at all", headers=headers)
    status, _, message = problem_in(response)
    assert (status, message.startswith("The form cannot be read: ")) == (400, True)
