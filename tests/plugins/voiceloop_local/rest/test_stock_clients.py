"""The gateway's REST families as stock clients of two vendors meet them, over a real socket."""

from __future__ import annotations

import base64
import io
import math

import httpx
import pytest
from google import genai
from google.genai import types
from openai import APIError, AsyncOpenAI, BadRequestError, InternalServerError
from PIL import Image

from voiceloop.clips import compress, decode, to_wav
from voiceloop.errors import DeviceError
from voiceloop_local.gateway import Gateway
from voiceloop_local.rest.placard import placard
from voiceloop_local.scripted import ScriptedBrain

pytestmark = pytest.mark.real

KEY = "sk-planted"


@pytest.fixture
async def serving(fakes):
    class Serving:
        ears = fakes.transcriber("Hello there, Ada.", takes_s=0, languages=[("de", 0.9)] * 9)
        speaker = fakes.speaker(takes_s=0)

    async with Gateway("127.0.0.1", 0, KEY, Serving.ears, Serving.speaker, ScriptedBrain()) as gateway:
        Serving.base_url = gateway.base_url
        yield Serving


@pytest.fixture
async def client(serving):
    async with AsyncOpenAI(base_url=f"{serving.base_url}/v1", api_key=KEY, max_retries=0) as opened:
        yield opened


@pytest.fixture
def recording(fakes):
    return "speech.wav", to_wav(fakes.tone(1000, 16_000), 16_000)


async def test_embeddings_come_as_floats_and_in_base64(client):
    texts = ["Where is my order?", "where are my orders", "The weather is nice."]
    plain = await client.embeddings.create(model="m", input=texts, encoding_format="float")
    packed = await client.embeddings.create(model="m", input=texts)  # the client asks for base64 and unpacks it
    for one, other in zip(plain.data, packed.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
        assert (len(one.embedding), math.hypot(*one.embedding)) == (256, pytest.approx(1.0))
    assert (plain.model, plain.usage.prompt_tokens) == ("voiceloop-embedding-hashing", 15)
    [short] = (await client.embeddings.create(model="m", input="Hello", dimensions=16)).data
    assert len(short.embedding) == 16


async def test_a_refusal_names_the_field(client):
    with pytest.raises(BadRequestError) as caught:
        await client.embeddings.create(model="m", input="")
    assert (caught.value.param, caught.value.code) == ("input", "invalid_value")


async def test_pictures_are_made_and_edited(client):
    made = await client.images.generate(model="dall-e-2", prompt="A lighthouse", n=2, size="256x256")
    assert [one.url.startswith("data:image/png;base64,") for one in made.data] == [True, True]
    edited = await client.images.edit(
        model="gpt-image-1", image=("a.png", placard("sent", 64, 64)), prompt="Darker", size="1024x1024"
    )
    picture = Image.open(io.BytesIO(base64.b64decode(edited.data[0].b64_json)))
    assert (picture.format, picture.size) == ("PNG", (1024, 1024))
    assert edited.usage.total_tokens == edited.usage.input_tokens + edited.usage.output_tokens


async def test_texts_are_judged(client):
    told = await client.moderations.create(input=["Where is my order?", "I will kill you"])
    assert [result.flagged for result in told.results] == [False, True]
    assert told.results[1].categories.harassment_threatening is True
    assert told.results[1].category_scores.violence > 0.5


async def test_speech_is_heard_while_it_is_spoken(client, fakes):
    asked = {"model": "tts-1", "voice": "alloy", "input": "Hello there."}
    async with client.audio.speech.with_streaming_response.create(**asked, response_format="pcm") as response:
        pcm = b"".join([chunk async for chunk in response.iter_bytes()])
    assert pcm == fakes.tone(12 * 60)
    mp3 = await client.audio.speech.create(**asked)
    assert len(decode(mp3.content, 24_000)) == pytest.approx(len(pcm), rel=0.15)
    with pytest.raises(BadRequestError, match="at most 4096"):
        await client.audio.speech.create(**asked | {"input": "a" * 4097})


async def test_speech_that_breaks_off_never_looks_whole(serving):
    async def breaks_off(text, voice=None, language="en"):
        yield bytes(48_000)
        raise DeviceError("the model process ended unexpectedly")

    serving.speaker.speak = breaks_off
    asked = {"model": "m", "voice": "v", "input": "Hello", "response_format": "pcm"}
    async with httpx.AsyncClient(base_url=serving.base_url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            await client.post("/v1/audio/speech", json=asked)


async def test_recordings_are_written_down(client, fakes, recording):
    told = await client.audio.transcriptions.create(model="whisper-1", file=recording, language="en")
    assert told.text == "Hello there, Ada."
    long = await client.audio.transcriptions.create(
        model="whisper-1",
        file=("speech.mp3", compress(fakes.tone(1000), 24_000, "mp3")),
        response_format="verbose_json",
        timestamp_granularities=["segment"],
    )
    assert (long.language, long.segments[0].text) == ("english", "Hello there, Ada.")
    srt = await client.audio.transcriptions.create(model="whisper-1", file=recording, response_format="srt")
    assert srt.startswith("1\n00:00:00,000 --> 00:00:0")


async def test_words_are_told_as_they_are_recognised(client, recording):
    stream = await client.audio.transcriptions.create(model="m", file=recording, stream=True)
    events = [event async for event in stream]
    assert "".join(event.delta for event in events[:-1]) == "Hello there, Ada." == events[-1].text
    assert events[-1].usage.total_tokens > 0


async def test_what_is_no_recording_or_too_large_is_refused(client):
    with pytest.raises(BadRequestError, match="Invalid file format"):
        await client.audio.transcriptions.create(model="m", file=("a.mp3", b"no recording at all"))
    with pytest.raises(APIError) as caught:
        await client.audio.transcriptions.create(model="m", file=("a.wav", bytes(25 * 1024 * 1024 + 1)))
    assert caught.value.status_code == 413


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # the client would rather not have the method
async def test_recordings_are_written_in_english(serving, client, recording):
    told = await client.audio.translations.create(model="whisper-1", file=recording)
    assert told.text == "(de) Hello there, Ada."
    serving.ears.texts = [DeviceError("needs a package; install it with: pip install 'voiceloop[languages]'")]
    with pytest.raises(InternalServerError, match="languages"):
        await client.audio.translations.create(model="whisper-1", file=recording)


async def test_prompts_are_answered_whole_and_in_pieces(client):
    whole = await client.completions.create(model="m", prompt="hello")
    assert (whole.choices[0].text, whole.choices[0].finish_reason) == ("You said: hello.", "stop")
    stream = await client.completions.create(model="m", prompt="hello", stream=True)
    assert "".join([chunk.choices[0].text async for chunk in stream]) == "You said: hello."


async def test_googles_client_embeds(serving):
    options = types.HttpOptions(base_url=serving.base_url, headers={"Authorization": f"Bearer {KEY}"})
    async with genai.Client(api_key=KEY, http_options=options).aio as google:
        told = await google.models.embed_content(
            model="gemini-embedding-001",
            contents=["Hello", "there"],
            config=types.EmbedContentConfig(output_dimensionality=32),
        )
    assert [len(one.values) for one in told.embeddings] == [32, 32]


async def test_googles_client_hears_an_answer_and_sees_one(serving, fakes):
    options = types.HttpOptions(base_url=serving.base_url, headers={"Authorization": f"Bearer {KEY}"})
    async with genai.Client(api_key=KEY, http_options=options).aio as google:
        spoken = await google.models.generate_content(
            model="gemini-2.5-flash-preview-tts",
            contents="Hello there.",
            config=types.GenerateContentConfig(response_modalities=["AUDIO"]),
        )
        drawn = await google.models.generate_content(
            model="gemini-2.5-flash-image",
            contents="A lighthouse",
            config=types.GenerateContentConfig(
                response_modalities=["IMAGE"], image_config=types.ImageConfig(aspect_ratio="16:9")
            ),
        )
    audio = spoken.candidates[0].content.parts[0].inline_data
    assert (audio.mime_type, audio.data) == ("audio/L16;codec=pcm;rate=24000", fakes.tone(12 * 60))
    picture = drawn.candidates[0].content.parts[0].inline_data
    assert Image.open(io.BytesIO(picture.data)).size == (1024, 576)
