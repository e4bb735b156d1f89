"""Responses over real sockets, asked for by OpenAI's own client."""

from __future__ import annotations

import json

import pytest
from openai import APIError, AsyncOpenAI, BadRequestError

from chatting import KEY, WEATHER, Thinks, served
from voiceloop.errors import DeviceError
from voiceloop_local.seams import Call, Say

pytestmark = pytest.mark.real

TOOL = {"type": "function", "name": "get_weather", "description": "Weather in a city", "parameters": WEATHER}


def client_of(gateway):
    return AsyncOpenAI(base_url=f"{gateway.base_url}/v1", api_key=KEY, max_retries=0)


async def test_a_stock_client_asks_calls_a_tool_and_tells_what_it_returned(fakes):
    async with served(fakes) as gateway, client_of(gateway) as client:
        hello = await client.responses.create(model="some/model:1", input="Hi you")
        assert (hello.output_text, hello.model, hello.status) == ("You said: Hi you.", "some/model:1", "completed")

        asked = [{"role": "user", "content": "Weather in Paris"}]
        called = await client.responses.create(model="m", input=asked, tools=[TOOL])
        [call] = called.output
        assert json.loads(call.arguments) == {"city": "Weather in Paris"}
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
        told = await client.responses.create(model="m", input=[*asked, call, output], tools=[TOOL])
        assert told.output_text == "The tool returned: rain."


async def test_a_stock_client_streams_words_and_parallel_calls(fakes):
    brain = Thinks(Say("One moment."), Call("lamp", '{"on":true}'), Call("lamp", '{"on":false}'))
    async with (
        served(fakes, brain) as gateway,
        client_of(gateway) as client,
        client.responses.stream(model="m", input="Hi") as stream,
    ):
        deltas = [event.delta async for event in stream if event.type == "response.output_text.delta"]
        whole = await stream.get_final_response()
    assert deltas == ["One", " moment."]
    message, *calls = whole.output
    assert message.content[0].text == "One moment."
    assert [call.arguments for call in calls] == ['{"on":true}', '{"on":false}']
    assert whole.usage.total_tokens > 0


async def test_what_is_not_stored_is_refused(fakes):
    async with served(fakes) as gateway, client_of(gateway) as client:
        with pytest.raises(BadRequestError, match="nothing is stored here") as refused:
            await client.responses.create(model="m", input="Hi", previous_response_id="resp_1")
    assert refused.value.param == "previous_response_id"


async def test_a_brain_that_breaks_off_is_told_in_the_stream(fakes):
    brain = Thinks(Say("One"), DeviceError("the model process ended"))
    async with served(fakes, brain) as gateway, client_of(gateway) as client:
        seen = [event async for event in await client.responses.create(model="m", input="Hi", stream=True)]
        error, failed = seen[-2:]
    assert (error.type, error.message) == ("error", "the model process ended")
    assert (failed.type, failed.response.status) == ("response.failed", "failed")


async def test_a_brain_that_cannot_begin_is_told_by_the_status(fakes):
    async with served(fakes, Thinks(DeviceError("no model"))) as gateway, client_of(gateway) as client:
        with pytest.raises(APIError, match="no model") as failed:
            await client.responses.create(model="m", input="Hi", stream=True)
    assert failed.value.status_code == 503
