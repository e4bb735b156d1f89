"""Chat completions over real sockets, asked for by OpenAI's own client."""

from __future__ import annotations

import base64
import json

import httpx
import pytest
from openai import APIError, AsyncOpenAI, BadRequestError

from chatting import KEY, WEATHER, Thinks, served
from voiceloop.clips import to_wav
from voiceloop.errors import DeviceError
from voiceloop_local.rest.inner_thinking import BLIND
from voiceloop_local.seams import Call, Say

pytestmark = pytest.mark.real

TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Weather in a city", "parameters": WEATHER},
}


def client_of(gateway):
    return AsyncOpenAI(base_url=f"{gateway.base_url}/v1", api_key=KEY, max_retries=0)


def user(content):
    return {"role": "user", "content": content}


async def asked(gateway, *messages, **fields):
    async with client_of(gateway) as client:
        return await client.chat.completions.create(model="some/model:1", messages=messages, **fields)


async def test_a_stock_client_asks_calls_a_tool_and_tells_what_it_returned(fakes):
    async with served(fakes) as gateway:
        hello = await asked(gateway, {"role": "system", "content": "Be brief."}, user("Hi you"))
        assert hello.choices[0].message.content == "You said: Hi you."
        assert (hello.model, hello.choices[0].finish_reason) == ("some/model:1", "stop")
        assert hello.usage.total_tokens == hello.usage.prompt_tokens + hello.usage.completion_tokens

        called = await asked(gateway, user("Weather in Paris"), tools=[TOOL])
        message = called.choices[0].message
        assert called.choices[0].finish_reason == "tool_calls"
        [call] = message.tool_calls
        assert json.loads(call.function.arguments) == {"city": "Weather in Paris"}

        output = {"role": "tool", "tool_call_id": call.id, "content": "rain"}
        told = await asked(gateway, user("Weather in Paris"), message.model_dump(), output, tools=[TOOL])
        assert told.choices[0].message.content == "The tool returned: rain."


async def test_a_stock_client_streams_words_and_parallel_calls(fakes):
    thoughts = Say("One moment."), Call("lamp", '{"on":true}'), Call("lamp", '{"on":false}')
    async with served(fakes, Thinks(*thoughts)) as gateway, client_of(gateway) as client:
        fields = {"model": "m", "messages": [user("Hi")], "stream_options": {"include_usage": True}}
        async with client.chat.completions.stream(**fields) as stream:
            [*chunks] = [event.chunk async for event in stream if event.type == "chunk"]
            whole = await stream.get_final_completion()
    assert [chunk.choices[0].delta.content for chunk in chunks[1:3]] == ["One", " moment."]
    assert whole.choices[0].message.content == "One moment."
    calls = whole.choices[0].message.tool_calls
    assert [call.function.arguments for call in calls] == ['{"on":true}', '{"on":false}']
    assert len({call.id for call in calls}) == 2
    assert whole.choices[0].finish_reason == "tool_calls"
    assert whole.usage.completion_tokens > 0


async def test_speech_is_heard_and_pictures_are_not_seen(fakes):
    recording = base64.b64encode(to_wav(fakes.tone(1000), 24_000)).decode()
    audio = {"type": "input_audio", "input_audio": {"data": recording, "format": "wav"}}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    async with served(fakes, heard="good morning") as gateway:
        heard = await asked(gateway, user([audio, picture]))
        assert heard.choices[0].message.content == "You said: good morning."
        assert heard.usage.prompt_tokens_details.audio_tokens == 10
        assert (await asked(gateway, user([picture]))).choices[0].message.content == BLIND


async def test_an_answer_ends_where_it_is_told_to(fakes):
    async with served(fakes, Thinks(Say("One two three four."))) as gateway:
        cut = (await asked(gateway, user("Hi"), max_tokens=1)).choices[0]
        assert (cut.finish_reason, cut.message.content) == ("length", "One ")
        stopped = (await asked(gateway, user("Hi"), stop=["three"])).choices[0]
        assert (stopped.finish_reason, stopped.message.content) == ("stop", "One two ")


async def test_what_cannot_be_done_is_refused_with_the_field(fakes):
    async with served(fakes) as gateway:
        with pytest.raises(BadRequestError) as refused:
            await asked(gateway, user("Hi"), n=2)
        assert refused.value.param == "n"
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as client:
            broken = await client.post(f"{gateway.base_url}/v1/chat/completions", content=b"{")
        assert (broken.status_code, broken.json()["error"]["code"]) == (400, "invalid_json")


@pytest.mark.parametrize("stream", [True, False])
async def test_a_brain_that_cannot_begin_is_told_by_the_status(fakes, stream):
    async with served(fakes, Thinks(DeviceError("no model"))) as gateway:
        with pytest.raises(APIError, match="no model") as failed:
            await asked(gateway, user("Hi"), stream=stream)
    assert failed.value.status_code == 503


async def test_a_brain_that_breaks_off_is_told_in_the_stream(fakes):
    brain = Thinks(Say("One"), DeviceError("the model process ended"))
    async with served(fakes, brain) as gateway, client_of(gateway) as client:
        stream = await client.chat.completions.create(model="m", messages=[user("Hi")], stream=True)
        said = [(await anext(stream)).choices[0].delta.content for _ in range(2)]
        with pytest.raises(APIError, match="the model process ended"):
            await anext(stream)
    assert said == ["", "One"]
