from __future__ import annotations

import contextlib
import io
import json

import openai
import pytest

from dgrid import sounds
from dgrid.asker import BUSY, GONE, KEY, client
from dgrid.forms import fields, parts
from voiceloop.dgrid.transcript import TextGrew, Transcribed
from voiceloop.dgrid.transcriptions import TranscriptionRequest, Transcriptions
from voiceloop.testing.rest import RestAnswer, ScriptedRest

pytestmark = pytest.mark.real

SPEECH = TranscriptionRequest(model="whisper-1", audio=sounds.WAV)
HEARD = RestAnswer({"text": "Turn on the light."}, headers={"x-request-id": "req_1"})


def event(raw):
    return f"data: {json.dumps(raw)}\n\n".encode()


STREAMED = RestAnswer([
    event({"type": "transcript.text.delta", "delta": "turn "}),
    event({"type": "transcript.text.delta", "delta": "on"}),
    event({"type": "transcript.text.done", "text": "Turn on.", "usage": {"type": "duration", "seconds": 1}}),
])  # fmt: skip


@contextlib.asynccontextmanager
async def listening(*answers):
    async with ScriptedRest({"POST /v1/audio/transcriptions": answers}) as rest, client(rest) as asker:
        yield Transcriptions(asker), rest


async def told(transcriptions, request=SPEECH, **more):
    async with transcriptions.stream(request, **more) as deltas:
        return [delta async for delta in deltas]


async def test_the_form_of_dgrids_reference():
    full = {"language": "en", "prompt": "Anna", "response_format": "json", "temperature": 0.2}
    async with listening(HEARD, HEARD) as (transcriptions, rest):
        found = await transcriptions.whole(SPEECH)
        await transcriptions.whole(SPEECH.model_copy(update=full))
    assert (found.text, found.request_id) == ("Turn on the light.", "req_1")
    short, long = rest.heard
    assert short.headers["authorization"] == f"Bearer {KEY}"
    assert parts(short.headers["content-type"], short.body) == [
        ("model", None, "text/plain", b"whisper-1"),
        ("file", "audio.wav", "audio/wav", sounds.WAV),
    ]
    assert sorted(fields(long)) == [
        ("language", "en"), ("model", "whisper-1"), ("prompt", "Anna"), ("response_format", "json"),
        ("temperature", "0.2"),
    ]  # fmt: skip


async def test_the_stock_client_of_openai_sends_the_same():
    options = {
        "response_format": "verbose_json",
        "language": "en",
        "prompt": "Anna",
        "temperature": 0.5,
        "timestamp_granularities": ["word", "segment"],
        "include": ["logprobs"],
        "chunking_strategy": {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 100},
        "keywords": ["DGrid"],
        "languages": ["en", "de"],
        "known_speaker_names": ["Anna"],
        "known_speaker_references": ["data:audio/wav;base64,AA=="],
    }
    async with listening(HEARD, HEARD) as (transcriptions, rest):
        await transcriptions.whole(TranscriptionRequest(model="m", audio=sounds.WAV, **options))
        async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{rest.base_url}/v1") as theirs:
            recording = ("audio.wav", io.BytesIO(sounds.WAV), "audio/wav")
            await theirs.audio.transcriptions.create(model="m", file=recording, **options)
    ours, stock = (sorted(parts(asked.headers["content-type"], asked.body)) for asked in rest.heard)
    assert ours == stock


async def test_a_stream_is_asked_for_and_comes_in_pieces():
    async with listening(STREAMED, STREAMED) as (transcriptions, rest):
        deltas = await told(transcriptions)
        async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{rest.base_url}/v1") as theirs:
            recording = ("audio.wav", io.BytesIO(sounds.WAV), "audio/wav")
            stream = await theirs.audio.transcriptions.create(model="whisper-1", file=recording, stream=True)
            kinds = [piece.type async for piece in stream]
    assert deltas[:-1] == [TextGrew("turn "), TextGrew("on")]
    assert isinstance(deltas[-1], Transcribed)
    assert (deltas[-1].transcription.text, deltas[-1].transcription.usage.seconds) == ("Turn on.", 1)
    ours, stock = map(fields, rest.heard)
    assert sorted(ours) == sorted(stock) == [("model", "whisper-1"), ("stream", "true")]
    assert len(kinds) == len(deltas)


async def test_a_recording_is_sent_again_when_the_connection_breaks_before_the_answer():
    async with listening(GONE, BUSY, HEARD) as (transcriptions, rest):
        assert (await transcriptions.whole(SPEECH)).text == "Turn on the light."
    assert len({asked.body for asked in rest.heard}) == 1
    assert len(rest.heard) == 3


async def test_progress_is_told_until_all_has_left():
    long, heard = SPEECH.model_copy(update={"audio": sounds.WAV + bytes(200_000)}), []
    async with listening(HEARD, STREAMED) as (transcriptions, rest):
        await transcriptions.whole(long, progress=lambda *figures: heard.append(figures))
        await told(transcriptions, long, progress=lambda *figures: heard.append(figures))
    pieces = [65_536, 131_072, 196_608]
    assert heard == [
        (sent, total) for total in (len(asked.body) for asked in rest.heard) for sent in (*pieces, total)
    ]  # fmt: skip
