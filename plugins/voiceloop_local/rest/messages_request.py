"""Reads requests of Claude's messages dialect; pure.

Documented by DGrid: `model`, `max_tokens`, `messages`, `system` as a string, `stream`, `stop_sequences`, `tools`,
`tool_choice`, and sampling fields, which change nothing here. Upstream: `system` in blocks, the blocks of a message.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec
from voiceloop_local.rest.chat_request import NO_JSON
from voiceloop_local.rest.inner import Ask, Entry, Part, Picture, Turn, check_calls, narrowed
from voiceloop_local.rest.inner_fields import Node

__all__ = ["ask_of"]

USERS: Final = ("text", "image", "tool_result")
ASSISTANTS: Final = ("text", "tool_use", "thinking", "redacted_thinking")


def ask_of(body: Mapping[str, Any]) -> Ask:
    """Return what is asked. Raises ApiProblem that names the field which cannot be used."""
    request = Node(body)
    model = request.at("model").name()
    request.at("max_tokens").required()
    messages = request.at("messages").list()
    if not messages:
        request.at("messages").refuse("must not be empty")
    for name in ("output_format", "output_config"):
        if (form := request.at(name)) and (name == "output_format" or form.at("format")):
            form.refuse(f"is not supported here: {NO_JSON}", "unsupported_value")
    entries = [entry for n, message in enumerate(messages) for entry in _entries(message, n)]
    check_calls(entries, "messages")
    choice = request.at("tool_choice")
    one_call = bool(choice) and choice.at("disable_parallel_tool_use").flag()
    return Ask(
        model,
        _text(request.at("system")) if request.at("system") else "",
        entries,
        _chosen(_tools(request), choice),
        request.at("stream").flag(),
        request.at("max_tokens").count(),
        request.at("stop_sequences").texts(),
        1 if one_call else None,
    )


# Messages ------------------------------------------------------------------------------------------------------------


def _entries(message: Node, n: int) -> Iterator[Entry]:
    role = message.at("role").one_of("user", "assistant")
    content = message.at("content")
    blocks = [Node({"type": "text", "text": content.value})] if isinstance(content.value, str) else content.list()
    if role == "user":
        yield from _user(blocks, f"msg_{n}")
    else:
        yield from _assistant(blocks, f"msg_{n}")


def _user(blocks: Sequence[Node], turn_id: str) -> Iterator[Entry]:
    """Yield the results of tools, then what was said: upstream wants results first."""
    parts: list[Part] = []
    results = 0
    for block in blocks:
        match block.at("type").one_of(*USERS):
            case "tool_result":
                results += 1
                content = block.at("content")
                yield ToolOutput(block.at("tool_use_id").name(), _text(content) if content else "")
            case "image":
                parts.append(Picture())
            case _:
                parts.append(block.at("text").text())
    if parts or not results:
        yield Turn(turn_id, parts)


def _assistant(blocks: Sequence[Node], reply_id: str) -> Iterator[Entry]:
    for block in blocks:
        match block.at("type").one_of(*ASSISTANTS):
            case "text":
                if text := block.at("text").text():
                    yield AssistantTurn(reply_id, text, None)
            case "tool_use":
                arguments = json.dumps(block.at("input").mapping(), ensure_ascii=False)
                yield ToolCall(block.at("id").name(), block.at("name").name(), arguments)
            case _:
                pass  # thinking: it is not ours


def _text(content: Node) -> str:
    """Return the words of a content that is a string or an array of blocks; pictures among them are passed over."""
    if isinstance(content.value, str):
        return content.value
    kinds = [(block.at("type").one_of("text", "image"), block) for block in content.list()]
    return " ".join(block.at("text").text() for kind, block in kinds if kind == "text")


# Tools ---------------------------------------------------------------------------------------------------------------


def _tools(request: Node) -> Sequence[ToolSpec]:
    tools = []
    for tool in request.at("tools").some():
        tool.at("type").one_of("custom", default="custom")
        schema = tool.at("input_schema")
        schema.required()
        tools.append(ToolSpec(tool.at("name").name(), tool.at("description").text(""), schema.mapping()))
    return tools


def _chosen(tools: Sequence[ToolSpec], choice: Node) -> Sequence[ToolSpec]:
    if not choice:
        return tools
    match choice.at("type").one_of("auto", "any", "tool", "none"):
        case "tool":
            return narrowed(tools, [choice.at("name").name()], choice.path)
        case "any":
            return narrowed(tools, "required", choice.path)
        case kind:
            return narrowed(tools, kind, choice.path)
