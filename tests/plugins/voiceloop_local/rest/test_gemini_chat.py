"""Gemini's dialect over real sockets, spoken by Google's own client."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from google import genai
from google.genai import errors, types

from chatting import KEY, WEATHER, Thinks, served
from voiceloop.clips import to_wav
from voiceloop.errors import DeviceError
from voiceloop_local.rest.inner_thinking import BLIND
from voiceloop_local.seams import Call, Say

pytestmark = pytest.mark.real

MODEL = "some-model"
TOOL = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="get_weather",
            description="Weather in a city",
            parameters=types.Schema(type="OBJECT", properties={"city": types.Schema(type="STRING")}, required=["city"]),
        )
    ]
)


@pytest.fixture
async def client_of():
    made = []

    def client(gateway, version="v1beta"):
        options = types.HttpOptions(base_url=gateway.base_url, api_version=version)
        made.append(genai.Client(api_key=KEY, http_options=options))
        return made[-1].aio.models

    yield client
    for each in made:
        await each.aio.aclose()
        each.close()


@pytest.mark.parametrize("version", ["v1beta", "v1"])
async def test_a_stock_client_asks_calls_a_tool_and_tells_what_it_returned(fakes, client_of, version):
    async with served(fakes) as gateway:
        models = client_of(gateway, version)
        config = types.GenerateContentConfig(system_instruction="Be brief.")
        hello = await models.generate_content(model=MODEL, contents="Hi you", config=config)
        assert (hello.text, hello.model_version) == ("You said: Hi you.", MODEL)
        assert hello.candidates[0].finish_reason == "STOP"
        assert hello.usage_metadata.total_token_count > 0

        config = types.GenerateContentConfig(tools=[TOOL])
        asked = types.Content(role="user", parts=[types.Part(text="Weather in Paris")])
        called = await models.generate_content(model=MODEL, contents=[asked], config=config)
        [call] = called.function_calls
        assert (call.name, call.args) == ("get_weather", {"city": "Weather in Paris"})
        answered = types.Part.from_function_response(name=call.name, response={"output": "rain"})
        contents = [asked, called.candidates[0].content, types.Content(role="user", parts=[answered])]
        told = await models.generate_content(model=MODEL, contents=contents, config=config)
        assert told.text == "The tool returned: rain."


async def test_a_stock_client_streams_words_and_parallel_calls(fakes, client_of):
    brain = Thinks(Say("One moment."), Call("lamp", '{"on":true}'), Call("lamp", '{"on":false}'))
    async with served(fakes, brain) as gateway:
        stream = await client_of(gateway).generate_content_stream(model=MODEL, contents="Hi")
        chunks = [chunk async for chunk in stream]
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    assert "".join(part.text or "" for part in parts) == "One moment."
    assert [part.function_call.args for part in parts if part.function_call] == [{"on": True}, {"on": False}]
    assert chunks[-1].candidates[0].finish_reason == "STOP"
    assert chunks[-1].usage_metadata.candidates_token_count > 0


async def test_speech_is_heard_and_pictures_are_not_seen(fakes, client_of):
    speech = types.Part.from_bytes(data=to_wav(fakes.tone(1000), 24_000), mime_type="audio/wav")
    picture = types.Part.from_bytes(data=b"\x89PNG", mime_type="image/png")
    async with served(fakes, heard="good morning") as gateway:
        models = client_of(gateway)
        heard = await models.generate_content(model=MODEL, contents=[speech, picture])
        assert heard.text == "You said: good morning."
        assert (await models.generate_content(model=MODEL, contents=[picture])).text == BLIND


async def test_speech_is_made_where_it_is_asked_for(fakes, client_of):
    config = types.GenerateContentConfig(response_modalities=["AUDIO"])
    async with served(fakes) as gateway:
        models = client_of(gateway)
        whole = await models.generate_content(model=MODEL, contents="Hello.", config=config)
        [chunk] = [
            each async for each in await models.generate_content_stream(model=MODEL, contents="Hello.", config=config)
        ]
    for answer in (whole, chunk):
        spoken = answer.candidates[0].content.parts[0].inline_data
        assert spoken.mime_type.startswith("audio/L16")
        assert len(spoken.data) == len("Hello.") * 60 * 48


async def test_a_picture_is_made_where_it_is_asked_for(fakes, client_of):
    config = types.GenerateContentConfig(response_modalities=["TEXT", "IMAGE"])
    async with served(fakes) as gateway:
        made = await client_of(gateway).generate_content(model=MODEL, contents="A lamp", config=config)
    assert made.candidates[0].content.parts[0].inline_data.data.startswith(b"\x89PNG")


async def test_without_events_the_stream_is_an_array_and_models_have_any_name(fakes):
    body = {
        "contents": [{"parts": [{"text": "Weather"}]}],
        "tools": [{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": WEATHER}]}],
    }
    async with served(fakes) as gateway, httpx.AsyncClient(headers={"x-goog-api-key": KEY}) as client:
        url = f"{gateway.base_url}/v1/models/some/model:1:streamGenerateContent"
        told = (await client.post(url, json=body)).json()
    assert told[0]["candidates"][0]["content"]["parts"][0]["functionCall"]["args"] == {"city": "Weather"}
    assert told[-1]["modelVersion"] == "some/model:1"


async def test_what_cannot_be_done_is_told_in_googles_words(fakes, client_of):
    config = types.GenerateContentConfig(candidate_count=2)
    async with served(fakes) as gateway:
        with pytest.raises(errors.ClientError, match="candidateCount") as refused:
            await client_of(gateway).generate_content(model=MODEL, contents="Hi", config=config)
    assert (refused.value.code, refused.value.status) == (400, "INVALID_ARGUMENT")


async def test_a_brain_that_breaks_off_is_told_in_the_stream(fakes):
    def read(base_url):  # the client for asyncio does not close its connection after an error
        with genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=base_url)) as client:
            stream = client.models.generate_content_stream(model=MODEL, contents="Hi")
            assert next(stream).text == "One"
            with pytest.raises(errors.ServerError, match="the model process ended"):
                next(stream)

    async with served(fakes, Thinks(Say("One"), DeviceError("the model process ended"))) as gateway:
        await asyncio.to_thread(read, gateway.base_url)
