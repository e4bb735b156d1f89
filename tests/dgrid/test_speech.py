from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging

import openai
import pytest

from dgrid import sounds
from dgrid.asker import BUSY, GONE, KEY, client, refusal
from voiceloop.dgrid import speech as module
from voiceloop.dgrid.audio_kinds import AudioKind
from voiceloop.dgrid.failures import Kind
from voiceloop.dgrid.speech import Speech, SpeechRequest
from voiceloop.testing.rest import RestAnswer, ScriptedRest

pytestmark = pytest.mark.real

HELLO = SpeechRequest(model="openai/tts-1", input="Hello from DGrid.", voice="alloy", response_format="pcm")
SAID = RestAnswer(sounds.PCM, headers={"Content-Type": "audio/pcm", "x-request-id": "req_1"})


def event(raw):
    return f"data: {json.dumps(raw)}\n\n".encode()


def delta(audio):
    return event({"type": "speech.audio.delta", "audio": base64.b64encode(audio).decode()})


DONE = event({"type": "speech.audio.done", "usage": {"input_tokens": 9, "output_tokens": 80}})


@contextlib.asynccontextmanager
async def speaking(*answers):
    async with ScriptedRest({"POST /v1/audio/speech": answers}) as rest, client(rest) as asker:
        yield Speech(asker), rest


async def heard(speech, request=HELLO):
    async with speech.stream(request) as sound:
        return sound, [audio async for audio in sound]


# What is sent


async def test_the_request_of_dgrids_reference():
    async with speaking(SAID) as (speech, rest):
        spoken = await speech.whole(HELLO)
    (asked,) = rest.heard
    assert (asked.method, asked.path) == ("POST", "/v1/audio/speech")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["content-type"] == "application/json"
    assert asked.body == (
        b'{"model":"openai/tts-1","input":"Hello from DGrid.","voice":"alloy","response_format":"pcm"}'
    )
    assert (spoken.audio, spoken.kind, spoken.rate_hz) == (sounds.PCM, AudioKind.PCM, 24_000)
    assert (spoken.content_type, spoken.usage, spoken.request_id) == ("audio/pcm", None, "req_1")


async def test_the_stock_client_of_openai_sends_the_same():
    options = {"instructions": "Whisper.", "response_format": "opus", "speed": 0.5, "stream_format": "sse"}
    async with speaking(SAID, SAID) as (speech, rest):
        await speech.whole(SpeechRequest(model="m", input="Hi.", voice="nova", **options))
        async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{rest.base_url}/v1") as theirs:
            await theirs.audio.speech.create(model="m", input="Hi.", voice="nova", **options)
    ours, stock = rest.heard
    assert ours.json == stock.json


async def test_a_sentence_is_asked_for_again_when_the_connection_breaks_before_it():
    async with speaking(GONE, BUSY, SAID) as (speech, rest):
        assert (await speech.whole(HELLO)).audio == sounds.PCM
    assert len(rest.heard) == 3


# What comes


async def test_sound_arrives_while_more_is_still_being_said():
    endless = RestAnswer([sounds.PCM, sounds.QUIET], headers={"Content-Type": "audio/pcm;rate=16000"}, ends="never")
    async with speaking(endless) as (speech, rest):
        async with speech.stream(HELLO) as sound:
            assert (sound.kind, sound.rate_hz, sound.content_type) == (AudioKind.PCM, 16_000, "audio/pcm;rate=16000")
            pieces = aiter(sound)
            said = await anext(pieces)
            while len(said) < len(sounds.PCM + sounds.QUIET):
                said += await anext(pieces)
            assert said == sounds.PCM + sounds.QUIET
        await rest.heard[0].gone.wait()


async def test_events_with_the_bill_at_the_end():
    told = RestAnswer([delta(sounds.PCM), delta(sounds.QUIET), DONE])
    async with speaking(told, told) as (speech, _):
        sound, pieces = await heard(speech)
        spoken = await speech.whole(HELLO)
    assert b"".join(pieces) == spoken.audio == sounds.PCM + sounds.QUIET
    assert sound.usage == spoken.usage
    assert (sound.usage.output_tokens, sound.truncated, sound.kind) == (80, False, AudioKind.PCM)


async def test_a_server_that_hangs_on_after_the_last_event_is_left(monkeypatch):
    monkeypatch.setattr("voiceloop.dgrid.client.END_WITHIN_S", 0.01)
    async with speaking(RestAnswer([delta(sounds.PCM), DONE], ends="never")) as (speech, rest):
        _, pieces = await heard(speech)
        await rest.heard[0].gone.wait()
    assert b"".join(pieces) == sounds.PCM


async def test_the_connection_stays_warm_for_the_next_sentence():
    told = [RestAnswer([delta(sounds.PCM), DONE]), RestAnswer([delta(sounds.PCM), DONE, b"data: [DONE]\n\n"])]
    async with speaking(SAID, *told, SAID) as (speech, rest):
        for _ in range(4):
            await heard(speech)
    assert [asked.connection for asked in rest.heard] == [1, 1, 1, 1]


async def test_events_that_end_early_are_truncated():
    async with speaking(RestAnswer([delta(sounds.PCM)])) as (speech, _):
        sound, pieces = await heard(speech)
    assert (b"".join(pieces), sound.truncated) == (sounds.PCM, True)


async def test_a_connection_that_breaks_loses_only_what_was_not_said():
    async with speaking(RestAnswer([sounds.PCM], ends="cut")) as (speech, _), speech.stream(HELLO) as sound:
        pieces = aiter(sound)
        assert await anext(pieces) == sounds.PCM
        assert (await refusal(anext(pieces))).kind is Kind.DROPPED


async def test_cancelling_closes_the_request():
    async with speaking(RestAnswer(silent=True, ends="never")) as (speech, rest), asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(heard(speech))
        asked = await rest.hears()
        asking.cancel()
        await asked.gone.wait()
    assert asking.cancelled()


# Answers that lie


@pytest.mark.parametrize(
    ("audio", "kind"),
    [
        (sounds.WAV, AudioKind.WAV),
        (sounds.STREAMED_WAV, AudioKind.WAV),
        (sounds.MP3, AudioKind.MP3),
        (sounds.OGG, AudioKind.OGG),
    ],
)
@pytest.mark.parametrize("content_type", ["audio/pcm", "application/json"])
async def test_another_format_than_was_asked_for_is_called_by_its_name(audio, kind, content_type):
    lie = RestAnswer(audio, headers={"Content-Type": content_type})
    async with speaking(lie, lie) as (speech, _):
        spoken = await speech.whole(HELLO)
        sound, pieces = await heard(speech)
    assert (spoken.audio, spoken.kind, spoken.rate_hz) == (b"".join(pieces), sound.kind, sound.rate_hz)
    assert (spoken.audio, spoken.kind, spoken.rate_hz) == (audio, kind, None)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ({"error": {"message": f"no credit for {KEY}", "code": "insufficient_quota"}}, Kind.QUOTA),
        ({"success": False, "message": f"the voice of {KEY} is off"}, Kind.REFUSED),
    ],
)
@pytest.mark.parametrize("content_type", ["audio/pcm", "application/json", "text/event-stream"])
async def test_an_error_under_a_successs_status_is_raised(raw, kind, content_type):
    lie = RestAnswer(raw, headers={"Content-Type": content_type})
    async with speaking(lie, lie) as (speech, _):
        assert (await refusal(speech.whole(HELLO))).kind is kind
        assert (await refusal(heard(speech))).kind is kind


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no audio but nothing"),
        (sounds.STREAMED_WAV[:44], "no audio but nothing"),
        (b"<html><title>Welcome</title></html>", "no audio but Welcome"),
        (f'{{"key":"{KEY}"}}'.encode(), 'no audio but {"key":"'),
        (b"data: [DONE]\n\n", "no audio but nothing"),
    ],
)
async def test_no_sound_under_a_successs_status_is_broken(body, words):
    async with speaking(RestAnswer(body), RestAnswer(body)) as (speech, _):
        for asking in (speech.whole(HELLO), heard(speech)):
            failure = await refusal(asking)
            assert failure.kind is Kind.BROKEN
            assert failure.message.startswith(words)


async def test_an_error_in_the_middle_of_events_comes_after_the_sound_before_it():
    gone = event({"error": {"message": "gone", "type": "server_error"}})
    cut = RestAnswer([delta(sounds.PCM) + gone])
    async with speaking(cut, cut) as (speech, _):
        assert (await refusal(speech.whole(HELLO))).kind is Kind.SERVER_FAULT
        async with speech.stream(HELLO) as sound:
            pieces = aiter(sound)
            assert await anext(pieces) == sounds.PCM
            assert (await refusal(anext(pieces))).kind is Kind.SERVER_FAULT


async def test_an_event_without_end_is_broken(monkeypatch):
    monkeypatch.setattr("voiceloop.dgrid.sse.LONGEST", 200)
    long = RestAnswer([b"data: " + b"A" * 300])
    async with speaking(long, long) as (speech, _):
        for asking in (speech.whole(HELLO), heard(speech)):
            assert "longer than" in (await refusal(asking)).message


async def test_an_answer_without_end_is_broken(monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 1_000)
    async with speaking(RestAnswer(bytes(2_000)), RestAnswer(bytes(2_000))) as (speech, _):
        assert (await refusal(speech.whole(HELLO))).kind is Kind.BROKEN
        assert (await refusal(heard(speech))).kind is Kind.BROKEN


# Refusals


async def test_an_unknown_voice_is_the_servers_refusal():
    error = {"message": "Unknown voice: robot", "type": "invalid_request_error", "param": "voice", "code": None}
    async with speaking(RestAnswer({"error": error}, 400)) as (speech, rest):
        failure = await refusal(speech.whole(HELLO.model_copy(update={"voice": "robot"})))
    assert (failure.kind, failure.param, failure.message) == (Kind.REFUSED, "voice", "Unknown voice: robot")
    assert len(rest.heard) == 1


async def test_what_a_model_refuses_is_left_out_from_then_on(caplog):
    caplog.set_level(logging.WARNING)
    whisper = HELLO.model_copy(update={"instructions": "Whisper."})
    no = RestAnswer({"error": {"message": "'instructions' is not supported with this model", "type": "x"}}, 400)
    mp3 = RestAnswer({"error": {"message": "response_format pcm is not supported", "param": "response_format"}}, 400)
    async with speaking(no, SAID, SAID, mp3, RestAnswer(sounds.MP3)) as (speech, rest):
        assert (await speech.whole(whisper)).kind is AudioKind.PCM
        await heard(speech, whisper)
        assert (await speech.whole(whisper)).kind is AudioKind.MP3
    assert [set(asked.json) - {"model", "input", "voice"} for asked in rest.heard] == [
        {"instructions", "response_format"}, {"response_format"}, {"response_format"}, {"response_format"}, set(),
    ]  # fmt: skip
    assert caplog.messages == [
        "openai/tts-1 takes no instructions: asking without it from now on",
        "openai/tts-1 takes no response_format: asking without it from now on",
    ]
