"""A question in Claude's form, as strict as Anthropic takes it. Pure.

Turns alternate, beginning and ending with the user's; the results of tools come first in the turn after their calls;
no text is blank; ids of calls hold only letters, digits, `_` and `-`. What Claude has no field for and an answer can do
without, such as a seed or penalties, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, assert_never
from zlib import crc32

import msgspec

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
from voiceloop.dgrid.dialects.base import Echoes, inline_image, refuse
from voiceloop.errors import SettingsError

__all__ = ["write"]

Block = dict[str, Any]
MOST_TOKENS: Final = 4096
"""Of an answer, where the request sets no limit: Claude wants one, and no model takes less."""
OPENING: Final = "(The user has not said anything yet.)"
GO_ON: Final = "(Go on.)"
ODD: Final = re.compile(r"[^a-zA-Z0-9_-]")


def write(request: ChatRequest, thoughts: Echoes[list[Block]]) -> dict[str, Any]:
    """Return the body to send. Raises SettingsError for what has no words here."""
    refuse(request, "claude", "response_format", "contents")
    told = (m.content for m in request.messages if isinstance(m, SystemMessage) and m.content.strip())
    stops = (request.stop,) if isinstance(request.stop, str) else request.stop
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_completion_tokens or request.max_tokens or MOST_TOKENS,
        "system": "\n\n".join(told) or None,
        "messages": turns(request.messages, thoughts),
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop_sequences": list(stops) if stops else None,
        "metadata": {"user_id": request.user} if request.user else None,
        "output_config": {"effort": request.reasoning_effort} if request.reasoning_effort else None,
    }
    if request.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
            for tool in request.tools
        ]
        body["tool_choice"] = choice(request)
    return {name: value for name, value in body.items() if value is not None}


def choice(request: ChatRequest) -> Block | None:
    """Return whether and which tools are to be called; None for the default."""
    match request.tool_choice:
        case "none":
            return {"type": "none"}
        case OneTool(name=name):
            chosen = {"type": "tool", "name": name}
        case "required":
            chosen = {"type": "any"}
        case "auto" | None:
            chosen = {"type": "auto"}
        case _:
            assert_never(request.tool_choice)
    if request.parallel_tool_calls is False:
        return {**chosen, "disable_parallel_tool_use": True}
    return chosen if request.tool_choice else None


# Turns ---------------------------------------------------------------------------------------------------------------


def turns(messages: Sequence[ChatMessage], thoughts: Echoes[list[Block]]) -> list[Block]:
    """Return the messages as alternating turns, neighbours of one role as one."""
    found: list[tuple[str, list[Block]]] = []
    for message in messages:
        role = "assistant" if isinstance(message, AssistantMessage) else "user"
        content = list(blocks(message, thoughts))
        if content and found and found[-1][0] == role:
            found[-1][1].extend(content)
        elif content:
            found.append((role, content))
    if not found or found[0][0] == "assistant":
        found.insert(0, ("user", [words(OPENING)]))
    if found[-1][0] == "assistant":  # would be a beginning for the model to complete
        found.append(("user", [words(GO_ON)]))
    return [{"role": role, "content": short(content)} for role, content in found]


def short(content: list[Block]) -> str | list[Block]:
    """Return a turn's content: results first, and a text alone as what it says."""
    if len(content) == 1 and content[0]["type"] == "text":
        return str(content[0]["text"])
    return sorted(content, key=lambda block: block["type"] != "tool_result")


def blocks(message: ChatMessage, thoughts: Echoes[list[Block]]) -> Iterator[Block]:
    """Yield the blocks of one message."""
    match message:
        case SystemMessage():
            pass  # is told apart
        case UserMessage(content=str(said)) if said.strip():
            yield words(said)
        case UserMessage(content=tuple(parts)):
            for part in parts:
                yield from shown(part)
        case UserMessage():
            pass
        case ToolMessage(tool_call_id=call_id, content=output):
            result: Block = {"type": "tool_result", "tool_use_id": plain_id(call_id)}
            yield result | ({"content": output} if output.strip() else {})
        case AssistantMessage():
            yield from answered(message, thoughts)
        case _:
            assert_never(message)


def words(text: str) -> Block:
    """Return a block of text."""
    return {"type": "text", "text": text}


def shown(part: TextPart | ImagePart | AudioPart) -> Iterator[Block]:
    """Yield what a user's part is, if anything."""
    match part:
        case TextPart(text=text):
            if text.strip():
                yield words(text)
        case ImagePart():
            inline = inline_image(part)
            source = {"type": "url", "url": part.image_url.url}
            if inline is not None:
                source = {"type": "base64", "media_type": inline[0], "data": inline[1]}
            yield {"type": "image", "source": source}
        case AudioPart():
            raise SettingsError("Claude takes no recordings: have them transcribed, or choose another dialect")
        case _:
            assert_never(part)


def answered(message: AssistantMessage, thoughts: Echoes[list[Block]]) -> Iterator[Block]:
    """Yield what the model said and called before, with the thinking that led there."""
    led = [thoughts.of(call.call_id) or [] for call in message.tool_calls]
    yield from (led[0] if led else [])
    if message.content and message.content.strip():
        yield words(message.content)
    for place, call in enumerate(message.tool_calls):
        yield from (led[place] if place else [])
        yield {"type": "tool_use", "id": plain_id(call.call_id), "name": call.name, "input": given(call.arguments)}


def given(arguments: str) -> Block:
    """Return a call's arguments as an object, whatever the model wrote."""
    try:
        found = msgspec.json.decode(arguments or "{}")
    except (msgspec.MsgspecError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"invalid_arguments": arguments}


def plain_id(call_id: str) -> str:
    """Return an id as Claude takes it: its own unchanged, another's without odd letters yet still apart from others."""
    found = ODD.sub("_", call_id)
    return call_id if found == call_id and call_id else f"{found}_{crc32(call_id.encode()):08x}"
