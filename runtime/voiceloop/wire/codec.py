"""Frames to server events, client messages to frames. Reading never fails; writing is strict.

Both spellings of every server event are read whatever the session's dialect is; hybrid servers exist.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from typing import Any, Final

import msgspec

from voiceloop.wire import client, server
from voiceloop.wire.client import ClientMessage
from voiceloop.wire.dialect import Dialect
from voiceloop.wire.items import (
    Logprob,
    RateLimit,
    Spot,
    read_error,
    read_item,
    read_part,
    read_response,
    read_usage,
    write_item,
)
from voiceloop.wire.lenient import Json, child, integer, listing, number, optional_text, text
from voiceloop.wire.names import canonical
from voiceloop.wire.server import BrokenMessage, Progress, ServerEvent, UnknownMessage
from voiceloop.wire.session_fields import UNSET, read_session, write_fields, write_session

__all__ = ["decode", "decode_base64", "encode", "to_json"]


def decode(frame: str | bytes) -> ServerEvent:
    """Read one frame. Never raises: what is no event becomes `BrokenMessage`, an unlisted type `UnknownMessage`."""
    try:
        raw = msgspec.json.decode(frame)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return BrokenMessage(f"not JSON: {error}")
    if not isinstance(raw, dict):
        return BrokenMessage(f"not an object but {type(raw).__name__}")
    type_ = raw.get("type")
    if not isinstance(type_, str) or not type_:
        return BrokenMessage("an object without a type")
    read = _READERS.get(canonical(type_))
    return UnknownMessage(type_, raw) if read is None else read(raw)


def encode(message: ClientMessage, dialect: Dialect) -> bytes:
    """Write one message as a text frame's bytes."""
    return msgspec.json.encode(to_json(message, dialect))


def to_json(message: ClientMessage, dialect: Dialect) -> dict[str, Any]:
    """The JSON object of a message."""
    written = _WRITERS[type(message)](message, dialect)
    if message.event_id:
        written["event_id"] = message.event_id
    return written


def decode_base64(words: str) -> bytes | None:
    """Audio from base64, padded or not; None when it is something else."""
    try:
        return binascii.a2b_base64(words + "=" * (-len(words) % 4))
    except ValueError:  # binascii.Error is one, non-ASCII text raises a plain one
        return None


# Writing -------------------------------------------------------------------------------------------------------------


_RESPONSE_FIELDS: Final = (
    "modality",
    "instructions",
    "voice",
    "output_format",
    "tools",
    "tool_choice",
    "temperature",
    "max_output_tokens",
    "parallel_tool_calls",
    "prompt",
    "reasoning",
)


def _write_response(fields: client.ResponseFields, dialect: Dialect) -> dict[str, Any]:
    written = write_fields({name: getattr(fields, name) for name in _RESPONSE_FIELDS}, dialect)
    if fields.conversation is not UNSET:
        written["conversation"] = fields.conversation
    if fields.metadata is not UNSET:
        written["metadata"] = dict(fields.metadata)
    if fields.input is not UNSET:
        written["input"] = [write_item(item, dialect) for item in fields.input]
    return written


def _write_update(message: client.UpdateSession, dialect: Dialect) -> dict[str, Any]:
    transcribes = dialect == "beta" and message.session.kind == "transcription"
    type_ = "transcription_session.update" if transcribes else "session.update"
    return {"type": type_, "session": write_session(message.session, dialect)}


def _write_append(message: client.AppendAudio, _dialect: Dialect) -> dict[str, Any]:
    audio = binascii.b2a_base64(message.audio, newline=False).decode()
    return {"type": "input_audio_buffer.append", "audio": audio}


def _write_create_item(message: client.CreateItem, dialect: Dialect) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "conversation.item.create", "item": write_item(message.item, dialect)}
    if message.previous_item_id is not None:
        written["previous_item_id"] = message.previous_item_id
    return written


def _write_truncate(message: client.TruncateItem, _dialect: Dialect) -> dict[str, Any]:
    return {
        "type": "conversation.item.truncate",
        "item_id": message.item_id,
        "content_index": message.content_index,
        "audio_end_ms": message.audio_end_ms,
    }


def _write_create_response(message: client.CreateResponse, dialect: Dialect) -> dict[str, Any]:
    return {"type": "response.create", "response": _write_response(message.response, dialect)}


def _write_cancel(message: client.CancelResponse, _dialect: Dialect) -> dict[str, Any]:
    written = {"type": "response.cancel"}
    return written if message.response_id is None else {**written, "response_id": message.response_id}


_WRITERS: Final[dict[type[Any], Callable[[Any, Dialect], dict[str, Any]]]] = {
    client.UpdateSession: _write_update,
    client.AppendAudio: _write_append,
    client.CommitInput: lambda _message, _dialect: {"type": "input_audio_buffer.commit"},
    client.ClearInput: lambda _message, _dialect: {"type": "input_audio_buffer.clear"},
    client.CreateItem: _write_create_item,
    client.RetrieveItem: lambda message, _dialect: {"type": "conversation.item.retrieve", "item_id": message.item_id},
    client.TruncateItem: _write_truncate,
    client.DeleteItem: lambda message, _dialect: {"type": "conversation.item.delete", "item_id": message.item_id},
    client.CreateResponse: _write_create_response,
    client.CancelResponse: _write_cancel,
    client.ClearOutput: lambda _message, _dialect: {"type": "output_audio_buffer.clear"},
}


# Reading -------------------------------------------------------------------------------------------------------------


def _spot(raw: Json) -> Spot:
    return Spot(
        response_id=text(raw, "response_id"),
        item_id=text(raw, "item_id"),
        output_index=integer(raw, "output_index"),
        content_index=integer(raw, "content_index"),
    )


def _logprobs(raw: Json) -> tuple[Logprob, ...]:
    entries = [entry for entry in listing(raw, "logprobs") if isinstance(entry, dict)]
    return tuple(Logprob(text(entry, "token"), number(entry, "logprob") or 0.0) for entry in entries)


def _transcript_done(raw: Json) -> ServerEvent:
    return server.InputTranscriptDone(
        text(raw, "item_id"),
        integer(raw, "content_index"),
        text(raw, "transcript"),
        languages=tuple(word for word in map(_language, listing(raw, "languages")) if word),
        usage=read_usage(child(raw, "usage")),
        logprobs=_logprobs(raw),
    )


def _language(value: object) -> str:
    return value if isinstance(value, str) else text(value, "code") if isinstance(value, dict) else ""


def _segment(raw: Json) -> ServerEvent:
    return server.InputTranscriptSegment(
        text(raw, "item_id"),
        integer(raw, "content_index"),
        segment_id=text(raw, "id"),
        text=text(raw, "text"),
        speaker=text(raw, "speaker"),
        start_s=number(raw, "start") or 0.0,
        end_s=number(raw, "end") or 0.0,
    )


def _error(raw: Json) -> ServerEvent:
    found = raw.get("error")
    if isinstance(found, dict):
        return server.ErrorRaised(read_error(found))
    # vLLM: the error is a string with its code beside it; others put message and code at the top level.
    beside = {key: raw.get(key) for key in ("code", "message", "param")}
    return server.ErrorRaised(read_error({**beside, "message": found} if isinstance(found, str) else beside))


def _rate_limits(raw: Json) -> ServerEvent:
    entries = [entry for entry in listing(raw, "rate_limits") if isinstance(entry, dict)]
    return server.RateLimitsUpdated(
        tuple(
            RateLimit(
                text(entry, "name"),
                integer(entry, "limit"),
                integer(entry, "remaining"),
                number(entry, "reset_seconds") or 0.0,
            )
            for entry in entries
        )
    )


def _audio_delta(raw: Json) -> ServerEvent:
    audio = decode_base64(text(raw, "delta"))
    return BrokenMessage("an audio delta that is not base64") if audio is None else server.AudioDelta(_spot(raw), audio)


_Reader = Callable[[dict[str, Any]], ServerEvent]

_ITEMS: dict[str, _Reader] = {
    "conversation.item.added": lambda raw: server.ItemAdded(
        read_item(child(raw, "item")), optional_text(raw, "previous_item_id")
    ),
    "conversation.item.done": lambda raw: server.ItemDone(
        read_item(child(raw, "item")), optional_text(raw, "previous_item_id")
    ),
    "conversation.item.retrieved": lambda raw: server.ItemRetrieved(read_item(child(raw, "item"))),
    "conversation.item.truncated": lambda raw: server.ItemTruncated(
        text(raw, "item_id"), integer(raw, "content_index"), integer(raw, "audio_end_ms")
    ),
    "conversation.item.deleted": lambda raw: server.ItemDeleted(text(raw, "item_id")),
    "conversation.item.input_audio_transcription.delta": lambda raw: server.InputTranscriptDelta(
        text(raw, "item_id"), integer(raw, "content_index"), text(raw, "delta"), _logprobs(raw)
    ),
    "conversation.item.input_audio_transcription.segment": _segment,
    "conversation.item.input_audio_transcription.completed": _transcript_done,
    "conversation.item.input_audio_transcription.failed": lambda raw: server.InputTranscriptFailed(
        text(raw, "item_id"), integer(raw, "content_index"), read_error(raw.get("error"))
    ),
}
_INPUT: dict[str, _Reader] = {
    "input_audio_buffer.committed": lambda raw: server.InputCommitted(
        text(raw, "item_id"), optional_text(raw, "previous_item_id")
    ),
    "input_audio_buffer.cleared": lambda _raw: server.InputCleared(),
    "input_audio_buffer.speech_started": lambda raw: server.InputSpeechStarted(
        text(raw, "item_id"), integer(raw, "audio_start_ms")
    ),
    "input_audio_buffer.speech_stopped": lambda raw: server.InputSpeechStopped(
        text(raw, "item_id"), integer(raw, "audio_end_ms")
    ),
    "input_audio_buffer.timeout_triggered": lambda raw: server.InputIdle(
        text(raw, "item_id"), integer(raw, "audio_start_ms"), integer(raw, "audio_end_ms")
    ),
    "input_audio_buffer.dtmf_event_received": lambda raw: server.DtmfReceived(
        text(raw, "event"), number(raw, "received_at") or 0.0
    ),
}
_RESPONSES: dict[str, _Reader] = {
    "response.created": lambda raw: server.ResponseCreated(read_response(child(raw, "response"))),
    "response.done": lambda raw: server.ResponseDone(read_response(child(raw, "response"))),
    "response.output_item.added": lambda raw: server.OutputItemAdded(
        text(raw, "response_id"), integer(raw, "output_index"), read_item(child(raw, "item"))
    ),
    "response.output_item.done": lambda raw: server.OutputItemDone(
        text(raw, "response_id"), integer(raw, "output_index"), read_item(child(raw, "item"))
    ),
    "response.content_part.added": lambda raw: server.PartAdded(_spot(raw), read_part(child(raw, "part"))),
    "response.content_part.done": lambda raw: server.PartDone(_spot(raw), read_part(child(raw, "part"))),
    "response.output_text.delta": lambda raw: server.TextDelta(_spot(raw), text(raw, "delta")),
    "response.output_text.done": lambda raw: server.TextDone(_spot(raw), text(raw, "text")),
    "response.output_audio.delta": _audio_delta,
    "response.output_audio.done": lambda raw: server.AudioDone(_spot(raw)),
    "response.output_audio_transcript.delta": lambda raw: server.TranscriptDelta(_spot(raw), text(raw, "delta")),
    "response.output_audio_transcript.done": lambda raw: server.TranscriptDone(_spot(raw), text(raw, "transcript")),
    "response.function_call_arguments.delta": lambda raw: server.ArgumentsDelta(
        _spot(raw), text(raw, "call_id"), text(raw, "delta")
    ),
    "response.function_call_arguments.done": lambda raw: server.ArgumentsDone(
        _spot(raw), text(raw, "call_id"), text(raw, "arguments"), text(raw, "name")
    ),
    "response.mcp_call_arguments.delta": lambda raw: server.McpArgumentsDelta(_spot(raw), text(raw, "delta")),
    "response.mcp_call_arguments.done": lambda raw: server.McpArgumentsDone(_spot(raw), text(raw, "arguments")),
}
_PROGRESS: tuple[Progress, ...] = ("in_progress", "completed", "failed")


def _mcp_listed(progress: Progress) -> _Reader:
    return lambda raw: server.McpListed(text(raw, "item_id"), progress)


def _mcp_called(progress: Progress) -> _Reader:
    return lambda raw: server.McpCalled(text(raw, "item_id"), integer(raw, "output_index"), progress)


_READERS: Final[dict[str, _Reader]] = {
    "error": _error,
    "session.created": lambda raw: server.SessionCreated(read_session(child(raw, "session"))),
    "session.updated": lambda raw: server.SessionUpdated(read_session(child(raw, "session"))),
    "conversation.created": lambda raw: server.ConversationCreated(text(child(raw, "conversation"), "id")),
    "rate_limits.updated": _rate_limits,
    **_ITEMS,
    **_INPUT,
    **_RESPONSES,
    "output_audio_buffer.started": lambda raw: server.OutputBufferChanged(text(raw, "response_id"), "started"),
    "output_audio_buffer.stopped": lambda raw: server.OutputBufferChanged(text(raw, "response_id"), "stopped"),
    "output_audio_buffer.cleared": lambda raw: server.OutputBufferChanged(text(raw, "response_id"), "cleared"),
    **{f"mcp_list_tools.{progress}": _mcp_listed(progress) for progress in _PROGRESS},
    **{f"response.mcp_call.{progress}": _mcp_called(progress) for progress in _PROGRESS},
}
