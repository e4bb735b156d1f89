"""Reads requests of the responses dialect; pure.

Documented by DGrid: `model`, `input`, `stream`. Upstream: the items and their parts, `instructions`, `tools`,
`tool_choice`, `parallel_tool_calls`, `max_output_tokens`. Fields that lean on stored responses are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec
from voiceloop_local.rest.chat_request import NO_JSON, recorded
from voiceloop_local.rest.inner import Ask, Entry, Part, Picture, Turn, check_calls, narrowed
from voiceloop_local.rest.inner_fields import Node

__all__ = ["ask_of", "echo_of"]

STORED: Final = "nothing is stored here, send the whole conversation as 'input'"
ITEMS: Final = ("message", "function_call", "function_call_output", "reasoning")
ECHOED: Final[Mapping[str, Any]] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
}
"""What a response repeats of its request, and what stands for absent fields."""


def ask_of(body: Mapping[str, Any]) -> Ask:
    """Return what is asked. Raises ApiProblem that names the field which cannot be used."""
    request = Node(body)
    model = request.at("model").name()
    given = request.at("input")
    for name in ("previous_response_id", "conversation", "prompt"):
        request.at(name).refuse_unless_absent(STORED)
    if request.at("background").flag():
        request.at("background").refuse(f"is not supported here: {STORED}", "unsupported_value")
    form = request.at("text")
    if form and (wanted := form.at("format")) and wanted.at("type").text() != "text":
        wanted.refuse(f"is not supported here: {NO_JSON}", "unsupported_value")
    entries: list[Entry] = []
    system = [request.at("instructions").text("")]
    if isinstance(given.value, str):
        entries = [Turn("item_0", (given.value,))]
    else:
        for n, item in enumerate(given.list()):
            system.append(_system(item))
            entries += _entries(item, n)
    check_calls(entries, "input")
    return Ask(
        model,
        "\n".join(filter(None, system)),
        entries,
        _tools(request),
        request.at("stream").flag(),
        request.at("max_output_tokens").count(),
        most_calls=None if request.at("parallel_tool_calls").flag(default=True) else 1,
    )


def echo_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a response repeats of its request."""
    return {name: default if body.get(name) is None else body[name] for name, default in ECHOED.items()}


# Items ---------------------------------------------------------------------------------------------------------------


def _kind(item: Node) -> str:
    if item.at("type").value == "item_reference":
        item.at("type").refuse(f"is not supported here: {STORED}", "unsupported_value")
    return item.at("type").one_of(*ITEMS, default="message" if item.at("role") else None)


def _role(item: Node) -> str:
    return item.at("role").one_of("system", "developer", "user", "assistant")


def _system(item: Node) -> str:
    orders = _kind(item) == "message" and _role(item) in ("system", "developer")
    return _words(item.at("content")) if orders else ""


def _entries(item: Node, n: int) -> Sequence[Entry]:
    match _kind(item):
        case "function_call":
            arguments = item.at("arguments").text("")
            return [ToolCall(item.at("call_id").name(), item.at("name").name(), arguments)]
        case "function_call_output":
            return [ToolOutput(item.at("call_id").name(), _words(item.at("output")))]
        case "message":
            return _message(item, n)
        case _:
            return []  # reasoning: it is not ours


def _message(item: Node, n: int) -> Sequence[Entry]:
    match _role(item):
        case "user":
            return [Turn(f"item_{n}", _parts(item.at("content")))]
        case "assistant":
            text = _words(item.at("content"))
            return [AssistantTurn(f"item_{n}", text, None)] if text else []
        case _:
            return []


def _words(content: Node) -> str:
    """Return the words of a content that is a string or an array of parts."""
    return " ".join(part for part in _parts(content) if isinstance(part, str))


def _parts(content: Node) -> Sequence[Part]:
    if isinstance(content.value, str):
        return (content.value,)
    return [_part(part) for part in content.list()]


def _part(part: Node) -> Part:
    match part.at("type").one_of("input_text", "output_text", "text", "refusal", "input_image", "input_audio"):
        case "input_image":
            return Picture()
        case "input_audio":
            return recorded(part.at("input_audio"))
        case "refusal":
            return part.at("refusal").text()
        case _:
            return part.at("text").text()


# Tools ---------------------------------------------------------------------------------------------------------------


def _tools(request: Node) -> Sequence[ToolSpec]:
    tools = []
    for tool in request.at("tools").some():
        tool.at("type").one_of("function")
        tools.append(ToolSpec(tool.at("name").name(), tool.at("description").text(""), tool.at("parameters").mapping()))
    choice = request.at("tool_choice")
    if isinstance(choice.value, dict):
        choice.at("type").one_of("function")
        return narrowed(tools, [choice.at("name").name()], choice.path)
    return narrowed(tools, choice.one_of("none", "auto", "required", default="auto"), choice.path)
