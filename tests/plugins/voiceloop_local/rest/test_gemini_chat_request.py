"""Requests of Gemini's dialect, read."""

import pytest

from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec
from voiceloop_local.rest.gemini_chat_request import ask_of, json_schema
from voiceloop_local.rest.inner import Picture, Recorded, Turn
from voiceloop_local.rest.problems import ApiProblem

HI = {"role": "user", "parts": [{"text": "Hi"}]}
LAMP = {"name": "lamp", "description": "Light", "parameters": {"type": "OBJECT"}}


def read(*contents, **fields):
    return ask_of("any/model:1", {"contents": list(contents) or [HI]} | fields, streamed=False)


def call(**fields):
    return {"functionCall": {"name": "lamp", "args": {"on": True}} | fields}


def response(**fields):
    return {"functionResponse": {"name": "lamp", "response": {"output": "done"}} | fields}


def test_a_conversation_with_tools_is_read():
    ask = read(
        {"parts": [{"text": "Light"}]},
        {"role": "model", "parts": [{"text": "Hm.", "thought": True}, {"text": "Well."}, call(id="a"), call(id="b")]},
        {"role": "user", "parts": [response(id="b", response={"state": "off"}), response(id="a")]},
        systemInstruction={"parts": [{"text": "Be brief."}, {"text": "In English."}]},
        tools=[{"functionDeclarations": [LAMP]}],
        generationConfig={"maxOutputTokens": 9, "stopSequences": ["END"]},
    )
    assert (ask.model, ask.instructions) == ("any/model:1", "Be brief.\nIn English.")
    assert ask.entries == [
        Turn("content_0", ["Light"]),
        AssistantTurn("content_1", "Well.", None),
        ToolCall("a", "lamp", '{"on": true}'),
        ToolCall("b", "lamp", '{"on": true}'),
        ToolOutput("b", '{"state": "off"}'),
        ToolOutput("a", "done"),
    ]
    assert ask.tools == [ToolSpec("lamp", "Light", {"type": "object"})]
    assert (ask.most_tokens, ask.stops) == (9, ("END",))


def test_calls_without_ids_are_answered_in_their_order():
    answers = [response(response={"result": 1}), response(response={"result": 2})]
    asked = [{"role": "model", "parts": [call(), call()]}, {"role": "function", "parts": answers}]
    outputs = [entry for entry in read(HI, *asked).entries if isinstance(entry, ToolOutput)]
    calls = [entry for entry in read(HI, *asked).entries if isinstance(entry, ToolCall)]
    assert [output.output for output in outputs] == ["1", "2"]
    assert [output.call_id for output in outputs] == [made.call_id for made in calls]


def test_names_come_in_snake_case_as_well():
    ask = read(
        {"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "AA"}}, {"text": "What?"}]},
        system_instruction="Be brief.",
        tools=[{"function_declarations": [LAMP]}],
        generation_config={"max_output_tokens": 9},
    )
    assert (ask.instructions, ask.most_tokens, len(ask.tools)) == ("Be brief.", 9, 1)
    assert ask.entries[0].parts == [Picture(), "What?"]


def test_recordings_are_taken_and_raw_ones_get_a_header():
    wav = {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg"}}
    raw = {"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=16000", "data": "AAAA"}}
    first, second = read({"parts": [wav, raw]}).entries[0].parts
    assert first == Recorded(b"RIFF", "contents[0].parts[0].inlineData.data")
    assert int.from_bytes(second.data[24:28], "little") == 16_000


def test_a_schema_becomes_json_schema():
    city = {"type": "STRING", "enum": ["PARIS"]}
    google = {"type": "OBJECT", "properties": {"type": city}, "anyOf": [{"type": "NULL"}]}
    assert json_schema(google) == {
        "type": "object",
        "properties": {"type": {"type": "string", "enum": ["PARIS"]}},
        "anyOf": [{"type": "null"}],
    }


@pytest.mark.parametrize(
    ("config", "left"),
    [
        ({"mode": "AUTO"}, ["lamp", "clock"]),
        ({"mode": "ANY"}, ["lamp", "clock"]),
        ({"mode": "any", "allowedFunctionNames": ["clock"]}, ["clock"]),
        ({"mode": "NONE"}, []),
    ],
)
def test_a_choice_narrows_the_tools(config, left):
    tools = [{"functionDeclarations": [LAMP, LAMP | {"name": "clock"}]}]
    assert [tool.name for tool in read(tools=tools, toolConfig={"functionCallingConfig": config}).tools] == left


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"contents": None}, "contents"),
        ({"contents": []}, "contents"),
        ({"contents": [{"role": "user"}]}, "contents[0].parts"),
        ({"contents": [{"role": "wizard", "parts": []}]}, "contents[0].role"),
        ({"contents": [{"parts": [{}]}]}, "contents[0].parts[0]"),
        ({"contents": [{"parts": [{"fileData": {"fileUri": "x"}}]}]}, "contents[0].parts[0].fileData"),
        (
            {"contents": [{"parts": [{"inlineData": {"mimeType": "video/mp4", "data": "AA"}}]}]},
            "contents[0].parts[0].inlineData.mimeType",
        ),
        ({"contents": [{"parts": [{"executableCode": {"code": "1"}}]}]}, "contents[0].parts[0].executableCode"),
        ({"contents": [HI, {"parts": [response()]}]}, "contents"),
        ({"contents": [HI, {"role": "model", "parts": [call()]}]}, "contents"),
        ({"cachedContent": "x"}, "cachedContent"),
        ({"tools": [{"googleSearch": {}}]}, "tools[0]"),
        ({"toolConfig": {"functionCallingConfig": {"mode": "MAYBE"}}}, "toolConfig.functionCallingConfig.mode"),
        ({"generationConfig": {"candidateCount": 2}}, "generationConfig.candidateCount"),
        ({"generationConfig": {"responseMimeType": "application/json"}}, "generationConfig.responseMimeType"),
        ({"generationConfig": {"responseSchema": {}}}, "generationConfig.responseSchema"),
    ],
)
def test_what_is_missing_or_cannot_be_done_is_named(fields, param):
    with pytest.raises(ApiProblem) as problem:
        read(**fields)
    assert (problem.value.status, problem.value.param) == (400, param)


def test_a_schema_without_end_is_refused():
    endless = {}
    endless["items"] = endless
    with pytest.raises(ApiProblem, match="nested too deeply"):
        read(tools=[{"functionDeclarations": [LAMP | {"parameters": endless}]}])
