from __future__ import annotations

import msgspec
import pytest

from voiceloop.dgrid.chat_request import AssistantMessage, ChatRequest, OneTool, ToolMessage
from voiceloop.dgrid.dialects.base import Echoes
from voiceloop.dgrid.dialects.responses_writing import write
from voiceloop.errors import SettingsError
from voiceloop.vocabulary import ToolCall, ToolSpec

LAMP = ToolSpec("lamp", "Switch it.", {"type": "object", "properties": {}})
ON, OFF = ToolCall("call_1", "lamp", '{"on":true}'), ToolCall("call_2", "lamp", "{no")
CALLED = {"type": "function_call", "call_id": "call_1", "name": "lamp", "arguments": '{"on":true}'}
CALLED_TOO = {"type": "function_call", "call_id": "call_2", "name": "lamp", "arguments": "{no"}


def said(role, content):
    return {"role": role, "content": content}


HELLO = said("user", "Hello from DGrid.")


def body(*messages, reasoning=None, **more):
    return write(ChatRequest(model="openai/gpt-4o", messages=messages, **more), reasoning or Echoes())


def test_the_page_of_dgrid_byte_for_byte_and_nothing_is_stored():
    assert msgspec.json.encode(body(HELLO)) == (b'{"model":"openai/gpt-4o","input":"Hello from DGrid.","store":false}')


def test_all_that_can_be_said_byte_for_byte():
    made = body(
        said("system", "Be brief."),
        HELLO,
        tools=[LAMP],
        tool_choice=OneTool(name="lamp"),
        parallel_tool_calls=False,
        temperature=0.5,
        top_p=0.9,
        max_tokens=7,
        user="u1",
        reasoning_effort="low",
    )
    assert msgspec.json.encode(made) == (
        b'{"model":"openai/gpt-4o","input":[{"role":"system","content":"Be brief."},'
        b'{"role":"user","content":"Hello from DGrid."}],"temperature":0.5,"top_p":0.9,"max_output_tokens":7,'
        b'"parallel_tool_calls":false,"reasoning":{"effort":"low"},"user":"u1","store":false,'
        b'"tools":[{"type":"function","name":"lamp","description":"Switch it.",'
        b'"parameters":{"type":"object","properties":{}},"strict":false}],'
        b'"tool_choice":{"type":"function","name":"lamp"}}'
    )


def test_a_tool_choice_may_be_a_word():
    assert body(HELLO, tools=[LAMP], tool_choice="required")["tool_choice"] == "required"


def test_an_answers_schema_stands_flat():
    schema = {"name": "who", "schema": {"type": "object"}, "strict": True}
    made = body(HELLO, response_format={"type": "json_schema", "json_schema": schema})
    assert made["text"] == {"format": {"type": "json_schema", **schema}}
    assert body(HELLO, response_format={"type": "json_object"})["text"] == {"format": {"type": "json_object"}}


def test_a_conversation_with_tools():
    asks = AssistantMessage(content="Sure.", tool_calls=[ON, OFF])
    answers = [ToolMessage(tool_call_id="call_1", content="on"), ToolMessage(tool_call_id="call_2", content="no")]
    assert body(HELLO, asks, *answers, AssistantMessage(content="Done."), said("developer", "Rhyme."))["input"] == [
        HELLO,
        {"role": "assistant", "content": "Sure."},
        CALLED,
        CALLED_TOO,
        {"type": "function_call_output", "call_id": "call_1", "output": "on"},
        {"type": "function_call_output", "call_id": "call_2", "output": "no"},
        {"role": "assistant", "content": "Done."},
        {"role": "developer", "content": "Rhyme."},
    ]


def test_reasoning_goes_back_before_the_calls_it_led_to():
    reasoning, first, second = Echoes(), {"type": "reasoning", "id": "rs_1"}, {"type": "reasoning", "id": "rs_2"}
    reasoning.keep("call_1", [first])
    reasoning.keep("call_2", [second])
    made = body(HELLO, AssistantMessage(content="Sure.", tool_calls=[ON, OFF]), reasoning=reasoning)
    assert made["input"][1:] == [first, {"role": "assistant", "content": "Sure."}, CALLED, second, CALLED_TOO]


def test_pictures():
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
    ]
    assert body(said("user", parts))["input"] == [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"},
                {"type": "input_image", "image_url": "https://x/y.png", "detail": "auto"},
            ],
        }
    ]


def test_what_there_is_no_field_for_is_left_out_where_an_answer_can_do_without():
    soft = {"seed": 7, "presence_penalty": 1, "frequency_penalty": 1, "logit_bias": {"1": 1}}
    assert body(HELLO, **soft) == body(HELLO)


@pytest.mark.parametrize("hard", [{"stop": "x"}, {"contents": [{}]}])
def test_what_an_answer_cannot_do_without_is_an_error(hard):
    with pytest.raises(SettingsError, match=f"responses has no {next(iter(hard))}: leave it out"):
        body(HELLO, **hard)


def test_a_recording_is_an_error_that_says_what_to_do():
    sound = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}
    with pytest.raises(SettingsError, match="transcribed, or choose another dialect"):
        body(said("user", [sound]))
