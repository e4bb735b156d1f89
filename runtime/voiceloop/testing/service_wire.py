"""How questions and answers of scripted services look over HTTP, in the shapes of OpenAI's endpoints."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from voiceloop.clips import decode
from voiceloop.dgrid.chat_answer import CallGrew, ChatDelta, Completion, Ended, Said, Stop
from voiceloop.engines.services.seams import Question
from voiceloop.vocabulary import AssistantTurn, Item, ToolCall, ToolOutput, ToolSpec, UserTurn

__all__ = ["chunk_of", "form_fields", "question_of", "recording_of", "whole_of"]

HEARD_HZ = 16_000
STOPS = {Stop.TOOLS: "tool_calls", Stop.LENGTH: "length", Stop.FILTERED: "content_filter"}
Json = Mapping[str, Any]


def form_fields(content_type: str, body: bytes) -> dict[str, bytes]:
    """The fields of a form by name, a file being its content."""
    boundary = b"--" + content_type.partition("boundary=")[2].strip('"').encode()
    fields: dict[str, bytes] = {}
    for part in body.split(boundary)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        fields[head.partition(b'name="')[2].partition(b'"')[0].decode()] = value.removesuffix(b"\r\n")
    return fields


def recording_of(file: bytes) -> tuple[bytes, int]:
    """A recording as 16-bit PCM, and its rate: a WAV file's own, as resampling takes the numbers away."""
    rate_hz = int.from_bytes(file[24:28], "little") if file.startswith(b"RIFF") else HEARD_HZ
    return decode(file, rate_hz), rate_hz


def question_of(asked: Json) -> Question:
    """What a request to `/v1/chat/completions` asks."""
    messages: Sequence[Json] = asked["messages"]
    instructions = "\n".join(each["content"] for each in messages if each["role"] == "system")
    items = [item for number, message in enumerate(messages) for item in _items(number, message)]
    functions = [each["function"] for each in asked.get("tools") or ()]
    tools = tuple(ToolSpec(each["name"], each.get("description", ""), each.get("parameters", {})) for each in functions)
    sounds = [
        base64.b64decode(part["input_audio"]["data"])
        for message in messages
        if isinstance(message.get("content"), list)
        for part in message["content"]
        if part["type"] == "input_audio"
    ]
    speech, rate_hz = recording_of(sounds[-1]) if sounds else (b"", 0)
    most = asked.get("max_completion_tokens") or asked.get("max_tokens")
    return Question(instructions, items, tools, speech, rate_hz, most)


def _items(number: int, message: Json) -> Iterator[Item]:
    match message["role"]:
        case "user":
            yield UserTurn(f"message-{number}", _text(message["content"]))
        case "assistant":
            if message.get("content"):
                yield AssistantTurn(f"message-{number}", message["content"], None)
            for call in message.get("tool_calls") or ():
                yield ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"])
        case "tool":
            yield ToolOutput(message["tool_call_id"], message["content"])
        case _:
            pass  # instructions


def _text(content: str | Sequence[Json]) -> str:
    return content if isinstance(content, str) else " ".join(part["text"] for part in content if part["type"] == "text")


def chunk_of(delta: ChatDelta) -> bytes:
    """A delta as server-sent events, the last one with all that belongs to the end of a stream."""
    match delta:
        case Said(text=text):
            return _event(_choice({"delta": {"content": text}}))
        case CallGrew(place=place):
            return _event(_choice({"delta": {"tool_calls": [{"index": place, **_call(delta)}]}}))
        case Ended(completion=completion):
            over = _event(_choice({"delta": {}, "finish_reason": STOPS.get(completion.stop, "stop")}))
            return over + _event({"choices": [], "usage": _usage(completion)}) + b"data: [DONE]\n\n"
        case _:
            return b""


def whole_of(completion: Completion) -> bytes:
    """An answer that was asked for in one piece."""
    calls = [_call(CallGrew(0, call.call_id, call.name, call.arguments)) for call in completion.tool_calls]
    message = {"role": "assistant", "content": completion.text, **({"tool_calls": calls} if calls else {})}
    over = {"message": message, "finish_reason": STOPS.get(completion.stop, "stop")}
    return json.dumps({**_choice(over), "usage": _usage(completion)}).encode()


def _choice(news: Json) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "model": "scripted", "choices": [{"index": 0, **news}]}


def _call(call: CallGrew) -> Json:
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _usage(completion: Completion) -> Json:
    usage = completion.usage
    return {} if usage is None else {"prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens}


def _event(data: Json) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"
