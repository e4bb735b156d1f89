"""What a realtime session is opened with, and the session settings and items that follow from it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from voiceloop.pronounce import pronunciations
from voiceloop.settings import TurnSettings
from voiceloop.vocabulary import (
    AssistantTurn,
    AudioFormat,
    Item,
    Summary,
    ToolCall,
    ToolOutput,
    ToolSpec,
    Traits,
    UserImage,
    UserTurn,
)
from voiceloop.wire.items import CallItem, CallOutputItem, MessageItem, Part, WireItem
from voiceloop.wire.session_fields import UNSET, Modality, SessionFields, Transcription, TurnDetection, UnsetType
from voiceloop.wire.turns import fit_item_id

__all__ = [
    "SessionConfig",
    "assistant_item",
    "changed_fields",
    "history_items",
    "image_item",
    "recalled_call_id",
    "session_fields",
    "traits_of",
    "user_item",
]


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """What one connection must know. Not all servers honour all of it; `EngineReady` tells what came of it."""

    model: str
    instructions: str = ""
    tools: Sequence[ToolSpec] = ()
    format: AudioFormat = field(default_factory=AudioFormat)
    """Of both directions."""
    voice: str | None = None
    language: str = "en"
    """BCP 47, or `auto`."""
    vocabulary: Sequence[str] = ()
    pronounce: Mapping[str, str] = field(default_factory=dict)
    transcription_model: str | None = None
    """None: the user's speech is not put into words."""
    turn: TurnSettings = field(default_factory=TurnSettings)
    modality: Modality = "audio"
    """`text`: replies are written only."""
    id_suffix: str = ""
    """Ends every id that comes from this connection: servers that count theirs begin anew on each."""
    configure_timeout_s: float = 5.0


def session_fields(config: SessionConfig) -> SessionFields:
    """The first `session.update`: only what is needed, since one unknown field makes servers refuse all of it."""
    return SessionFields(
        kind="realtime",
        modality=config.modality,
        instructions=instructions_of(config.instructions, config.pronounce),
        voice=config.voice or UNSET,
        input_format=config.format,
        output_format=config.format,
        transcription=_transcription(config),
        turn_detection=_turn_detection(config.turn),
        tools=tuple(config.tools),
        tool_choice="auto" if config.tools else UNSET,
    )


def instructions_of(instructions: str, pronounce: Mapping[str, str]) -> str:
    """The instructions with a line on how to say words that are spoken otherwise than they are written."""
    return "\n\n".join(part for part in (instructions, pronunciations(pronounce)) if part)


def changed_fields(
    instructions: str | None, tools: Sequence[ToolSpec] | None, pronounce: Mapping[str, str]
) -> SessionFields:
    """A later `session.update`: what is not told stays as it is."""
    return SessionFields(
        kind="realtime",
        instructions=UNSET if instructions is None else instructions_of(instructions, pronounce),
        tools=UNSET if tools is None else tuple(tools),
        tool_choice="auto" if tools else UNSET,
    )


def history_items(
    history: Sequence[Item], speech: Mapping[str, bytes], id_suffix: str
) -> Iterator[tuple[str, WireItem]]:
    """The items that bring a new session up to date, each with our turn id, or empty.

    `speech` holds the sound, in the wire encoding, of turns without words; what has neither is left out. Audio of the
    assistant cannot be created by a client, so its turns are text.
    """
    for number, item in enumerate(history):
        item_id = f"vl_h{number}{id_suffix}"
        match item:
            case UserTurn() if item.text:
                yield item.turn_id, user_item(item_id, item.text)
            case UserTurn() if speech.get(item.turn_id):
                sound = Part("input_audio", audio=b64encode(speech[item.turn_id]).decode())
                yield item.turn_id, MessageItem(item_id, "user", (sound,))
            case AssistantTurn(text="") | UserTurn():
                pass
            case _:
                yield "", _unnamed_item(item)


def _unnamed_item(item: Summary | UserImage | AssistantTurn | ToolCall | ToolOutput) -> WireItem:
    match item:
        case Summary():
            return MessageItem("", "system", (Part("input_text", text=item.told),))
        case UserImage():
            return image_item(item)
        case AssistantTurn():
            return assistant_item(item.text)
        case ToolCall():
            return CallItem("", recalled_call_id(item.call_id), item.name, item.arguments)
        case ToolOutput():
            return CallOutputItem("", recalled_call_id(item.call_id), item.output)
        case _:
            assert_never(item)


def recalled_call_id(call_id: str) -> str:
    """What a later connection calls a call: a server that counts its own must not come to the same name."""
    return fit_item_id(f"vl_{call_id}")


def user_item(item_id: str, text: str) -> WireItem:
    """A user turn in words."""
    return MessageItem(fit_item_id(item_id), "user", (Part("input_text", text=text),))


def image_item(image: UserImage) -> WireItem:
    """A picture the user showed."""
    url = f"data:{image.media_type};base64,{b64encode(image.encoded).decode()}"
    return MessageItem("", "user", (Part("input_image", image_url=url),))


def assistant_item(text: str) -> WireItem:
    """What the assistant said, in words."""
    return MessageItem("", "assistant", (Part("text", text=text),))


def traits_of(detection: TurnDetection | UnsetType | None, modality: Modality) -> Traits:
    """What a server with this turn detection does by itself; what it does not mention has OpenAI's defaults."""
    keeps_audio = modality == "audio"
    if detection is None:
        return Traits(ends_turns=False, starts_replies=False, stops_on_speech=False, keeps_audio=keeps_audio)
    if detection is UNSET:
        return Traits(stops_on_speech=True, keeps_audio=keeps_audio)
    return Traits(
        starts_replies=detection.create_response is not False,
        stops_on_speech=detection.interrupt_response is not False,
        keeps_audio=keeps_audio,
    )


def _transcription(config: SessionConfig) -> Transcription | UnsetType:
    if config.transcription_model is None:
        return UNSET  # off is every server's default
    language = config.language.partition("-")[0].lower()
    return Transcription(
        config.transcription_model,
        language=UNSET if language in {"", "auto"} else language,
        prompt=", ".join(config.vocabulary) or UNSET,
    )


def _turn_detection(turn: TurnSettings) -> TurnDetection | None:
    if turn.detection in {"manual", "push_to_talk"}:
        return None
    replies = turn.replies == "server"
    # Both booleans are said aloud: servers disagree about their defaults (xAI).
    if turn.detection == "semantic_vad":
        return TurnDetection(
            "semantic_vad", eagerness=turn.eagerness, create_response=replies, interrupt_response=False
        )
    return TurnDetection(
        "server_vad",
        threshold=turn.threshold,
        prefix_padding_ms=turn.prefix_padding_ms,
        silence_duration_ms=turn.silence_ms,
        create_response=replies,
        interrupt_response=False,
    )
