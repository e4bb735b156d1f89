"""The session object of a scripted server: its two forms, what an update may say, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voiceloop.testing.script import Dialect, Fail

__all__ = ["SessionConfig"]

_TURNS = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
    "create_response": True,
    "interrupt_response": True,
}
_PCM: dict[str, Any] = {"type": "audio/pcm", "rate": 24_000}
_BETA: dict[str, Any] = {
    "modalities": ["audio", "text"],
    "instructions": "",
    "voice": "alloy",
    "input_audio_format": "pcm16",
    "output_audio_format": "pcm16",
    "input_audio_transcription": None,
    "turn_detection": _TURNS,
    "tools": [],
    "tool_choice": "auto",
    "temperature": 0.8,
    "max_response_output_tokens": "inf",
}
_BETA_MORE = {"input_audio_noise_reduction", "speed", "tracing"}
_GA: dict[str, Any] = {
    "type": "realtime",
    "output_modalities": ["audio"],
    "instructions": "",
    "tools": [],
    "tool_choice": "auto",
    "max_output_tokens": "inf",
    "audio": {
        "input": {"format": _PCM, "transcription": None, "noise_reduction": None, "turn_detection": _TURNS},
        "output": {"format": _PCM, "voice": "marin", "speed": 1.0},
    },
}
_GA_MORE = {"include", "truncation", "prompt", "tracing", "reasoning", "parallel_tool_calls", "model"}
_G711 = {"g711_ulaw", "g711_alaw", "audio/pcmu", "audio/pcma"}


class SessionConfig:
    """The effective configuration of one connection, in the form its dialect has."""

    def __init__(self, dialect: Dialect, session_id: str, model: str) -> None:
        self.dialect: Dialect = dialect
        self.fields: dict[str, Any] = {"id": session_id, "object": "realtime.session", "model": model}
        self.fields |= _copied(_GA if dialect == "ga" else _BETA)
        self.updates = 0
        self.spoke = False
        """The voice is fixed once the assistant has spoken."""

    def update(self, wanted: Mapping[str, Any], *, strict: bool) -> Fail | None:
        """Take an update over, or say why the whole of it is refused."""
        refusal = self._refusal(wanted) if strict else None
        if refusal is None:
            self.updates += 1
            _merge(self.fields, wanted, deep=self.dialect == "ga")
        return refusal

    @property
    def turn_detection(self) -> Mapping[str, Any] | None:
        """Settings of turn detection with defaults filled in; None where the client ends turns."""
        given = self._input("turn_detection", "turn_detection")
        return None if given is None else {**_TURNS, **given}

    @property
    def transcribes(self) -> bool:
        """Whether user speech is transcribed."""
        return self._input("input_audio_transcription", "transcription") is not None

    @property
    def text_only(self) -> bool:
        """Whether replies have no audio."""
        modalities = self.fields["output_modalities" if self.dialect == "ga" else "modalities"]
        return "audio" not in modalities

    @property
    def input_is_g711(self) -> bool:
        """Whether a sample from the client takes one byte at 8 kHz."""
        return _is_g711(self._input("input_audio_format", "format"))

    @property
    def output_is_g711(self) -> bool:
        """Whether a sample to the client takes one byte at 8 kHz."""
        return _is_g711(self._output_format)

    @property
    def input_rate_hz(self) -> int:
        """Samples a second from the client."""
        return 8000 if self.input_is_g711 else _rate_hz(self._input("input_audio_format", "format"))

    @property
    def output_rate_hz(self) -> int:
        """Samples a second to the client."""
        return 8000 if self.output_is_g711 else _rate_hz(self._output_format)

    @property
    def _output_format(self) -> Any:  # noqa: ANN401 - a JSON value
        if self.dialect == "ga":
            return self.fields["audio"]["output"].get("format")
        return self.fields["output_audio_format"]

    def _input(self, beta: str, ga: str) -> Any:  # noqa: ANN401 - a JSON value
        return self.fields["audio"]["input"].get(ga) if self.dialect == "ga" else self.fields[beta]

    def _refusal(self, wanted: Mapping[str, Any]) -> Fail | None:
        if self.dialect == "ga" and wanted.get("type") not in ("realtime", "transcription"):
            return Fail(
                "missing_required_parameter", "Missing required parameter: 'session.type'.", param="session.type"
            )
        known = set(_GA) | _GA_MORE if self.dialect == "ga" else set(_BETA) | _BETA_MORE
        unknown = next((name for name in wanted if name not in known), None)
        if unknown is not None:
            param = f"session.{unknown}"
            return Fail("unknown_parameter", f"Unknown parameter: '{param}'.", param=param)
        if self.spoke and self._voice_changes(wanted):
            return Fail("cannot_update_voice", "Cannot update a conversation's voice if assistant audio is present.")
        return None

    def _voice_changes(self, wanted: Mapping[str, Any]) -> bool:
        if self.dialect == "ga":
            output = wanted.get("audio", {}).get("output", {})
            return "voice" in output and output["voice"] != self.fields["audio"]["output"]["voice"]
        return "voice" in wanted and wanted["voice"] != self.fields["voice"]


def _is_g711(given: Any) -> bool:  # noqa: ANN401 - a JSON value
    return (given.get("type") if isinstance(given, Mapping) else given) in _G711


def _rate_hz(given: Any) -> int:  # noqa: ANN401 - a JSON value
    """The rate that a pcm16 format names; only the form of the GA dialect can."""
    rate = given.get("rate") if isinstance(given, Mapping) else None
    return rate if isinstance(rate, int) else _PCM["rate"]


def _copied(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, dict):
        return {name: _copied(each) for name, each in value.items()}
    return list(value) if isinstance(value, list) else value


def _merge(target: dict[str, Any], wanted: Mapping[str, Any], *, deep: bool) -> None:
    """Absent fields stay; only the nested groups `audio`, `input` and `output` are merged, all else is replaced."""
    for name, value in wanted.items():
        if deep and name in ("audio", "input", "output") and isinstance(value, Mapping):
            _merge(target.setdefault(name, {}), value, deep=True)
        else:
            target[name] = value
