"""What a session and one reply are told, in neither dialect's words.

Sources of the defaults: the typed models of openai 1.106.1 (beta) and 3.54 (GA).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from voiceloop.vocabulary import Encoding, ToolSpec
from voiceloop_local.realtime.checks import (
    ClientEventError,
    Fields,
    Json,
    cannot_update,
    invalid_type,
    invalid_value,
    missing,
)
from voiceloop_local.realtime.items import StoredItem

__all__ = [
    "Reference",
    "ReplySettings",
    "SessionConfig",
    "Tokens",
    "Transcription",
    "TurnDetection",
    "keep_model",
    "keep_tracing",
    "rate_of",
    "read_max_tokens",
    "read_noise_reduction",
    "read_tool_choice",
    "read_tools",
    "read_transcription",
    "read_turn_detection",
    "show_transcription",
    "show_turn_detection",
    "tools_offered",
]

Tokens = int | Literal["inf"]
MODES = ("none", "auto", "required")

SEMANTIC_SILENCE_MS = {"low": 1200, "medium": 700, "auto": 700, "high": 400}
"""Without a model of meaning, eagerness is how long a silence ends the turn."""


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """When the server ends the user's turn."""

    kind: str = "server_vad"
    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    create_response: bool = True
    interrupt_response: bool = True
    eagerness: str = "auto"
    idle_timeout_ms: int | None = None

    @property
    def silence_ms(self) -> int:
        """Silence that ends a turn."""
        return SEMANTIC_SILENCE_MS[self.eagerness] if self.kind == "semantic_vad" else self.silence_duration_ms


@dataclass(frozen=True, slots=True)
class Transcription:
    """How the user's words are shown to the client; without it they are recognised all the same, but not sent."""

    model: str = "whisper-1"
    language: str | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    """As the client gave it."""

    @property
    def vocabulary(self) -> Sequence[str]:
        """Words to expect: GA's keywords, or the prompt that both dialects have, taken as a list of words."""
        words = self.shown.get("keywords")
        if words:
            return tuple(words)
        return tuple(word for part in (self.shown.get("prompt") or "").split(",") if (word := part.strip()))


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """Everything `session.update` can change, and the model."""

    model: str
    instructions: str = "You are a helpful voice assistant. Answer in one or two short sentences."
    speaks: bool = True
    """Replies are audio with a transcript; else text."""
    voice: Any = "alloy"
    speed: float = 1.0
    input: Encoding = Encoding.PCM16
    output: Encoding = Encoding.PCM16
    noise_reduction: Mapping[str, Any] | None = None
    transcription: Transcription | None = None
    turns: TurnDetection | None = TurnDetection()
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: Any = "auto"
    temperature: float = 0.8
    max_output_tokens: Tokens = "inf"
    tracing: Any = None
    extras: Mapping[str, Any] = field(default_factory=dict)
    """GA fields that are accepted and shown but change nothing here: include, truncation, prompt, reasoning..."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An item of the conversation, named in a reply's own input."""

    item_id: str


@dataclass(frozen=True, slots=True)
class ReplySettings:
    """What holds for one reply: the session's settings with that reply's own laid over."""

    instructions: str
    speaks: bool
    voice: Any
    output: Encoding
    tools: tuple[Mapping[str, Any], ...]
    tool_choice: Any
    temperature: float
    max_output_tokens: Tokens
    metadata: Mapping[str, str] | None = None
    in_conversation: bool = True
    input: tuple[StoredItem | Reference, ...] | None = None
    """Its own context; None takes the conversation."""

    @classmethod
    def of(cls, config: SessionConfig) -> ReplySettings:
        """The settings of a reply that brings none of its own."""
        return cls(
            instructions=config.instructions,
            speaks=config.speaks,
            voice=config.voice,
            output=config.output,
            tools=config.tools,
            tool_choice=config.tool_choice,
            temperature=config.temperature,
            max_output_tokens=config.max_output_tokens,
        )


def rate_of(encoding: Encoding) -> int:
    """Samples a second of a wire encoding."""
    return 24_000 if encoding is Encoding.PCM16 else 8_000


# Reading parts that both dialects share ------------------------------------------------------------------------------

_VAD_FIELDS = {
    "server_vad": {
        "type",
        "threshold",
        "prefix_padding_ms",
        "silence_duration_ms",
        "create_response",
        "interrupt_response",
    },
    "semantic_vad": {"type", "eagerness", "create_response", "interrupt_response"},
}


def read_turn_detection(raw: object, path: str, *, idle_timeout: bool) -> TurnDetection | None:
    """Read `turn_detection`; null means that the client ends turns. Absent fields take the defaults."""
    if raw is None:
        return None
    kind = Fields(raw, path).choice("type", tuple(_VAD_FIELDS), "server_vad")
    allowed = _VAD_FIELDS[kind] | ({"idle_timeout_ms"} if idle_timeout and kind == "server_vad" else set())
    given = Fields(raw, path, allowed)
    default = TurnDetection()
    idle = given.get("idle_timeout_ms")
    return TurnDetection(
        kind=kind,
        threshold=given.number("threshold", default.threshold, 0, 1),
        prefix_padding_ms=given.integer("prefix_padding_ms", default.prefix_padding_ms, 0, 5_000),
        silence_duration_ms=given.integer("silence_duration_ms", default.silence_duration_ms, 0, 20_000),
        create_response=given.boolean("create_response", default=True),
        interrupt_response=given.boolean("interrupt_response", default=True),
        eagerness=given.choice("eagerness", tuple(SEMANTIC_SILENCE_MS), default.eagerness),
        idle_timeout_ms=None if idle is None else given.integer("idle_timeout_ms", 0, 1_000, 600_000),
    )


def show_turn_detection(turns: TurnDetection | None, *, idle_timeout: bool) -> Json | None:
    """The effective `turn_detection` object."""
    if turns is None:
        return None
    shown: Json = {"type": turns.kind}
    if turns.kind == "semantic_vad":
        shown["eagerness"] = turns.eagerness
    else:
        shown["threshold"] = turns.threshold
        shown["prefix_padding_ms"] = turns.prefix_padding_ms
        shown["silence_duration_ms"] = turns.silence_duration_ms
        if idle_timeout:
            shown["idle_timeout_ms"] = turns.idle_timeout_ms
    return shown | {"create_response": turns.create_response, "interrupt_response": turns.interrupt_response}


def read_transcription(raw: object, path: str, allowed: Collection[str]) -> Transcription | None:
    """Read the input transcription object; null switches it off."""
    if raw is None:
        return None
    given = Fields(raw, path, allowed)
    for name in ("model", "language", "prompt"):
        if given.get(name) is not None:
            given.text(name, "")
    for name in ("languages", "keywords"):
        if any(not isinstance(word, str) for word in given.listing(name, [])):
            raise invalid_type(given.at(name), "an array of strings", given.get(name))
    return Transcription(given.get("model") or "whisper-1", given.get("language"), dict(given.raw))


def show_transcription(transcription: Transcription | None) -> Json | None:
    """The effective transcription object."""
    if transcription is None:
        return None
    shown = {"language": None, "prompt": None} | dict(transcription.shown)
    return {"model": transcription.model, **{name: value for name, value in shown.items() if name != "model"}}


def read_noise_reduction(raw: object, path: str, allowed: Collection[str]) -> Mapping[str, Any] | None:
    """Read the noise reduction object; null switches it off."""
    if raw is None:
        return None
    given = Fields(raw, path, allowed)
    given.choice("type", ("near_field", "far_field"), "near_field")
    return dict(given.raw)


def read_tools(fields: Fields, default: tuple[Mapping[str, Any], ...]) -> tuple[Mapping[str, Any], ...]:
    """Read `tools`; `[]` clears them."""
    if "tools" not in fields:
        return default
    return tuple(_read_tool(raw, f"{fields.at('tools')}[{n}]") for n, raw in enumerate(fields.listing("tools", [])))


def _read_tool(raw: object, path: str) -> Mapping[str, Any]:
    kind = Fields(raw, path).text("type", "function")
    if kind != "function":
        raise invalid_value(f"{path}.type", kind, ("function",), "This server calls no MCP servers.")
    tool = Fields(raw, path, ("type", "name", "description", "parameters"))
    tool.require("name")
    name = tool.text("name", "", at_most=64)
    parameters = tool.get("parameters") or {"type": "object", "properties": {}}
    if not isinstance(parameters, dict):
        raise invalid_type(f"{path}.parameters", "an object", parameters)
    description = tool.get("description")
    if description is not None and not isinstance(description, str):
        raise invalid_type(f"{path}.description", "a string", description)
    return {"type": "function", "name": name, "description": description, "parameters": parameters}


def read_tool_choice(fields: Fields, default: object, *, objects: bool) -> object:
    """Read `tool_choice`: a mode, or `{"type": "function", "name": ...}` where the dialect has objects."""
    value = fields.raw.get("tool_choice", default)
    path = fields.at("tool_choice")
    if isinstance(value, dict) and objects:
        given = Fields(value, path, ("type", "name"))
        given.choice("type", ("function",), "function")
        given.require("name")
        return {"type": "function", "name": given.text("name", "")}
    if not isinstance(value, str):
        raise invalid_type(path, "a string", value)
    if value not in MODES:
        raise invalid_value(path, value, MODES)
    return value


def read_max_tokens(fields: Fields, name: str, default: Tokens) -> Tokens:
    """Read the output token limit: 1 to 4096, or `"inf"`."""
    if name not in fields:
        return default
    value = fields.get(name)
    if value == "inf":
        return "inf"
    if isinstance(value, str):
        raise invalid_value(fields.at(name), value, ("inf",))
    return fields.integer(name, 4096, 1, 4096)


def keep_model(fields: Fields, config: SessionConfig) -> None:
    """A model is fixed when the session is opened; naming the same one again is harmless."""
    if fields.get("model") not in (None, config.model):
        raise cannot_update("invalid_value", "Cannot update a conversation's model.", fields.at("model"))


def keep_tracing(fields: Fields, config: SessionConfig) -> object:
    """Tracing may be switched on once."""
    wanted = fields.raw.get("tracing", config.tracing)
    if config.tracing is not None and wanted not in (None, config.tracing):
        raise cannot_update("invalid_value", "Tracing cannot be changed once it is enabled.", fields.at("tracing"))
    return wanted


def tools_offered(settings: ReplySettings) -> list[ToolSpec]:
    """The tools a reply may call, as `tool_choice` narrows them. Raises when it names one that is not there."""
    choice = settings.tool_choice
    if choice == "none":
        return []
    wanted = choice["name"] if isinstance(choice, dict) else None
    offered = [
        ToolSpec(tool["name"], tool["description"] or "", tool["parameters"])
        for tool in settings.tools
        if wanted in (None, tool["name"])
    ]
    if not offered and (wanted is not None or choice == "required"):
        if wanted is None:
            raise missing("tools")
        raise ClientEventError("invalid_value", f"Tool choice '{wanted}' not found in tools.", "tool_choice")
    return offered
