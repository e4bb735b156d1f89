"""Reads requests of Gemini's dialect; pure. Names are taken in camel case and in snake case.

Documented by DGrid: `contents` with `text` and `inlineData` parts, `generationConfig.responseModalities`. Upstream:
`systemInstruction`, `tools`, `toolConfig`, `functionCall` and `functionResponse` parts, the bounds in
`generationConfig`. Calls may come without ids: responses then belong to the first open call of their name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from voiceloop.clips import to_wav
from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec
from voiceloop_local.rest.chat_request import NO_JSON
from voiceloop_local.rest.inner import Ask, Entry, Part, Picture, Recorded, Turn, check_calls, narrowed
from voiceloop_local.rest.inner_fields import Node, output_text

__all__ = ["ask_of", "json_schema"]

KINDS: Final = ("text", "inlineData", "functionCall", "functionResponse", "fileData", "executableCode")
MODES: Final = {"AUTO": "auto", "ANY": "required", "VALIDATED": "auto", "NONE": "none", "MODE_UNSPECIFIED": "auto"}
_CAPITAL: Final = re.compile(r"[A-Z]")
_RATE: Final = re.compile(r"rate=(\d{4,6})")
RAW_RATE_HZ: Final = 24_000
"""Of raw PCM whose type names no rate."""


def ask_of(model: str, body: Mapping[str, Any], *, streamed: bool) -> Ask:
    """Return what is asked. Raises ApiProblem that names the field which cannot be used."""
    request = Node(body)
    contents = request.at("contents")
    turns = [contents] if isinstance(contents.value, dict) else contents.list()
    if not turns:
        contents.refuse("must not be empty")
    _at(request, "cachedContent").refuse_unless_absent("nothing is stored here, send the whole conversation")
    calls = _Calls()
    entries = [entry for n, turn in enumerate(turns) for entry in _entries(turn, n, calls)]
    check_calls(entries, "contents")
    config = _at(request, "generationConfig") or Node({}, "generationConfig")
    _check(config)
    return Ask(
        model,
        _system(_at(request, "systemInstruction")),
        entries,
        _chosen(_tools(request), _at(request, "toolConfig")),
        streamed,
        _at(config, "maxOutputTokens").count(),
        _at(config, "stopSequences").texts(),
    )


def _at(node: Node, name: str) -> Node:
    """Return a field by its name in camel case, however it is spelled."""
    return node.at(name, _CAPITAL.sub(lambda found: f"_{found.group().lower()}", name))


def _check(config: Node) -> None:
    """Refuse what would change the answer and cannot here."""
    if (count := _at(config, "candidateCount")).count() not in (None, 1):
        count.refuse("is more than 1: this gateway gives one answer, ask again for another", "unsupported_value")
    if (kind := _at(config, "responseMimeType")) and kind.text() != "text/plain":
        kind.refuse(f"is not supported here: {NO_JSON}", "unsupported_value")
    for name in ("responseSchema", "responseJsonSchema"):
        _at(config, name).refuse_unless_absent(NO_JSON)


def _system(content: Node) -> str:
    if not content or isinstance(content.value, str):
        return content.text("")
    parts = content.at("parts")
    listed = [parts] if isinstance(parts.value, dict) else parts.list()
    return "\n".join(part.at("text").text() for part in listed)


# Contents ------------------------------------------------------------------------------------------------------------


class _Calls:
    """The calls that wait for their responses."""

    def __init__(self) -> None:
        self._open: list[tuple[str, str]] = []
        self._named = 0

    def opened(self, name: str, given: str) -> str:
        """Return the id of a call, a made one where it has none."""
        self._named += 1
        call_id = given or f"call_{self._named}"
        self._open.append((call_id, name))
        return call_id

    def answered(self, name: str, given: str) -> str:
        """Return which call a response belongs to; its own id or name where there is none."""
        found = next((call for call in self._open if given in ("", call[0]) and name == call[1]), None)
        if found is None:
            return given or name
        self._open.remove(found)
        return found[0]


def _entries(content: Node, n: int, calls: _Calls) -> Iterator[Entry]:
    role = content.at("role").one_of("user", "model", "function", default="user")
    parts = content.at("parts")
    listed = [parts] if isinstance(parts.value, dict) else parts.list()
    found = [_read(part, calls) for part in listed if not part.at("thought").flag()]
    said = [part for part in found if not isinstance(part, ToolCall | ToolOutput)]
    others = [part for part in found if isinstance(part, ToolCall | ToolOutput)]
    if role != "model":
        yield from others
        if said or not others:
            yield Turn(f"content_{n}", said)
        return
    if text := "".join(words for words in said if isinstance(words, str)):
        yield AssistantTurn(f"content_{n}", text, None)
    yield from others


def _read(part: Node, calls: _Calls) -> Part | ToolCall | ToolOutput:
    match kind := _kind(part):
        case "functionCall":
            return _call(_at(part, kind), calls)
        case "functionResponse":
            return _response(_at(part, kind), calls)
        case "inlineData":
            return _inline(_at(part, kind))
        case _:
            return part.at("text").text()


def _kind(part: Node) -> str:
    """Return what a part holds. Raises ApiProblem for what cannot be read here."""
    kind = next((kind for kind in KINDS if _at(part, kind)), None)
    if kind is None:
        part.refuse("must have one of: text, inlineData, functionCall, functionResponse")
    if kind == "fileData":
        _at(part, kind).refuse("is not supported here: send the bytes as inlineData", "unsupported_value")
    if kind == "executableCode":
        _at(part, kind).refuse("is not supported here: no code is run", "unsupported_value")
    return kind


def _call(call: Node, calls: _Calls) -> ToolCall:
    name = call.at("name").name()
    arguments = json.dumps(call.at("args").mapping(), ensure_ascii=False)
    return ToolCall(calls.opened(name, call.at("id").text("")), name, arguments)


def _response(response: Node, calls: _Calls) -> ToolOutput:
    call_id = calls.answered(response.at("name").name(), response.at("id").text(""))
    returned = response.at("response").mapping()
    keys = set(returned)
    if len(keys) == 1 and keys <= {"output", "result"}:  # where Google's clients put what is no object
        return ToolOutput(call_id, output_text(returned[keys.pop()]))
    return ToolOutput(call_id, output_text(returned))


def _inline(data: Node) -> Part:
    kind = _at(data, "mimeType").name().lower()
    if kind.startswith("image/"):
        return Picture()
    if not kind.startswith("audio/"):
        _at(data, "mimeType").refuse("is not supported here: send audio, a picture or text", "unsupported_value")
    encoded = data.at("data")
    if not kind.startswith(("audio/l16", "audio/pcm")):
        return Recorded(encoded.data(), encoded.path)
    rate = _RATE.search(kind)
    return Recorded(to_wav(encoded.data(), int(rate.group(1)) if rate else RAW_RATE_HZ), encoded.path)


# Tools ---------------------------------------------------------------------------------------------------------------


def _tools(request: Node) -> Sequence[ToolSpec]:
    tools = []
    for tool in request.at("tools").some():
        declared = _at(tool, "functionDeclarations")
        if not declared:
            tool.refuse("is not supported here: only functionDeclarations are", "unsupported_value")
        for function in declared.list():
            description = function.at("description").text("")
            tools.append(ToolSpec(function.at("name").name(), description, _schema(function)))
    return tools


def _schema(function: Node) -> dict[str, Any]:
    schema = function.at("parametersJsonSchema", "parameters_json_schema", "parameters")
    try:
        return dict(json_schema(schema.mapping()))
    except RecursionError:
        schema.refuse("is nested too deeply")


def json_schema(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return Google's form of a schema as JSON schema has it: types in small letters."""
    if isinstance(schema, list):
        return [json_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: value.lower() if name == "type" and isinstance(value, str) else json_schema(value)
        for name, value in schema.items()
    }


def _chosen(tools: Sequence[ToolSpec], config: Node) -> Sequence[ToolSpec]:
    calling = _at(config, "functionCallingConfig") if config else Node(None)
    if not calling:
        return tools
    mode = calling.at("mode")
    named = _at(calling, "allowedFunctionNames")
    kind = mode.text("AUTO").upper()
    if kind not in MODES:
        mode.refuse(f"must be one of {', '.join(MODES)}")
    if named and kind in ("ANY", "VALIDATED"):
        return narrowed(tools, named.texts(), named.path)
    return narrowed(tools, MODES[kind], mode.path)
