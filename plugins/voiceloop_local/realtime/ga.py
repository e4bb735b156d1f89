"""The GA dialect: nested audio settings, one output modality, strict fields."""

from __future__ import annotations

from dataclasses import replace

from voiceloop.vocabulary import Encoding
from voiceloop_local.realtime.checks import Fields, Json, cannot_update, invalid_type, invalid_value, missing
from voiceloop_local.realtime.config import (
    ReplySettings,
    SessionConfig,
    keep_model,
    keep_tracing,
    read_max_tokens,
    read_noise_reduction,
    read_tool_choice,
    read_tools,
    read_transcription,
    read_turn_detection,
    show_transcription,
    show_turn_detection,
)
from voiceloop_local.realtime.dialect import NewId
from voiceloop_local.realtime.forms import GA_PARTS, read_inputs, read_item, show_item, show_part
from voiceloop_local.realtime.items import Part, StoredItem

__all__ = ["GaDialect"]

_SHOWN_ONLY = ("include", "truncation", "prompt", "reasoning", "parallel_tool_calls")
_SESSION = (
    *("type", "model", "instructions", "output_modalities", "audio", "tools", "tool_choice"),
    *("max_output_tokens", "tracing", *_SHOWN_ONLY),
)
_REPLY = (
    *("conversation", "input", "instructions", "output_modalities", "audio", "tools", "tool_choice"),
    *("max_output_tokens", "metadata", "parallel_tool_calls", "prompt", "reasoning"),
)
_INPUT = ("format", "noise_reduction", "transcription", "turn_detection")
_TRANSCRIPTION = ("model", "language", "prompt", "languages", "keywords", "delay")
_FORMATS = {Encoding.PCM16: "audio/pcm", Encoding.G711_ULAW: "audio/pcmu", Encoding.G711_ALAW: "audio/pcma"}


class GaDialect:
    """The dialect of a client that sends no `OpenAI-Beta` header."""

    ga = True

    def read_session(self, config: SessionConfig, raw: object, *, has_spoken: bool) -> SessionConfig:
        """Lay a `session.update` over `config`; `session.type` must be there."""
        given = Fields(raw, "session", _SESSION)
        if "type" not in given:
            raise missing("session.type")
        given.choice("type", ("realtime",), "realtime")
        keep_model(given, config)
        audio = Fields(given.raw.get("audio", {}), "session.audio", ("input", "output"))
        config = _read_input(config, audio)
        output = Fields(audio.raw.get("output", {}), "session.audio.output", ("format", "voice", "speed"))
        return replace(
            config,
            instructions=given.text("instructions", config.instructions),
            speaks=_read_modality(given, speaks=config.speaks),
            voice=_read_voice(output, config.voice, fixed=has_spoken),
            speed=output.number("speed", config.speed, 0.25, 1.5),
            output=_read_format(output, config.output),
            tools=read_tools(given, config.tools),
            tool_choice=read_tool_choice(given, config.tool_choice, objects=True),
            max_output_tokens=read_max_tokens(given, "max_output_tokens", config.max_output_tokens),
            tracing=keep_tracing(given, config),
            extras={**config.extras, **{name: given.get(name) for name in _SHOWN_ONLY if name in given}},
        )

    def show_session(self, config: SessionConfig, session_id: str, expires_at: int) -> Json:
        """The full effective session object."""
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": session_id,
            "model": config.model,
            "output_modalities": _modality(speaks=config.speaks),
            "instructions": config.instructions,
            "tools": [dict(tool) for tool in config.tools],
            "tool_choice": config.tool_choice,
            "max_output_tokens": config.max_output_tokens,
            "tracing": config.tracing,
            "truncation": "auto",
            "prompt": None,
            "expires_at": expires_at,
            "audio": {
                "input": {
                    "format": _show_format(config.input),
                    "transcription": show_transcription(config.transcription),
                    "noise_reduction": config.noise_reduction,
                    "turn_detection": show_turn_detection(config.turns, idle_timeout=True),
                },
                "output": {"format": _show_format(config.output), "voice": config.voice, "speed": config.speed},
            },
            "include": None,
            **config.extras,
        }

    def read_reply(self, config: SessionConfig, raw: object, new_id: NewId) -> ReplySettings:
        """Lay a `response.create` over the session's settings."""
        given = Fields(raw, "response", _REPLY)
        audio = Fields(given.raw.get("audio", {}), "response.audio", ("output",))
        output = Fields(audio.raw.get("output", {}), "response.audio.output", ("format", "voice"))
        inputs = given.get("input")
        return replace(
            ReplySettings.of(config),
            instructions=given.text("instructions", config.instructions),
            speaks=_read_modality(given, speaks=config.speaks),
            voice=_read_voice(output, config.voice, fixed=False),
            output=_read_format(output, config.output),
            tools=read_tools(given, config.tools),
            tool_choice=read_tool_choice(given, config.tool_choice, objects=True),
            max_output_tokens=read_max_tokens(given, "max_output_tokens", config.max_output_tokens),
            metadata=given.strings("metadata"),
            in_conversation=given.choice("conversation", ("auto", "none"), "auto") == "auto",
            input=None if inputs is None else read_inputs(inputs, "response.input", new_id, config.input, GA_PARTS),
        )

    def show_reply_settings(self, settings: ReplySettings) -> Json:
        """The settings a response object shows."""
        return {
            "output_modalities": _modality(speaks=settings.speaks),
            "max_output_tokens": settings.max_output_tokens,
            "audio": {"output": {"format": _show_format(settings.output), "voice": settings.voice}},
        }

    def read_item(self, raw: object, path: str, new_id: NewId, encoding: Encoding) -> StoredItem:
        """An item the client wants created."""
        return read_item(raw, path, new_id, encoding, GA_PARTS)

    def show_item(self, item: StoredItem, encoding: Encoding | None = None) -> Json:
        """An item as the wire shows it."""
        return show_item(item, GA_PARTS, encoding)

    def show_part(self, part: Part) -> Json:
        """A part as `response.content_part` events show it."""
        return show_part(part)

    def item_added(self, item: StoredItem, previous_id: str | None) -> list[Json]:
        """`conversation.item.added`."""
        return [{"type": "conversation.item.added", "previous_item_id": previous_id, "item": self.show_item(item)}]

    def item_done(self, item: StoredItem, previous_id: str | None) -> list[Json]:
        """`conversation.item.done`."""
        return [{"type": "conversation.item.done", "previous_item_id": previous_id, "item": self.show_item(item)}]

    def translate(self, event: Json) -> Json:
        """GA names are the server's own."""
        return event


def _read_input(config: SessionConfig, audio: Fields) -> SessionConfig:
    path = "session.audio.input"
    given = Fields(audio.raw.get("input", {}), path, _INPUT)
    if "format" in given:
        config = replace(config, input=_read_format(given, config.input))
    if "noise_reduction" in given:
        reduction = read_noise_reduction(given.get("noise_reduction"), f"{path}.noise_reduction", ("type", "strength"))
        config = replace(config, noise_reduction=reduction)
    if "transcription" in given:
        transcription = read_transcription(given.get("transcription"), f"{path}.transcription", _TRANSCRIPTION)
        config = replace(config, transcription=transcription)
    if "turn_detection" in given:
        turns = read_turn_detection(given.get("turn_detection"), f"{path}.turn_detection", idle_timeout=True)
        config = replace(config, turns=turns)
    return config


def _read_format(given: Fields, default: Encoding) -> Encoding:
    if "format" not in given:
        return default
    path = given.at("format")
    form = Fields(given.get("format"), path, ("type", "rate"))
    form.require("type")
    kind = form.choice("type", tuple(_FORMATS.values()), "")
    encoding = next(one for one, name in _FORMATS.items() if name == kind)
    rate_hz = 24_000 if encoding is Encoding.PCM16 else 8_000
    if form.get("rate") not in (None, rate_hz):
        raise invalid_value(f"{path}.rate", form.get("rate"), (str(rate_hz),))
    return encoding


def _show_format(encoding: Encoding) -> Json:
    shown: Json = {"type": _FORMATS[encoding]}
    return shown | {"rate": 24_000} if encoding is Encoding.PCM16 else shown


def _read_modality(given: Fields, *, speaks: bool) -> bool:
    if "output_modalities" not in given:
        return speaks
    wanted = given.listing("output_modalities", [])
    if wanted not in (["audio"], ["text"]):
        raise invalid_value(given.at("output_modalities"), wanted, ("['text']", "['audio']"))
    return wanted == ["audio"]


def _modality(*, speaks: bool) -> list[str]:
    return ["audio"] if speaks else ["text"]


def _read_voice(given: Fields, default: object, *, fixed: bool) -> object:
    voice: object = given.raw.get("voice", default)
    if isinstance(voice, dict):
        custom = Fields(voice, given.at("voice"), ("id",))
        custom.require("id")
        custom.text("id", "")
    elif not isinstance(voice, str):
        raise invalid_type(given.at("voice"), "a string", voice)
    if fixed and voice != default:
        message = "Cannot update a conversation's voice if assistant audio is present."
        raise cannot_update("cannot_update_voice", message, given.at("voice"))
    return voice
