"""Messages over real sockets, asked for by Anthropic's own client."""

from __future__ import annotations

import pytest
from anthropic import APIStatusError, AsyncAnthropic, BadRequestError

from chatting import KEY, WEATHER, Thinks, served
from voiceloop.errors import DeviceError
from voiceloop_local.rest.inner_thinking import BLIND
from voiceloop_local.seams import Call, Say

pytestmark = pytest.mark.real

TOOL = {"name": "get_weather", "description": "Weather in a city", "input_schema": WEATHER}


def client_of(gateway):
    return AsyncAnthropic(base_url=gateway.base_url, api_key=KEY, max_retries=0)


def user(content):
    return {"role": "user", "content": content}


def wish(*messages, **fields):
    return {"model": "some/model:1", "max_tokens": 1000, "messages": messages} | fields


async def test_a_stock_client_asks_calls_a_tool_and_tells_what_it_returned(fakes):
    async with served(fakes) as gateway, client_of(gateway) as client:
        hello = await client.messages.create(**wish(user("Hi you"), system="Be brief."))
        assert (hello.content[0].text, hello.stop_reason) == ("You said: Hi you.", "end_turn")
        assert hello.model == "some/model:1"

        called = await client.messages.create(**wish(user("Weather in Paris"), tools=[TOOL]))
        [call] = called.content
        assert (called.stop_reason, call.input) == ("tool_use", {"city": "Weather in Paris"})
        result = user([{"type": "tool_result", "tool_use_id": call.id, "content": "rain"}])
        used = {"role": "assistant", "content": called.content}
        told = await client.messages.create(**wish(user("Weather in Paris"), used, result, tools=[TOOL]))
        assert told.content[0].text == "The tool returned: rain."


async def test_a_stock_client_streams_words_and_parallel_calls(fakes):
    brain = Thinks(Say("One moment."), Call("lamp", '{"on":true}'), Call("lamp", '{"on":false}'))
    async with (
        served(fakes, brain) as gateway,
        client_of(gateway) as client,
        client.messages.stream(**wish(user("Hi"))) as stream,
    ):
        words = [text async for text in stream.text_stream]
        whole = await stream.get_final_message()
    assert words == ["One", " moment."]
    text, *calls = whole.content
    assert text.text == "One moment."
    assert [call.input for call in calls] == [{"on": True}, {"on": False}]
    assert whole.stop_reason == "tool_use"
    assert whole.usage.output_tokens > 0


async def test_a_picture_alone_is_answered_honestly(fakes):
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    async with served(fakes) as gateway, client_of(gateway) as client:
        told = await client.messages.create(**wish(user([picture])))
    assert told.content[0].text == BLIND


async def test_an_answer_ends_where_it_is_told_to(fakes):
    async with served(fakes, Thinks(Say("One two three."))) as gateway, client_of(gateway) as client:
        told = await client.messages.create(**wish(user("Hi"), stop_sequences=["three"]))
    assert (told.stop_reason, told.stop_sequence, told.content[0].text) == ("stop_sequence", "three", "One two ")


async def test_what_is_missing_is_told_in_claudes_words(fakes):
    async with served(fakes) as gateway, client_of(gateway) as client:
        with pytest.raises(BadRequestError) as refused:
            await client.messages.create(**wish())
    assert refused.value.body["error"]["type"] == "invalid_request_error"


async def test_a_brain_that_breaks_off_is_told_in_the_stream(fakes):
    brain = Thinks(Say("One"), DeviceError("the model process ended"))
    async with served(fakes, brain) as gateway, client_of(gateway) as client:
        stream = await client.messages.create(**wish(user("Hi")), stream=True)
        seen = [(await anext(stream)).type for _ in range(3)]
        with pytest.raises(APIStatusError, match="the model process ended"):
            await anext(stream)
    assert seen == ["message_start", "content_block_start", "content_block_delta"]
