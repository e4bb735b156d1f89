"""Speech over real connections to a scripted server."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess

import numpy as np
import pytest

from voiceloop.clips import to_wav
from voiceloop.engines.services import rest_speak
from voiceloop.engines.services.rest_speak import RestSpeak
from voiceloop.errors import BackendError, RefusedError
from voiceloop.testing.rest import RestAnswer

pytestmark = pytest.mark.real

FFMPEG = shutil.which("ffmpeg")
if FFMPEG is None and os.environ.get("CI") == "true":
    raise RuntimeError("ffmpeg is missing; install it: apt-get install ffmpeg")
needs_ffmpeg = pytest.mark.skipif(FFMPEG is None, reason="ffmpeg IS MISSING: compressed audio is not tested here")

TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(12_000) / 24_000)).astype("<i2").tobytes()
"""Half a second at 24 kHz."""

MP3_IN_WAV = b"RIFF1234WAVEfmt \x10\0\0\0" + struct.pack("<HHIIHH", 85, 1, 24_000, 0, 1, 0) + b"data\x02\0\0\0ab"


def sound(body, content_type="audio/pcm"):
    return RestAnswer(body, headers={"Content-Type": content_type})


async def said(speak, text="Hello there.", rate_hz=24_000):
    async with speak(text, rate_hz) as chunks:
        return [pcm async for pcm in chunks]


def encoded(*options):
    command = ["ffmpeg", "-v", "error", "-f", "wav", "-i", "-", *options, "-"]
    return subprocess.run(command, input=to_wav(TONE, 24_000), capture_output=True, check=True).stdout


def pitch_of(pcm, rate_hz):
    samples = np.frombuffer(pcm, "<i2").astype(float)
    return np.abs(np.fft.rfft(samples)).argmax() * rate_hz / len(samples)


async def test_pcm_is_asked_for_and_passed_on(asking):
    async with asking(audio__speech=[sound(TONE)]) as (rest, client):
        assert b"".join(await said(RestSpeak(client, "tts", "nova"))) == TONE
    assert rest.heard[0].json == {"model": "tts", "input": "Hello there.", "voice": "nova", "response_format": "pcm"}


async def test_a_voice_that_nobody_named_is_one_that_every_server_has(asking):
    async with asking(audio__speech=[sound(TONE)]) as (rest, client):
        await said(RestSpeak(client, "tts"))
    assert rest.heard[0].json["voice"] == "alloy"


async def test_the_first_sound_does_not_wait_for_the_last(asking):
    endless = RestAnswer([TONE], headers={"Content-Type": "audio/pcm"}, ends="never")
    async with asking(audio__speech=[endless]) as (rest, client):
        async with RestSpeak(client, "tts")("Hello.", 24_000) as chunks:
            assert (await anext(chunks))[:1000] == TONE[:1000]
        await rest.heard[0].gone.wait()


async def test_sound_comes_at_the_rate_of_the_session(asking):
    async with asking(audio__speech=[sound(TONE), sound(TONE, "audio/pcm;rate=16000")]) as (_, client):
        phone = b"".join(await said(RestSpeak(client, "tts"), rate_hz=8_000))
        slow = b"".join(await said(RestSpeak(client, "tts")))
    assert len(phone) / 2 == pytest.approx(4_000, abs=2)
    assert pitch_of(phone, 8_000) == pytest.approx(440, abs=3)
    assert len(slow) / 2 == pytest.approx(18_000, abs=2)
    assert pitch_of(slow, 24_000) == pytest.approx(440 * 16 / 24, abs=3)


async def test_samples_that_arrive_in_halves_are_whole(asking):
    pieces = [TONE[:1], TONE[1:1000], TONE[1000:1001], TONE[1001:]]
    async with asking(audio__speech=[RestAnswer(pieces, headers={"Content-Type": "audio/pcm"})]) as (_, client):
        chunks = await said(RestSpeak(client, "tts"))
    assert b"".join(chunks) == TONE
    assert all(len(chunk) % 2 == 0 for chunk in chunks)


@pytest.mark.parametrize("content_type", ["audio/wav", "audio/mpeg", "application/octet-stream"])
async def test_a_wav_file_loses_its_header_whatever_it_is_called(asking, content_type):
    async with asking(audio__speech=[sound(to_wav(TONE, 24_000), content_type)]) as (_, client):
        assert b"".join(await said(RestSpeak(client, "tts"))) == TONE


@needs_ffmpeg
@pytest.mark.parametrize(
    "options",
    [["-f", "mp3"], ["-c:a", "libopus", "-f", "ogg"], ["-f", "adts"], ["-f", "flac"]],
    ids=lambda way: way[-1],
)
async def test_compressed_speech_is_decoded_though_pcm_was_asked_for(asking, options):
    made = encoded(*options)
    async with asking(audio__speech=[sound(made, "audio/pcm" if options[-1] == "flac" else "audio/mpeg")]) as (
        _,
        client,
    ):
        pcm = b"".join(await said(RestSpeak(client, "tts"), rate_hz=16_000))
    assert 0.45 < len(pcm) / 2 / 16_000 < 0.65
    assert pitch_of(pcm, 16_000) == pytest.approx(440, abs=5)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (RestAnswer({"success": False, "message": "no such voice"}), "no such voice"),
        (RestAnswer({"error": {"message": "The voice zoe is unknown", "param": "voice"}}, 400), "voice zoe is unknown"),
        (sound(b""), "no audio"),
        (sound(to_wav(b"", 24_000), "audio/wav"), "no audio"),
        (sound(to_wav(b"", 24_000) + b"1", "audio/wav"), "no sound"),
        (sound(b"ID3\x04 no music", "audio/mpeg"), "ffmpeg"),
        (sound(MP3_IN_WAV, "audio/wav"), "unknown kind"),
        (RestAnswer("<html>Bad gateway</html>", headers={"Content-Type": "text/html"}), "Bad gateway"),
    ],
)
async def test_what_is_no_speech_is_an_error_that_says_what_came(asking, answer, why):
    async with asking(audio__speech=[answer] * 4) as (_, client):
        with pytest.raises(BackendError, match=why):
            await said(RestSpeak(client, "tts", "zoe"))


@pytest.mark.parametrize(("text", "why"), [(" \n", "nothing to say"), ("x" * 4097, "4097 characters")])
async def test_what_no_server_says_is_refused_before_it_is_asked(asking, text, why):
    async with asking() as (rest, client):
        with pytest.raises(RefusedError, match=why):
            await said(RestSpeak(client, "tts"), text)
    assert rest.heard == []


async def test_a_connection_that_breaks_has_given_what_came(asking):
    cut = RestAnswer([TONE], headers={"Content-Type": "audio/pcm"}, ends="cut")
    heard = []

    async def listen(speak):
        async with speak("Hello.", 24_000) as chunks:
            async for pcm in chunks:
                heard.append(pcm)  # noqa: PERF401 - what came before the error counts

    async with asking(audio__speech=[cut]) as (_, client):
        with pytest.raises(BackendError):
            await listen(RestSpeak(client, "tts"))
    assert b"".join(heard) == TONE


async def test_a_decoder_that_does_not_end_is_given_up(asking, monkeypatch):
    monkeypatch.setattr(rest_speak, "DECODE_WITHIN_S", 0)
    async with asking(audio__speech=[sound(b"ID3\x04" + bytes(100), "audio/mpeg")]) as (_, client):
        with pytest.raises(BackendError, match="did not decode this mp3 speech"):
            await said(RestSpeak(client, "tts"))
