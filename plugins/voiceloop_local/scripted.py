"""A brain without a model: what was said last decides what happens, the same way every time.

For demonstrations and tests of everything around a brain: it repeats, calls tools, reports what they returned, and
tells a story long enough to be interrupted.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from voiceloop.vocabulary import Item, ToolOutput, ToolSpec, UserTurn
from voiceloop_local.seams import Call, Say, Thought

__all__ = ["STORY", "ScriptedBrain", "arguments_for", "tool_meant"]

STORY = (
    "Once upon a time there was a small lighthouse at the edge of a quiet bay. "
    "Every evening its keeper climbed the long stairs and lit the lamp before the boats came home. "
    "One night the fog was so thick that nobody could see the light at all. "
    "So the keeper opened the window and began to sing, slowly and loudly, until the morning came. "
    "The boats followed the song, one after the other, and every one of them reached the harbour. "
    "Since that night the people of the bay say that a good voice is the best light."
)

_WORD = re.compile(r"[a-z]+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_SHORTEST_WORD = 4
_DEEPEST = 8


class ScriptedBrain:
    """Deterministic: the same items give the same thoughts."""

    async def think(
        self, instructions: str, items: Sequence[Item], tools: Sequence[ToolSpec], say: str | None, language: str = "en"
    ) -> AsyncIterator[Thought]:
        """Yield exactly one thought, in English. A tool's result is reported, and never causes another call."""
        del instructions, language
        yield Say(say) if say is not None else _answer(items, tools)


def _answer(items: Sequence[Item], tools: Sequence[ToolSpec]) -> Thought:
    if items and isinstance(items[-1], ToolOutput):
        return Say(f"The tool returned: {items[-1].output.rstrip('.')}.")
    text = next((item.text for item in reversed(items) if isinstance(item, UserTurn)), None)
    if text is None:
        return Say("Hello.")
    if _wants_story(text, tools):
        return Say(STORY)
    if (tool := tool_meant(text, tools)) is not None:
        return Call(tool.name, json.dumps(arguments_for(tool.parameters, text)))
    return Say(f"You said: {text.rstrip('.')}.")


def _wants_story(text: str, tools: Sequence[ToolSpec]) -> bool:
    """Whether a story is asked for and no tool is about stories; "tell me" alone is said to clocks as well."""
    return "story" in _WORD.findall(text.lower()) and not any("story" in _words(tool) for tool in tools)


def tool_meant(text: str, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """The tool whose name and description share most words with the text, the first of equals; None if none does.

    Words of the description count from four letters on, words of the name whatever their length.
    """
    said = set(_WORD.findall(text.lower()))
    scores = [(len(said & _words(tool)), -n) for n, tool in enumerate(tools)]
    best = max(scores, default=(0, 0))
    return tools[-best[1]] if best[0] else None


def _words(tool: ToolSpec) -> set[str]:
    described = _WORD.findall(f"{tool.name} {tool.description}".lower())
    return {word for word in described if len(word) >= _SHORTEST_WORD} | set(_WORD.findall(tool.name.lower()))


def arguments_for(schema: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The required arguments of a tool, made from what the user said."""
    return _object(schema, text, schema.get("$defs", {}), _DEEPEST)


def _object(schema: Mapping[str, Any], text: str, defs: Mapping[str, Any], depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    return {name: _value(properties.get(name, {}), text, defs, depth) for name in schema.get("required", ())}


def _value(schema: Mapping[str, Any], text: str, defs: Mapping[str, Any], depth: int) -> Any:  # noqa: ANN401 - JSON
    schema = _resolved(schema, defs)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return next((one for one in schema["enum"] if str(one).lower() in text.lower()), schema["enum"][0])
    match kind := schema.get("type", "string"):
        case "array":
            return [_value(schema.get("items", {}), text, defs, depth - 1)] if depth else []
        case "object":
            return _object(schema, text, defs, depth - 1) if depth else {}
        case _:
            return _scalar(kind, text)


def _scalar(kind: str, text: str) -> str | float | bool | None:
    found = _NUMBER.search(text)
    number = float(found.group()) if found else 1.0
    scalars = {"integer": int(number), "number": number, "boolean": True, "null": None}
    return scalars.get(kind, text)


def _resolved(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema meant by a reference, by the first alternative that is not null, or by the first of several types."""
    for _ in range(_DEEPEST):
        alternatives = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
        if "$ref" in schema:
            schema = defs.get(str(schema["$ref"]).rsplit("/", 1)[-1], {})
        elif alternatives:
            schema = next((one for one in alternatives if one.get("type") != "null"), {})
        else:
            break
    if isinstance(kinds := schema.get("type"), list):
        return {**schema, "type": next((kind for kind in kinds if kind != "null"), "null")}
    return schema
