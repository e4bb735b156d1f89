from __future__ import annotations

import base64

import msgspec
import pytest

from dgrid import sounds
from voiceloop.dgrid.chat_items import messages_of
from voiceloop.dgrid.chat_request import AssistantMessage, ChatRequest, OneTool, ToolMessage
from voiceloop.dgrid.dialects.base import Echoes
from voiceloop.dgrid.dialects.gemini_writing import GO_ON, OPENING, write
from voiceloop.errors import SettingsError
from voiceloop.vocabulary import ToolCall, ToolSpec, UserTurn

LAMP = ToolSpec(
    "lamp",
    "Switch it.",
    {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"], "additionalProperties": False},
)
TIME = ToolSpec("time", "Tell it.", {"type": "object", "properties": {}})
ON, OFF = ToolCall("call_1", "lamp", '{"on":true}'), ToolCall("call_2", "time", "{no")
PNG = "data:image/png;base64,AAAA"


def said(role, content):
    return {"role": role, "content": content}


def turn(role, *parts):
    return {"role": role, "parts": [{"text": part} if isinstance(part, str) else part for part in parts]}


HELLO = said("user", "Hello from DGrid.")


def body(*messages, echoes=None, **more):
    return write(ChatRequest(model="m", messages=messages, **more), echoes or Echoes())


def contents(*messages, **more):
    return body(*messages, **more)["contents"]


def test_the_page_of_dgrid_byte_for_byte():
    assert msgspec.json.encode(body(HELLO)) == b'{"contents":[{"role":"user","parts":[{"text":"Hello from DGrid."}]}]}'


def test_all_that_can_be_said_byte_for_byte():
    made = body(
        said("system", "Be brief."),
        HELLO,
        tools=[LAMP, TIME],
        tool_choice=OneTool(name="lamp"),
        parallel_tool_calls=False,
        temperature=0.5,
        top_p=0.9,
        max_tokens=7,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        stop="x",
        seed=3,
        user="u1",
        reasoning_effort="low",
    )
    assert msgspec.json.encode(made) == (
        b'{"contents":[{"role":"user","parts":[{"text":"Hello from DGrid."}]}],'
        b'"systemInstruction":{"parts":[{"text":"Be brief."}]},'
        b'"tools":[{"functionDeclarations":[{"name":"lamp","description":"Switch it.","parameters":'
        b'{"type":"object","required":["on"],"properties":{"on":{"type":"boolean"}}}},'
        b'{"name":"time","description":"Tell it."}]}],'
        b'"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["lamp"]}},'
        b'"generationConfig":{"temperature":0.5,"topP":0.9,"maxOutputTokens":7,"stopSequences":["x"],'
        b'"presencePenalty":0.1,"frequencyPenalty":0.2,"seed":3,"thinkingConfig":{"thinkingLevel":"low"}}}'
    )


@pytest.mark.parametrize(("choice", "mode"), [("auto", "AUTO"), ("none", "NONE"), ("required", "ANY")])
def test_whether_tools_are_to_be_called(choice, mode):
    made = body(HELLO, tools=[LAMP], tool_choice=choice)
    assert made["toolConfig"] == {"functionCallingConfig": {"mode": mode}}
    assert "toolConfig" not in body(HELLO, tool_choice=choice)
    assert "toolConfig" not in body(HELLO, tools=[LAMP])


@pytest.mark.parametrize(
    ("effort", "thinking"),
    [("high", {"thinkingLevel": "high"}), ("0", {"thinkingBudget": 0}), ("1024", {"thinkingBudget": 1024})],
)
def test_how_much_is_to_be_thought(effort, thinking):
    assert body(HELLO, reasoning_effort=effort)["generationConfig"] == {"thinkingConfig": thinking}


def test_the_newer_name_of_a_limit_counts():
    made = body(HELLO, max_tokens=7, max_completion_tokens=8, stop=("x", "y"))
    assert made["generationConfig"] == {"maxOutputTokens": 8, "stopSequences": ["x", "y"]}


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ({"type": "text"}, {}),
        ({"type": "json_object"}, {"responseMimeType": "application/json"}),
        ({"type": "json_schema", "json_schema": {"name": "x"}}, {"responseMimeType": "application/json"}),
        (
            {"type": "json_schema", "json_schema": {"name": "x", "schema": {"const": "a"}}},
            {"responseMimeType": "application/json", "responseSchema": {"type": "string", "enum": ["a"]}},
        ),
    ],
)
def test_the_form_of_an_answer(form, written):
    assert body(HELLO, response_format=form).get("generationConfig", {}) == written


def test_what_has_no_words_is_refused():
    with pytest.raises(SettingsError, match="no logit_bias"):
        body(HELLO, logit_bias={"1": 2})


# Turns


def test_neighbours_of_one_role_are_one_turn():
    made = contents(HELLO, said("system", "Now."), said("user", " "), said("user", "Quick."), said("assistant", "Hi"),
                    HELLO)  # fmt: skip
    assert made == [turn("user", "Hello from DGrid.", "Quick."), turn("model", "Hi"), turn("user", "Hello from DGrid.")]


def test_instructions_stand_apart_wherever_they_were():
    made = body(said("system", "A"), HELLO, said("developer", "B"), said("system", " "))
    assert made["systemInstruction"] == {"parts": [{"text": "A"}, {"text": "B"}]}


def test_the_user_has_the_first_and_the_last_turn():
    assert contents(said("assistant", "Welcome."), HELLO)[0] == turn("user", OPENING)
    assert contents(HELLO, said("assistant", "Well"))[-1] == turn("user", GO_ON)
    assert contents(said("system", "Be brief.")) == [turn("user", OPENING)]


def test_context_of_gemini_goes_first():
    assert contents(HELLO, contents=[turn("user", "A")]) == [turn("user", "A"), turn("user", "Hello from DGrid.")]


# Tools


def result(name, told, **more):
    return {"functionResponse": {**more, "name": name, "response": told}}


def call(name, args, **more):
    return {"functionCall": {**more, "name": name, "args": args}}


def test_calls_and_their_results():
    made = contents(
        HELLO,
        AssistantMessage(content="One moment.", tool_calls=[ON, OFF]),
        ToolMessage(tool_call_id="call_1", content='{"is_on": true}'),
        ToolMessage(tool_call_id="call_2", content="noon"),
        said("user", "Thanks."),
    )
    assert made[1:] == [
        turn("model", "One moment.", call("lamp", {"on": True}), call("time", {"invalid_arguments": "{no"})),
        turn("user", result("lamp", {"is_on": True}), result("time", {"result": "noon"})),
        turn("user", "Thanks."),
    ]


@pytest.mark.parametrize(("output", "response"), [("", {"result": ""}), ("{}", {"result": "{}"}), ("[1]", None)])
def test_a_result_is_an_object(output, response):
    made = contents(HELLO, AssistantMessage(tool_calls=[ON]), ToolMessage(tool_call_id="call_1", content=output))
    assert made[-1] == turn("user", result("lamp", response or {"result": output}))


@pytest.mark.parametrize("arguments", ["", " ", "{}"])
def test_a_call_without_arguments(arguments):
    made = contents(HELLO, AssistantMessage(tool_calls=[ToolCall("c", "time", arguments)]))
    assert made[1] == turn("model", call("time", {}))


def test_a_result_whose_call_is_forgotten_still_has_a_name():
    assert contents(HELLO, ToolMessage(tool_call_id="c9", content="x"))[-1] == turn(
        "user", result("c9", {"result": "x"})
    )


def test_what_came_with_a_call_goes_back_with_it():
    echoes = Echoes()
    echoes.keep("call_1", {"id": "call_1", "thoughtSignature": "Eq=="})
    echoes.keep("call_2", {"thoughtSignature": "Fr=="})
    outputs = [ToolMessage(tool_call_id=one.call_id, content="x") for one in (ON, OFF)]
    made = contents(HELLO, AssistantMessage(tool_calls=[ON, OFF]), *outputs, echoes=echoes)
    assert made[1] == turn(
        "model",
        {**call("lamp", {"on": True}, id="call_1"), "thoughtSignature": "Eq=="},
        {**call("time", {"invalid_arguments": "{no"}), "thoughtSignature": "Fr=="},
    )
    assert made[2] == turn("user", result("lamp", {"result": "x"}, id="call_1"), result("time", {"result": "x"}))


# Pictures and recordings


def test_pictures_go_along_or_by_their_address():
    shown = [
        {"type": "text", "text": "What is this?"},
        {"type": "text", "text": " "},
        {"type": "image_url", "image_url": {"url": PNG}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]
    assert contents(said("user", shown)) == [
        turn(
            "user",
            "What is this?",
            {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
            {"fileData": {"fileUri": "https://example.com/a.png"}},
        )
    ]


def test_a_picture_that_is_none_is_refused():
    with pytest.raises(SettingsError, match="data URL"):
        contents(said("user", [{"type": "image_url", "image_url": {"url": "data:image/png;base64,?"}}]))


@pytest.mark.parametrize(("form", "media_type"), [("wav", "audio/wav"), ("mp3", "audio/mp3")])
def test_a_recording_is_listened_to(form, media_type):
    heard = [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": form}}]
    assert contents(said("user", heard)) == [turn("user", {"inlineData": {"mimeType": media_type, "data": "AAAA"}})]


def test_a_spoken_turn_of_a_conversation_is_sent_as_sound():
    made = contents(*messages_of([UserTurn("u1", "")], "Listen.", wav=sounds.WAV))
    data = base64.b64encode(sounds.WAV).decode()
    assert made == [turn("user", {"inlineData": {"mimeType": "audio/wav", "data": data}})]
