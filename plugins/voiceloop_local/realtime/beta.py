"""The beta dialect: a flat session, both modalities at once, and other names for a dozen server events."""

from __future__ import annotations

from dataclasses import replace

from voiceloop.vocabulary import Encoding
from voiceloop_local.realtime.checks import Fields, Json, cannot_update, invalid_value
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
from voiceloop_local.realtime.forms import BETA_PARTS, read_inputs, read_item, show_item, show_part
from voiceloop_local.realtime.items import Part, StoredItem

__all__ = ["BetaDialect"]

_SESSION = (
    *("model", "modalities", "instructions", "voice", "speed", "input_audio_format", "output_audio_format"),
    *("input_audio_noise_reduction", "input_audio_transcription", "turn_detection", "tools", "tool_choice"),
    *("temperature", "max_response_output_tokens", "tracing", "client_secret"),
)
_REPLY = (
    *("conversation", "input", "instructions", "modalities", "voice", "output_audio_format", "tools", "tool_choice"),
    *("temperature", "max_response_output_tokens", "metadata"),
)
_ENCODINGS = tuple(Encoding)

_NAMES = {
    "conversation.item.added": "conversation.item.created",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
}


class BetaDialect:
    """The dialect of a client that sends `OpenAI-Beta: realtime=v1`."""

    ga = False

    def read_session(self, config: SessionConfig, raw: object, *, has_spoken: bool) -> SessionConfig:
        """Lay a `session.update` over `config`."""
        given = Fields(raw, "session", _SESSION)
        keep_model(given, config)
        voice = given.text("voice", config.voice)
        if has_spoken and voice != config.voice:
            message = "Cannot update a conversation's voice if assistant audio is present."
            raise cannot_update("cannot_update_voice", message, "session.voice")
        return replace(
            _read_input(config, given),
            instructions=given.text("instructions", config.instructions),
            speaks=_read_modalities(given, speaks=config.speaks),
            voice=voice,
            speed=given.number("speed", config.speed, 0.25, 1.5),
            output=_read_encoding(given, "output_audio_format", config.output),
            tools=read_tools(given, config.tools),
            tool_choice=read_tool_choice(given, config.tool_choice, objects=True),
            temperature=given.number("temperature", config.temperature, 0.6, 1.2),
            max_output_tokens=read_max_tokens(given, "max_response_output_tokens", config.max_output_tokens),
            tracing=keep_tracing(given, config),
        )

    def show_session(self, config: SessionConfig, session_id: str, expires_at: int) -> Json:
        """The full effective session object."""
        return {
            "id": session_id,
            "object": "realtime.session",
            "model": config.model,
            "expires_at": expires_at,
            "modalities": _modalities(speaks=config.speaks),
            "instructions": config.instructions,
            "voice": config.voice,
            "speed": config.speed,
            "input_audio_format": str(config.input),
            "output_audio_format": str(config.output),
            "input_audio_noise_reduction": config.noise_reduction,
            "input_audio_transcription": show_transcription(config.transcription),
            "turn_detection": show_turn_detection(config.turns, idle_timeout=False),
            "tools": [dict(tool) for tool in config.tools],
            "tool_choice": config.tool_choice,
            "temperature": config.temperature,
            "max_response_output_tokens": config.max_output_tokens,
            "tracing": config.tracing,
            "client_secret": None,
        }

    def read_reply(self, config: SessionConfig, raw: object, new_id: NewId) -> ReplySettings:
        """Lay a `response.create` over the session's settings."""
        given = Fields(raw, "response", _REPLY)
        inputs = given.get("input")
        return replace(
            ReplySettings.of(config),
            instructions=given.text("instructions", config.instructions),
            speaks=_read_modalities(given, speaks=config.speaks),
            voice=given.text("voice", config.voice),
            output=_read_encoding(given, "output_audio_format", config.output),
            tools=read_tools(given, config.tools),
            tool_choice=read_tool_choice(given, config.tool_choice, objects=True),
            temperature=given.number("temperature", config.temperature, 0.6, 1.2),
            max_output_tokens=read_max_tokens(given, "max_response_output_tokens", config.max_output_tokens),
            metadata=given.strings("metadata"),
            in_conversation=given.choice("conversation", ("auto", "none"), "auto") == "auto",
            input=None if inputs is None else read_inputs(inputs, "response.input", new_id, config.input, BETA_PARTS),
        )

    def show_reply_settings(self, settings: ReplySettings) -> Json:
        """The settings a response object shows."""
        return {
            "modalities": _modalities(speaks=settings.speaks),
            "voice": settings.voice,
            "output_audio_format": str(settings.output),
            "temperature": settings.temperature,
            "max_output_tokens": settings.max_output_tokens,
        }

    def read_item(self, raw: object, path: str, new_id: NewId, encoding: Encoding) -> StoredItem:
        """An item the client wants created."""
        return read_item(raw, path, new_id, encoding, BETA_PARTS)

    def show_item(self, item: StoredItem, encoding: Encoding | None = None) -> Json:
        """An item as the wire shows it."""
        return show_item(item, BETA_PARTS, encoding)

    def show_part(self, part: Part) -> Json:
        """A part as `response.content_part` events show it."""
        return show_part(part)

    def item_added(self, item: StoredItem, previous_id: str | None) -> list[Json]:
        """`conversation.item.created`, once translated."""
        return [{"type": "conversation.item.added", "previous_item_id": previous_id, "item": self.show_item(item)}]

    def item_done(self, item: StoredItem, previous_id: str | None) -> list[Json]:
        """Beta has no such event."""
        del item, previous_id
        return []

    def translate(self, event: Json) -> Json:
        """Beta's name for the event, without what only GA has in it."""
        kind = event["type"]
        if kind == "response.function_call_arguments.done":
            return {name: value for name, value in event.items() if name != "name"}
        return event | {"type": _NAMES[kind]} if kind in _NAMES else event


def _read_input(config: SessionConfig, given: Fields) -> SessionConfig:
    if "input_audio_format" in given:
        config = replace(config, input=_read_encoding(given, "input_audio_format", config.input))
    if "input_audio_noise_reduction" in given:
        name = "input_audio_noise_reduction"
        config = replace(config, noise_reduction=read_noise_reduction(given.get(name), given.at(name), ("type",)))
    if "input_audio_transcription" in given:
        name = "input_audio_transcription"
        allowed = ("model", "language", "prompt")
        config = replace(config, transcription=read_transcription(given.get(name), given.at(name), allowed))
    if "turn_detection" in given:
        turns = read_turn_detection(given.get("turn_detection"), given.at("turn_detection"), idle_timeout=False)
        config = replace(config, turns=turns)
    return config


def _read_encoding(given: Fields, name: str, default: Encoding) -> Encoding:
    return Encoding(given.choice(name, _ENCODINGS, default))


def _read_modalities(given: Fields, *, speaks: bool) -> bool:
    if "modalities" not in given:
        return speaks
    wanted = given.listing("modalities", [])
    if wanted not in (["text"], ["text", "audio"], ["audio", "text"]):
        raise invalid_value(given.at("modalities"), wanted, ("['text']", "['audio', 'text']"))
    return len(wanted) > 1


def _modalities(*, speaks: bool) -> list[str]:
    return ["audio", "text"] if speaks else ["text"]
