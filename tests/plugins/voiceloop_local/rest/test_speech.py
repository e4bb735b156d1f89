"""Texts spoken through the endpoint, by a stand-in for the voice."""

from __future__ import annotations

import base64
import io
import shutil
import wave

import pytest

from asking import asking, desk_of, events_in, problem_in
from voiceloop import clips
from voiceloop.errors import DeviceError
from voiceloop_local.rest import speech
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.speech import wish_of

ASKED = {"model": "tts-1", "input": "Hello there.", "voice": "alloy"}
HELLO_BYTES = 12 * 60 * 48
"""A stand-in's 60 ms for each character."""


@pytest.fixture
def speaker(fakes):
    return fakes.speaker(takes_s=0)


async def say(speaker, language="en", **more):
    async with asking(speech, desk_of(speaker=speaker, language=language)) as client:
        return await client.post("/v1/audio/speech", json=ASKED | more)


async def test_pcm_is_the_speech_itself(speaker, fakes):
    response = await say(speaker, response_format="pcm")
    assert response.status_code == 200
    assert response.headers["content-type"] == "audio/pcm; rate=24000"
    assert response.content == fakes.tone(12 * 60)
    assert speaker.said == [("Hello there.", "alloy")]
    assert "x-voiceloop-ignored" not in response.headers


async def test_wav_can_be_read_although_its_length_was_not_known(speaker):
    response = await say(speaker, response_format="wav")
    assert response.headers["content-type"] == "audio/wav"
    assert clips.decode(response.content, 24_000) == (await say(speaker, response_format="pcm")).content
    with wave.open(io.BytesIO(response.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)


@pytest.mark.real
@pytest.mark.parametrize(
    ("kind", "content_type"),
    [("mp3", "audio/mpeg"), ("opus", "audio/ogg"), ("aac", "audio/aac"), ("flac", "audio/flac"), (None, "audio/mpeg")],
)
async def test_compressed_audio_plays_as_long_as_the_speech(speaker, kind, content_type):
    response = await say(speaker, **({"response_format": kind} if kind else {}))
    assert (response.status_code, response.headers["content-type"]) == (200, content_type)
    assert len(clips.decode(response.content, 24_000)) == pytest.approx(HELLO_BYTES, rel=0.15)


async def test_without_ffmpeg_the_fix_is_named(speaker, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    status, param, message = problem_in(await say(speaker, response_format="mp3"))
    assert (status, param) == (400, "response_format")
    assert "ask for WAV or PCM" in message


async def test_events_carry_the_same_speech_and_what_it_cost(speaker, fakes):
    [*deltas, done] = events_in(await say(speaker, response_format="pcm", stream_format="sse"))
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert b"".join(base64.b64decode(event["audio"]) for event in deltas) == fakes.tone(12 * 60)
    assert done == {
        "type": "speech.audio.done",
        "usage": {"input_tokens": 3, "output_tokens": 15, "total_tokens": 18},
    }


@pytest.mark.real
async def test_events_of_compressed_audio_cost_the_same(speaker):
    [*deltas, done] = events_in(await say(speaker, response_format="flac", stream_format="sse"))
    packed = b"".join(base64.b64decode(event["audio"]) for event in deltas)
    assert len(clips.decode(packed, 24_000)) == HELLO_BYTES
    assert done["usage"]["output_tokens"] == 15


async def test_a_text_without_anything_to_say_is_a_moment_of_silence(fakes):
    class Mute(fakes.speaker):
        async def speak(self, text, voice=None, language="en"):
            return
            yield

    assert (await say(Mute(), input="...", response_format="pcm")).content == bytes(9600)


async def test_a_voice_that_cannot_speak_is_an_error_before_any_audio(fakes):
    speaker = fakes.speaker(takes_s=0, error=DeviceError("German speech needs espeak-ng; install it"))
    response = await say(speaker, response_format="pcm")
    assert problem_in(response) == (503, None, "German speech needs espeak-ng; install it")


class BreaksOff:
    async def speak(self, text, voice=None, language="en"):
        yield bytes(480)
        raise DeviceError("the model process ended unexpectedly")


async def test_a_speech_that_breaks_off_says_so_in_events():
    [delta, error] = events_in(await say(BreaksOff(), response_format="pcm", stream_format="sse"))
    assert base64.b64decode(delta["audio"]) == bytes(480)
    assert error["error"]["message"] == "the model process ended unexpectedly"


async def test_plain_audio_that_breaks_off_never_looks_whole():
    with pytest.raises(ConnectionAbortedError, match="ended unexpectedly"):  # the server cuts the connection then
        await say(BreaksOff(), response_format="pcm")


@pytest.mark.parametrize(
    ("language", "text", "spoken"),
    [("de", "Hello there.", "de"), ("auto", "Wie spät ist es denn jetzt?", "de"), ("auto", "What is it?", "en")],
)
async def test_the_gateways_language_is_spoken(speaker, language, text, spoken):
    await say(speaker, language, input=text, response_format="pcm")
    assert speaker.languages == [spoken]


async def test_what_changes_nothing_here_is_named(speaker):
    response = await say(speaker, speed=1.5, instructions="Whisper.", response_format="pcm")
    assert (response.status_code, response.headers["x-voiceloop-ignored"]) == (200, "speed, instructions")


def test_a_voice_of_ones_own_goes_by_its_id():
    assert wish_of(ASKED | {"voice": {"id": "voice_1"}}).voice == "voice_1"


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 5}, "model"),
        ({"input": None}, "input"),
        ({"input": " \n"}, "input"),
        ({"input": "a" * 4097}, "input"),
        ({"voice": None}, "voice"),
        ({"voice": {}}, "voice"),
        ({"response_format": "midi"}, "response_format"),
        ({"response_format": ["pcm"]}, "response_format"),
        ({"stream_format": "ws"}, "stream_format"),
        ({"speed": 0.2}, "speed"),
        ({"speed": 4.01}, "speed"),
        ({"speed": "fast"}, "speed"),
        ({"speed": True}, "speed"),
    ],
)
def test_what_cannot_be_used_is_named(wrong, param):
    with pytest.raises(ApiProblem) as caught:
        wish_of(ASKED | wrong)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_the_longest_text_and_both_ends_of_speed_are_taken():
    assert len(wish_of(ASKED | {"input": "a" * 4096}).text) == 4096
    assert wish_of(ASKED | {"speed": 0.25}).ignored == ("speed",)
    assert wish_of(ASKED | {"speed": 4}).ignored == ("speed",)
    assert wish_of(ASKED | {"speed": 1}).ignored == ()
