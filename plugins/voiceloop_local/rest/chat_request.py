"""Reads chat completion requests; pure.

Documented by DGrid: `model`, `messages`, `stream`, `n`, `max_tokens`, `max_completion_tokens`, `stop`, `tools`,
`tool_choice`, `response_format`, and sampling fields, which change nothing here. Upstream: the parts of a message's
content, `parallel_tool_calls`, `stream_options`, `modalities`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from voiceloop.clips import to_wav
from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec
from voiceloop_local.rest.inner import Ask, Entry, Part, Picture, Recorded, Turn, check_calls, narrowed
from voiceloop_local.rest.inner_fields import Node

__all__ = ["ask_of", "recorded", "wants_usage"]

RAW_RATE_HZ: Final = 24_000
"""Of `pcm16`, which has no header to tell it."""
NO_JSON: Final = "the brain on this machine cannot promise JSON: leave it out, and call a tool for data"


def ask_of(body: Mapping[str, Any]) -> Ask:
    """Return what is asked. Raises ApiProblem that names the field which cannot be used."""
    request = Node(body)
    model = request.at("model").name()
    messages = request.at("messages").list()
    if not messages:
        request.at("messages").refuse("must not be empty")
    if (n := request.at("n")).count() not in (None, 1):
        n.refuse(
            "is more than 1: this gateway gives one answer to a request, ask again for another", "unsupported_value"
        )
    if "audio" in request.at("modalities").texts():
        request.at("modalities").refuse(
            "asks for audio: this endpoint answers in text, /v1/audio/speech speaks it", "unsupported_value"
        )
    if (form := request.at("response_format")) and form.at("type").text() != "text":
        form.refuse(f"is not supported here: {NO_JSON}", "unsupported_value")
    system = [_texts(message) for message in messages if _role(message) in ("system", "developer")]
    entries = [entry for n, message in enumerate(messages) for entry in _entries(message, n)]
    check_calls(entries, "messages")
    return Ask(
        model,
        "\n".join(filter(None, system)),
        entries,
        _tools(request),
        request.at("stream").flag(),
        request.at("max_completion_tokens", "max_tokens").count(),
        request.at("stop").texts(),
        None if request.at("parallel_tool_calls").flag(default=True) else 1,
    )


def wants_usage(body: Mapping[str, Any]) -> bool:
    """Return whether a stream ends with its usage. Raises ApiProblem."""
    options = Node(body).at("stream_options")
    return bool(options) and options.at("include_usage").flag()


# Messages ------------------------------------------------------------------------------------------------------------


def _role(message: Node) -> str:
    return message.at("role").one_of("system", "developer", "user", "assistant", "tool")


def _entries(message: Node, n: int) -> Sequence[Entry]:
    match _role(message):
        case "user":
            return [Turn(f"msg_{n}", _parts(message.at("content")))]
        case "assistant":
            return _assistant(message, n)
        case "tool":
            return [ToolOutput(message.at("tool_call_id").name(), _texts(message))]
        case _:
            return []


def _assistant(message: Node, n: int) -> Sequence[Entry]:
    calls = message.at("tool_calls").some()
    if not calls:
        message.at("content", "refusal").required()
    text = _texts(message) if message.at("content") else message.at("refusal").text("")
    said = [AssistantTurn(f"msg_{n}", text, None)] if text else []
    return [*said, *map(_call, calls)]


def _call(call: Node) -> ToolCall:
    call.at("type").one_of("function", default="function")
    function = call.at("function")
    return ToolCall(call.at("id").name(), function.at("name").name(), function.at("arguments").text(""))


def _texts(message: Node) -> str:
    """Return the content of a message that can only be text."""
    content = message.at("content")
    if isinstance(content.value, str):
        return content.value
    found = []
    for part in content.list():
        kind = part.at("type").one_of("text", "refusal")
        found.append(part.at(kind).text())
    return " ".join(found)


def _parts(content: Node) -> Sequence[Part]:
    if isinstance(content.value, str):
        return (content.value,)
    return [_part(part) for part in content.list()]


def _part(part: Node) -> Part:
    match part.at("type").one_of("text", "image_url", "input_audio"):
        case "text":
            return part.at("text").text()
        case "image_url":
            part.at("image_url").required()
            return Picture()
        case _:
            return recorded(part.at("input_audio"))


def recorded(audio: Node) -> Recorded:
    """Return the recording of an `input_audio` part: `data` in base64, and `format`. Raises ApiProblem."""
    data = audio.at("data").data()
    if audio.at("format").text("") == "pcm16":
        data = to_wav(data, RAW_RATE_HZ)
    return Recorded(data, audio.at("data").path)


# Tools ---------------------------------------------------------------------------------------------------------------


def _tools(request: Node) -> Sequence[ToolSpec]:
    tools = []
    for tool in request.at("tools").some():
        tool.at("type").one_of("function")
        function = tool.at("function")
        description = function.at("description").text("")
        tools.append(ToolSpec(function.at("name").name(), description, function.at("parameters").mapping()))
    choice = request.at("tool_choice")
    if isinstance(choice.value, dict):
        choice.at("type").one_of("function")
        return narrowed(tools, [choice.at("function").at("name").name()], choice.path)
    return narrowed(tools, choice.one_of("none", "auto", "required", default="auto"), choice.path)
