"""A question in Gemini's form, as strict as Google takes it. Pure.

Turns begin and end with the user's, and alternate but for the results of tools, a turn of their own after their calls;
no text is blank. A call goes back with the signature that came with it, which models that think insist on, and with an
id only where the server gave it one. What Gemini has no field for and an answer can do without, such as the user's
name, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, assert_never

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
from voiceloop.dgrid.dialects.gemini_schema import gemini_schema
from voiceloop.vocabulary import ToolCall, ToolSpec
from voiceloop.wire.lenient import Json

__all__ = ["inline", "write"]

Part = dict[str, Any]
OPENING: Final = "(The user has not said anything yet.)"
GO_ON: Final = "(Go on.)"
MODES: Final = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def write(request: ChatRequest, echoes: Echoes[Json]) -> dict[str, Any]:
    """Return the body to send. Raises SettingsError for what has no words here."""
    refuse(request, "gemini", "logit_bias")
    told = [{"text": m.content} for m in request.messages if isinstance(m, SystemMessage) and m.content.strip()]
    body: dict[str, Any] = {"contents": [*(request.contents or ()), *turns(request.messages, echoes)]}
    if told:
        body["systemInstruction"] = {"parts": told}
    if request.tools:
        body["tools"] = [{"functionDeclarations": [declared(tool) for tool in request.tools]}]
        if request.tool_choice is not None:
            body["toolConfig"] = {"functionCallingConfig": choice(request.tool_choice)}
    if config := generation(request):
        body["generationConfig"] = config
    return body


def declared(tool: ToolSpec) -> Part:
    """Return a tool's declaration; Google refuses parameters that are none."""
    parameters = gemini_schema(tool.parameters)
    made: Part = {"name": tool.name, "description": tool.description}
    return made | ({"parameters": parameters} if parameters.get("properties") else {})


def choice(told: str | OneTool) -> Part:
    """Return whether and which tools are to be called."""
    if isinstance(told, OneTool):
        return {"mode": "ANY", "allowedFunctionNames": [told.name]}
    return {"mode": MODES[told]}


def generation(request: ChatRequest) -> Part:
    """Return how the answer is to be made."""
    stops = (request.stop,) if isinstance(request.stop, str) else request.stop
    config = {
        "temperature": request.temperature,
        "topP": request.top_p,
        "maxOutputTokens": request.max_completion_tokens or request.max_tokens,
        "stopSequences": list(stops) if stops else None,
        "presencePenalty": request.presence_penalty,
        "frequencyPenalty": request.frequency_penalty,
        "seed": request.seed,
        "thinkingConfig": thinking(request.reasoning_effort),
        **answered_as(request.response_format or {}),
    }
    return {name: value for name, value in config.items() if value is not None}


def thinking(effort: str | None) -> Part | None:
    """Return how much is to be thought: a word of newer models such as `low`, or tokens for those before Gemini 3."""
    if effort and effort.isascii() and effort.isdecimal():
        return {"thinkingBudget": int(effort)}
    return {"thinkingLevel": effort} if effort else None


def answered_as(form: Mapping[str, Any]) -> Part:
    """Return the form of the answer."""
    if form.get("type") not in ("json_object", "json_schema"):
        return {}
    schema = (form.get("json_schema") or {}).get("schema")
    made = {"responseMimeType": "application/json"}
    return made | ({"responseSchema": gemini_schema(schema)} if isinstance(schema, Mapping) else {})


# Turns ---------------------------------------------------------------------------------------------------------------


def turns(messages: Sequence[ChatMessage], echoes: Echoes[Json]) -> list[Part]:
    """Return the messages as alternating turns, neighbours of one role as one."""
    names = {c.call_id: c.name for m in messages if isinstance(m, AssistantMessage) for c in m.tool_calls}
    found: list[tuple[str, list[Part]]] = []
    for message in messages:
        role = "model" if isinstance(message, AssistantMessage) else "user"
        parts = list(parts_of(message, names, echoes))
        if parts and found and found[-1][0] == role and mixes(found[-1][1], parts):
            found[-1][1].extend(parts)
        elif parts:
            found.append((role, parts))
    if not found or found[0][0] == "model":
        found.insert(0, ("user", [{"text": OPENING}]))
    if found[-1][0] == "model":
        found.append(("user", [{"text": GO_ON}]))
    return [{"role": role, "parts": parts} for role, parts in found]


def mixes(before: Sequence[Part], after: Sequence[Part]) -> bool:
    """Whether these can stand in one turn: results never with words."""
    return ("functionResponse" in before[-1]) == ("functionResponse" in after[0])


def parts_of(message: ChatMessage, names: Mapping[str, str], echoes: Echoes[Json]) -> Iterator[Part]:
    """Yield the parts of one message; `names` are those of the calls."""
    match message:
        case SystemMessage():
            pass  # is told apart
        case UserMessage(content=said):
            yield from words(said) if isinstance(said, str) else (made for part in said for made in shown(part))
        case ToolMessage(tool_call_id=call_id, content=output):
            result = {"name": names.get(call_id, call_id), "response": fields(output) or {"result": output}}
            yield {"functionResponse": given_id(call_id, echoes) | result}
        case AssistantMessage(content=said, tool_calls=calls):
            yield from words(said or "")
            for call in calls:
                yield called(call, echoes)
        case _:
            assert_never(message)


def words(text: str) -> Iterator[Part]:
    """Yield a text, unless it is blank."""
    if text.strip():
        yield {"text": text}


def shown(part: TextPart | ImagePart | AudioPart) -> Iterator[Part]:
    """Yield what a user's part is, if anything."""
    match part:
        case TextPart(text=text):
            yield from words(text)
        case ImagePart():
            image = inline_image(part)
            yield {"fileData": {"fileUri": part.image_url.url}} if image is None else inline(*image)
        case AudioPart(input_audio=sound):
            yield inline(f"audio/{sound.format}", sound.data)
        case _:
            assert_never(part)


def inline(media_type: str, in_base64: str) -> Part:
    """Return a file that is sent along."""
    return {"inlineData": {"mimeType": media_type, "data": in_base64}}


def called(call: ToolCall, echoes: Echoes[Json]) -> Part:
    """Return what the model called before, with what came beside it."""
    arguments = fields(call.arguments)
    if arguments is None:
        arguments = {"invalid_arguments": call.arguments} if call.arguments.strip() else {}
    part: Part = {"functionCall": {**given_id(call.call_id, echoes), "name": call.name, "args": arguments}}
    signature = (echoes.of(call.call_id) or {}).get("thoughtSignature")
    return part | ({"thoughtSignature": signature} if signature else {})


def given_id(call_id: str, echoes: Echoes[Json]) -> Part:
    """Return the id of a call where the server gave it one; some refuse any other."""
    return {"id": call_id} if "id" in (echoes.of(call_id) or {}) else {}


def fields(text: str) -> Part | None:
    """Return the object that a text is in JSON; None where it is none."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
