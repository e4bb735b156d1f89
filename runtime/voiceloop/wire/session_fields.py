"""Session and response settings under one name each, and where each stands in the JSON of either dialect.

A field that is UNSET is left out, None clears it at the server, and a field the dialect does not have is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, TypeVar

from msgspec import UNSET, UnsetType

from voiceloop.vocabulary import AudioFormat, Encoding, ToolSpec
from voiceloop.wire.dialect import Dialect, from_session
from voiceloop.wire.lenient import Json, child, flag, number, optional_text, text

__all__ = [
    "UNSET",
    "Modality",
    "SessionFields",
    "Transcription",
    "TurnDetection",
    "UnsetType",
    "merge",
    "read_format",
    "read_session",
    "write_format",
    "write_session",
]

Modality = Literal["audio", "text"]
Path = tuple[str, ...]
_Settings = TypeVar("_Settings", "SessionFields", "TurnDetection")


@dataclass(frozen=True, slots=True)
class Transcription:
    """How the user's speech is put into words; a separate model that never changes what the realtime model heard."""

    model: str
    language: str | UnsetType = UNSET
    """ISO 639-1."""
    prompt: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """Who decides when the user's turn ends, and what the server then does by itself."""

    type: str
    threshold: float | UnsetType = UNSET
    prefix_padding_ms: int | UnsetType = UNSET
    silence_duration_ms: int | UnsetType = UNSET
    eagerness: str | UnsetType = UNSET
    idle_timeout_ms: int | UnsetType | None = UNSET
    """GA only."""
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class SessionFields:
    """Everything a session can be told, or tells."""

    kind: str | UnsetType = UNSET
    """`realtime` or `transcription`; written in GA only, where it is required."""
    id: str | UnsetType = UNSET
    expires_at_s: float | UnsetType = UNSET
    """Unix seconds; read only."""
    model: str | UnsetType = UNSET
    modality: Modality | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    voice: str | UnsetType = UNSET
    speed: float | UnsetType = UNSET
    input_format: AudioFormat | UnsetType = UNSET
    output_format: AudioFormat | UnsetType = UNSET
    noise_reduction: Mapping[str, Any] | UnsetType | None = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    turn_detection: TurnDetection | UnsetType | None = UNSET
    tools: tuple[ToolSpec, ...] | UnsetType = UNSET
    tool_choice: str | UnsetType = UNSET
    """`auto`, `none` or `required`; never an object, which ends the session at new-api relays."""
    parallel_tool_calls: bool | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    max_output_tokens: int | Literal["inf"] | UnsetType = UNSET
    tracing: Any = UNSET
    include: tuple[str, ...] | UnsetType = UNSET
    truncation: Any = UNSET
    prompt: Any = UNSET
    reasoning: Any = UNSET
    dialect: Dialect | None = None
    """Read only: the dialect this object was written in, as far as its fields tell."""


# Where each field stands. A field without an entry does not exist in that dialect.
BETA: Final[dict[str, Path]] = {
    "model": ("model",),
    "modality": ("modalities",),
    "instructions": ("instructions",),
    "voice": ("voice",),
    "speed": ("speed",),
    "input_format": ("input_audio_format",),
    "output_format": ("output_audio_format",),
    "noise_reduction": ("input_audio_noise_reduction",),
    "transcription": ("input_audio_transcription",),
    "turn_detection": ("turn_detection",),
    "tools": ("tools",),
    "tool_choice": ("tool_choice",),
    "temperature": ("temperature",),
    "max_output_tokens": ("max_response_output_tokens",),
    "tracing": ("tracing",),
}
GA: Final[dict[str, Path]] = {
    "kind": ("type",),
    "model": ("model",),
    "modality": ("output_modalities",),
    "instructions": ("instructions",),
    "voice": ("audio", "output", "voice"),
    "speed": ("audio", "output", "speed"),
    "input_format": ("audio", "input", "format"),
    "output_format": ("audio", "output", "format"),
    "noise_reduction": ("audio", "input", "noise_reduction"),
    "transcription": ("audio", "input", "transcription"),
    "turn_detection": ("audio", "input", "turn_detection"),
    "tools": ("tools",),
    "tool_choice": ("tool_choice",),
    "parallel_tool_calls": ("parallel_tool_calls",),
    "max_output_tokens": ("max_output_tokens",),
    "tracing": ("tracing",),
    "include": ("include",),
    "truncation": ("truncation",),
    "prompt": ("prompt",),
    "reasoning": ("reasoning",),
}
PATHS: Final[dict[Dialect, dict[str, Path]]] = {"beta": BETA, "ga": GA}

_GA_TYPES: Final = {
    Encoding.PCM16: "audio/pcm",
    Encoding.G711_ULAW: "audio/pcmu",
    Encoding.G711_ALAW: "audio/pcma",
}
_ENCODINGS: Final = {
    **{spelling: encoding for encoding, spelling in _GA_TYPES.items()},
    **{encoding.value: encoding for encoding in Encoding},
    "pcm": Encoding.PCM16,
    "pcm24": Encoding.PCM16,  # Qwen-Omni's word for 24 kHz output
    "audio/g711-ulaw": Encoding.G711_ULAW,  # LiteLLM's spelling of GA
    "audio/g711-alaw": Encoding.G711_ALAW,
}


def write_format(format_: AudioFormat, dialect: Dialect) -> str | dict[str, Any]:
    """An audio format in the dialect's words; beta has no word for the rate."""
    if dialect == "beta":
        return format_.encoding.value
    if format_.encoding is Encoding.PCM16:
        return {"type": "audio/pcm", "rate": format_.rate_hz}
    return {"type": _GA_TYPES[format_.encoding]}


def read_format(value: object) -> AudioFormat | UnsetType:
    """An audio format in either dialect's words; UNSET for words nobody knows."""
    spec: Json = value if isinstance(value, dict) else {"type": value}
    encoding = _ENCODINGS.get(text(spec, "type").lower())
    if encoding is None:
        return UNSET
    usual_hz = 24_000 if encoding is Encoding.PCM16 else 8_000
    rate_hz = number(spec, "rate") or number(spec, "sample_rate") or usual_hz
    return AudioFormat(encoding, int(rate_hz) if rate_hz >= 1 else usual_hz)


def write_fields(values: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """The JSON object that holds `values` (by our names), each where the dialect wants it."""
    paths, written = PATHS[dialect], dict[str, Any]()
    for name, value in values.items():
        path = paths.get(name)
        if path is None or value is UNSET:
            continue
        place = written
        for key in path[:-1]:
            place = place.setdefault(key, {})
        write = _WRITERS.get(name)
        place[path[-1]] = value if write is None else write(value, dialect)
    return written


def write_session(session: SessionFields, dialect: Dialect) -> dict[str, Any]:
    """The `session` object of a `session.update`. Keep it small: one unknown field makes servers refuse all of it."""
    return write_fields({name: getattr(session, name) for name in PATHS[dialect]}, dialect)


def read_session(raw: Json) -> SessionFields:
    """A session object of either dialect, or a mixture; what is missing or makes no sense is UNSET."""
    found: dict[str, Any] = {}
    for paths in (BETA, GA):
        for name, path in paths.items():
            value = _at(raw, path)
            if value is not UNSET:
                read = _READERS.get(name)
                found[name] = value if read is None else read(value)
    expires_at_s = number(raw, "expires_at")
    return SessionFields(
        **found,
        id=optional_text(raw, "id") or UNSET,
        expires_at_s=UNSET if expires_at_s is None else expires_at_s,
        dialect=from_session(raw),
    )


def merge(effective: SessionFields, asked: SessionFields) -> SessionFields:
    """What is in force: what the server says, else what was asked for; the same inside turn detection."""
    said = effective.turn_detection
    if isinstance(said, TurnDetection) and isinstance(asked.turn_detection, TurnDetection):
        effective = replace(effective, turn_detection=_fill(said, asked.turn_detection))
    return _fill(effective, asked)


def _fill(known: _Settings, default: _Settings) -> _Settings:
    missing = [each.name for each in fields(known) if getattr(known, each.name) is UNSET]
    return replace(known, **{name: getattr(default, name) for name in missing})


def _at(raw: Json, path: Path) -> object:
    for key in path[:-1]:
        raw = child(raw, key)
    return raw.get(path[-1], UNSET)


# Writing -------------------------------------------------------------------------------------------------------------


def _present(**values: object) -> dict[str, object]:
    return {key: value for key, value in values.items() if value is not UNSET}


def _write_modality(modality: Modality, dialect: Dialect) -> list[str]:
    # Beta servers may refuse audio alone (juspay/clairvoyance#758).
    return ["text", "audio"] if modality == "audio" and dialect == "beta" else [modality]


def _write_transcription(value: Transcription | None, _dialect: Dialect) -> object:
    return value and _present(model=value.model, language=value.language, prompt=value.prompt)


def _write_tools(tools: tuple[ToolSpec, ...], _dialect: Dialect) -> object:
    return [_write_tool(tool) for tool in tools]


def _write_tool(tool: ToolSpec) -> dict[str, Any]:
    # Nothing else: extra keys were refused (livekit/agents#3398).
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }


def _write_turn_detection(turn: TurnDetection | None, dialect: Dialect) -> object:
    return turn and _present(
        type=turn.type,
        threshold=turn.threshold,
        prefix_padding_ms=turn.prefix_padding_ms,
        silence_duration_ms=turn.silence_duration_ms,
        eagerness=turn.eagerness,
        idle_timeout_ms=turn.idle_timeout_ms if dialect == "ga" else UNSET,
        create_response=turn.create_response,
        interrupt_response=turn.interrupt_response,
    )


_WRITERS: Final[dict[str, Callable[[Any, Dialect], object]]] = {
    "modality": _write_modality,
    "input_format": write_format,
    "output_format": write_format,
    "transcription": _write_transcription,
    "turn_detection": _write_turn_detection,
    "tools": _write_tools,
}

# Reading -------------------------------------------------------------------------------------------------------------


def _kind(*kinds: type) -> Callable[[object], object]:
    return lambda value: value if isinstance(value, kinds) else UNSET


def _read_modality(value: object) -> object:
    return UNSET if not isinstance(value, list) else "audio" if "audio" in value else "text"


def _read_voice(value: object) -> object:
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) and value else UNSET


def _read_include(value: object) -> object:
    return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list) else UNSET


def _read_transcription(value: object) -> object:
    if not isinstance(value, dict):
        return None if value is None else UNSET
    language, prompt = optional_text(value, "language"), optional_text(value, "prompt")
    return Transcription(text(value, "model"), language or UNSET, prompt or UNSET)


def _read_turn_detection(value: object) -> object:
    if not isinstance(value, dict):
        return None if value is None else UNSET
    found = {
        "threshold": number(value, "threshold"),
        "prefix_padding_ms": _whole(value, "prefix_padding_ms"),
        "silence_duration_ms": _whole(value, "silence_duration_ms"),
        "eagerness": optional_text(value, "eagerness"),
        "idle_timeout_ms": _whole(value, "idle_timeout_ms"),
        "create_response": flag(value, "create_response"),
        "interrupt_response": flag(value, "interrupt_response"),
    }
    present: dict[str, Any] = {key: each for key, each in found.items() if each is not None}
    return TurnDetection(type=text(value, "type"), **present)


def _whole(raw: Json, key: str) -> int | None:
    found = number(raw, key)
    return None if found is None else int(found)


def _read_tools(value: object) -> object:
    if not isinstance(value, list):
        return UNSET
    functions = [tool for tool in value if isinstance(tool, dict) and tool.get("type") == "function"]
    return tuple(
        ToolSpec(text(tool, "name"), text(tool, "description"), child(tool, "parameters")) for tool in functions
    )


_READERS: Final[dict[str, Callable[[object], object]]] = {
    "kind": _kind(str),
    "model": _kind(str),
    "modality": _read_modality,
    "instructions": _kind(str),
    "voice": _read_voice,
    "speed": _kind(int, float),
    "input_format": read_format,
    "output_format": read_format,
    "noise_reduction": _kind(dict, type(None)),
    "transcription": _read_transcription,
    "turn_detection": _read_turn_detection,
    "tools": _read_tools,
    "tool_choice": _kind(str),
    "parallel_tool_calls": _kind(bool),
    "temperature": _kind(int, float),
    "max_output_tokens": _kind(int, str),
    "include": _read_include,
}
