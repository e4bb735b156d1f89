from __future__ import annotations

import base64
import contextlib
import json
import re

import pytest
from google.genai import types
from pydantic import ValidationError

from dgrid import sounds
from dgrid.asker import GONE, KEY, client, refusal
from voiceloop.dgrid.audio_kinds import AudioKind
from voiceloop.dgrid.failures import Kind
from voiceloop.dgrid.gemini_speech import GeminiSpeech, GeminiSpeechRequest
from voiceloop.dgrid.sse import LONGEST
from voiceloop.testing.rest import RestAnswer, ScriptedRest

HELLO = GeminiSpeechRequest(model="gemini-2.5-flash-preview-tts", input="Hello.", voice="Kore")
WHERE = "POST /v1/models/gemini-2.5-flash-preview-tts:"
L16 = "audio/L16;codec=pcm;rate=24000"


def piece(audio, reason=None, kind=L16):
    inline = {"mimeType": kind, "data": base64.b64encode(audio).decode()}
    candidate = {"content": {"role": "model", "parts": [{"inlineData": inline}]}}
    return {"candidates": [candidate | ({"finishReason": reason} if reason else {})]}


WHOLE = piece(sounds.PCM, "STOP") | {"usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 30}}


def event(raw):
    return f"data: {json.dumps(raw)}\r\n\r\n".encode()


@contextlib.asynccontextmanager
async def speaking(*answers, streamed=()):
    script = {f"{WHERE}generateContent": answers, f"{WHERE}streamGenerateContent?alt=sse": streamed}
    async with ScriptedRest(script) as rest, client(rest) as asker:
        yield GeminiSpeech(asker), rest


async def heard(speech):
    async with speech.stream(HELLO) as sound:
        return sound, b"".join([audio async for audio in sound])


@pytest.mark.real
async def test_the_request_of_dgrids_reference():
    async with speaking(GONE, RestAnswer(WHOLE, headers={"x-request-id": "req_1"})) as (speech, rest):
        spoken = await speech.whole(HELLO)
    asked = rest.heard[1]
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body == (
        b'{"contents":[{"role":"user","parts":[{"text":"Hello."}]}],"generationConfig":{"responseModalities":["AUDIO"],'
        b'"speechConfig":{"voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Kore"}}}}}'
    )
    assert (spoken.audio, spoken.kind, spoken.rate_hz) == (sounds.PCM, AudioKind.PCM, 24_000)
    assert (spoken.content_type, spoken.usage.output_tokens, spoken.request_id) == (L16, 30, "req_1")
    assert not spoken.truncated


@pytest.mark.real
async def test_the_stock_client_of_google_sends_the_same_and_hears_the_same(of_google):
    asked = GeminiSpeechRequest(model="m", input="Hallo.", voice="Kore", language="de-DE", temperature=0.5)
    voice = types.VoiceConfig(prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name="Kore"))
    config = types.GenerateContentConfig(
        response_modalities=["AUDIO"],
        speech_config=types.SpeechConfig(voice_config=voice, language_code="de-DE"),
        temperature=0.5,
    )
    script = {"POST /v1/models/m:generateContent": [RestAnswer(WHOLE)] * 2}
    async with ScriptedRest(script) as rest, client(rest) as asker:
        ours = await GeminiSpeech(asker).whole(asked)
        options = types.HttpOptions(base_url=rest.base_url, api_version="v1")
        stock = of_google(api_key=KEY, vertexai=False, http_options=options)
        theirs = await stock.aio.models.generate_content(model="m", contents="Hallo.", config=config)
        await stock.aio.aclose()
    names = re.sub(rb"_([a-z])(?=[a-z_]*\":)", lambda match: match[1].upper(), rest.heard[1].body)
    assert rest.heard[0].json == json.loads(names)  # it writes what is inside of speechConfig in snake_case
    assert ours.audio == theirs.candidates[0].content.parts[0].inline_data.data


@pytest.mark.real
async def test_sound_arrives_while_more_is_still_being_said():
    endless = RestAnswer([event(piece(sounds.PCM)), event(piece(sounds.QUIET))], ends="never")
    async with speaking(streamed=[endless]) as (speech, rest):
        async with speech.stream(HELLO) as sound:
            assert (sound.kind, sound.rate_hz) == (AudioKind.PCM, 24_000)
            pieces = aiter(sound)
            said = await anext(pieces)
            while len(said) < len(sounds.PCM + sounds.QUIET):
                said += await anext(pieces)
            assert said == sounds.PCM + sounds.QUIET
        await rest.heard[0].gone.wait()


@pytest.mark.real
@pytest.mark.parametrize("write", [event, lambda raw: json.dumps(raw).encode(), lambda raw: json.dumps([raw]).encode()])
async def test_events_an_array_and_an_object_are_one_to_both(write):
    answer = RestAnswer(write(WHOLE))
    async with speaking(answer, streamed=[answer]) as (speech, _):
        assert (await speech.whole(HELLO)).audio == sounds.PCM
        sound, audio = await heard(speech)
    assert (audio, sound.truncated, sound.usage.output_tokens) == (sounds.PCM, False, 30)


@pytest.mark.real
async def test_minutes_in_one_answer():
    long = sounds.PCM * (LONGEST // len(sounds.PCM) + 1)
    async with speaking(RestAnswer(piece(long, "STOP"))) as (speech, _):
        assert (await speech.whole(HELLO)).audio == long


@pytest.mark.real
async def test_minutes_in_one_piece_of_an_array_are_refused():
    async with speaking(RestAnswer(b'["' + b"x" * LONGEST)) as (speech, _):
        assert (await refusal(speech.whole(HELLO))).kind is Kind.BROKEN


@pytest.mark.real
@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, Kind.REFUSED, "PROHIBITED_CONTENT"),
        ({"candidates": [{"finishReason": "SAFETY"}]}, Kind.REFUSED, "SAFETY"),
        ({"candidates": [{"content": {"parts": [{"text": "I said no."}]}}]}, Kind.BROKEN, "I said no."),
        ({"candidates": [{"finishReason": "OTHER"}]}, Kind.BROKEN, "no audio"),
        ({"error": {"code": 404, "message": "no model m", "status": "NOT_FOUND"}}, Kind.BAD_MODEL, "no model m"),
    ],
)
async def test_an_answer_without_sound(answer, kind, words):
    async with speaking(RestAnswer(answer), streamed=[RestAnswer(answer)]) as (speech, _):
        for asking in (speech.whole(HELLO), heard(speech)):
            failure = await refusal(asking)
            assert failure.kind is kind
            assert words in failure.message


def test_what_is_none_is_not_sent():
    assert GeminiSpeechRequest(model="m", input="Hi").to_json()["generationConfig"] == {"responseModalities": ["AUDIO"]}


@pytest.mark.parametrize("wrong", [{"input": " "}, {"model": ""}, {"speed": 2}, {"temperature": 3}])
def test_bad_input_is_told_and_not_shown(wrong):
    with pytest.raises(ValidationError) as caught:
        GeminiSpeechRequest(**{"model": "m", "input": "secret words", **wrong})
    assert "secret" not in str(caught.value)
