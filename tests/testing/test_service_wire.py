from __future__ import annotations

import json

from voiceloop.clips import to_wav
from voiceloop.dgrid.chat_answer import CallGrew, Completion, Ended, Said, Stop
from voiceloop.dgrid.chat_items import messages_of
from voiceloop.dgrid.chat_request import ChatRequest
from voiceloop.dgrid.dialects.openai import OpenAIReader
from voiceloop.dgrid.multipart import Upload, write_form
from voiceloop.testing.numbers import numbered
from voiceloop.testing.service_wire import chunk_of, form_fields, question_of, recording_of, whole_of
from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec, Usage, UserTurn

HISTORY = (
    UserTurn("1", "where is it"),
    ToolCall("c", "find", '{"order": 7}'),
    ToolOutput("c", "in the oven"),
    AssistantTurn("2", "In the oven.", None),
    UserTurn("3", "thank you"),
)
END = Completion(text="It is noon.", stop=Stop.END, usage=Usage(input_tokens=3, output_tokens=4))


def test_a_question_is_read_as_it_was_asked():
    tool = ToolSpec("find", "Finds.", {"type": "object", "properties": {}})
    asked = ChatRequest(model="m", messages=messages_of(HISTORY, "Be kind."), tools=(tool,)).to_json()
    question = question_of(asked)
    assert question.instructions == "Be kind."
    assert [(type(item), getattr(item, "text", None)) for item in question.items] == [
        (type(item), getattr(item, "text", None)) for item in HISTORY
    ]
    assert question.items[1:3] == list(HISTORY[1:3])
    assert list(question.tools) == [tool]
    assert question.speech == b""


def test_speech_in_a_question_keeps_its_samples():
    pcm = numbered(0, 1600)
    asked = ChatRequest(model="m", messages=messages_of([UserTurn("1", "")], "", to_wav(pcm, 16_000))).to_json()
    question = question_of(asked)
    assert (question.speech, question.speech_rate_hz) == (pcm, 16_000)
    assert [item.text for item in question.items] == [""]


def test_a_recording_keeps_its_own_rate():
    assert recording_of(to_wav(numbered(0, 800), 8_000)) == (numbered(0, 800), 8_000)


def test_a_form_is_read_field_by_field():
    file = b"RIFF\r\n--voice\r\n\r\n"
    form = write_form({"model": "m", "prompt": "ünd"}, {"file": Upload("a.wav", "audio/wav", file)})
    assert form_fields(form.content_type, form.body) == {"model": b"m", "prompt": "ünd".encode(), "file": file}


def events(*deltas):
    lines = b"".join(map(chunk_of, deltas)).decode().split("\n\n")
    return [line.removeprefix("data: ") for line in lines if line]


def test_an_answer_is_streamed_as_chat_models_stream_it():
    call = ToolCall("c", "find", "{}")
    *frames, done = events(
        Said("It is "), Said("noon."), CallGrew(0, "c", "find", "{}"),
        Ended(END.model_copy(update={"stop": Stop.TOOLS, "tool_calls": (call,)})),
    )  # fmt: skip
    assert done == "[DONE]"
    reader = OpenAIReader()
    for frame in frames:
        reader.take(json.loads(frame), "")
    answer = reader.answer.completion("")
    assert (answer.text, answer.tool_calls, answer.stop) == ("It is noon.", (call,), Stop.TOOLS)
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (3, 4)


def test_an_answer_in_one_piece():
    reader = OpenAIReader()
    reader.take(json.loads(whole_of(END)), "")
    assert reader.answer.completion("").text == "It is noon."
