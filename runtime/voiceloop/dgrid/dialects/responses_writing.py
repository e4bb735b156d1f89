"""A question as input items for `/v1/responses`. Pure.

The server is asked to keep nothing. What there is no field for and an answer can do without, such as a seed or
penalties, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from voiceloop.dgrid.chat_request import (
    AssistantMessage,
    AudioPart,
    ChatMessage,
    ChatRequest,
    ImagePart,
    OneTool,
    SystemMessage,
    TextPart,
    ToolMessage,
    UserMessage,
)
from voiceloop.dgrid.dialects.base import Echoes, refuse
from voiceloop.errors import SettingsError

__all__ = ["write"]

Item = dict[str, Any]


def write(request: ChatRequest, reasoning: Echoes[list[Item]]) -> dict[str, Any]:
    """Return the body to send. Raises SettingsError for what has no words here."""
    refuse(request, "responses", "stop", "contents")
    body: dict[str, Any] = {
        "model": request.model,
        "input": given(request, reasoning),
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_output_tokens": request.max_completion_tokens or request.max_tokens,
        "parallel_tool_calls": request.parallel_tool_calls,
        "reasoning": {"effort": request.reasoning_effort} if request.reasoning_effort else None,
        "text": {"format": form(request.response_format)} if request.response_format else None,
        "user": request.user,
        "store": False,
    }
    if request.tools:  # strict is what OpenAI takes for granted here, and no schema of ours was written for it
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters),
                "strict": False,
            }
            for tool in request.tools
        ]
    choice = request.tool_choice
    body["tool_choice"] = {"type": "function", "name": choice.name} if isinstance(choice, OneTool) else choice
    return {name: value for name, value in body.items() if value is not None}


def form(response_format: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the format of an answer; a schema stands flat here."""
    schema = response_format.get("json_schema")
    return {"type": "json_schema", **schema} if isinstance(schema, Mapping) else response_format


def given(request: ChatRequest, reasoning: Echoes[list[Item]]) -> str | list[Item]:
    """Return the input: a lone question as its words, else items."""
    match request.messages:
        case (UserMessage(content=str(said)),):
            return said
        case messages:
            return [item for message in messages for item in items(message, reasoning)]


def items(message: ChatMessage, reasoning: Echoes[list[Item]]) -> Iterator[Item]:
    """Yield the items of one message."""
    match message:
        case SystemMessage(role=role, content=told):
            yield {"role": role, "content": told}
        case UserMessage(content=str(said)):
            yield {"role": "user", "content": said}
        case UserMessage(content=parts):
            yield {"role": "user", "content": [part_of(part) for part in parts if not isinstance(part, str)]}
        case ToolMessage(tool_call_id=call_id, content=output):
            yield {"type": "function_call_output", "call_id": call_id, "output": output}
        case AssistantMessage(content=said, tool_calls=calls):
            led = [reasoning.of(call.call_id) or [] for call in calls]
            yield from (led[0] if led else [])
            if said:
                yield {"role": "assistant", "content": said}
            for place, call in enumerate(calls):
                yield from (led[place] if place else [])
                yield {
                    "type": "function_call",
                    "call_id": call.call_id,
                    "name": call.name,
                    "arguments": call.arguments,
                }
        case _:
            assert_never(message)


def part_of(part: TextPart | ImagePart | AudioPart) -> Item:
    """Return one part of what a user said."""
    match part:
        case TextPart(text=text):
            return {"type": "input_text", "text": text}
        case ImagePart(image_url=image):
            return {"type": "input_image", "image_url": image.url, "detail": image.detail or "auto"}
        case AudioPart():
            raise SettingsError("/v1/responses takes no recordings: have them transcribed, or choose another dialect")
        case _:
            assert_never(part)
