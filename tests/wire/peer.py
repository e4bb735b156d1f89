"""The other side's half of the codec, for round trips: server events written, client messages read."""

from __future__ import annotations

import base64
import json
from dataclasses import fields, replace

from voiceloop.vocabulary import AudioFormat, Encoding, ToolSpec
from voiceloop.wire import client, server
from voiceloop.wire.client import ClientMessage, ResponseFields
from voiceloop.wire.dialect import Dialect
from voiceloop.wire.items import CallItem, CallOutputItem, MessageItem, Part, Spot, read_item, write_item
from voiceloop.wire.server import ServerEvent
from voiceloop.wire.session_fields import SessionFields, Transcription, TurnDetection, read_session

SERVER_NAMES = {
    server.TextDelta: ("response.text.delta", "response.output_text.delta"),
    server.TextDone: ("response.text.done", "response.output_text.done"),
    server.AudioDelta: ("response.audio.delta", "response.output_audio.delta"),
    server.AudioDone: ("response.audio.done", "response.output_audio.done"),
    server.TranscriptDelta: ("response.audio_transcript.delta", "response.output_audio_transcript.delta"),
    server.TranscriptDone: ("response.audio_transcript.done", "response.output_audio_transcript.done"),
    server.ArgumentsDelta: ("response.function_call_arguments.delta",) * 2,
    server.ArgumentsDone: ("response.function_call_arguments.done",) * 2,
    server.ItemAdded: ("conversation.item.created", "conversation.item.added"),
    server.OutputItemDone: ("response.output_item.done",) * 2,
    server.InputCommitted: ("input_audio_buffer.committed",) * 2,
    server.InputSpeechStarted: ("input_audio_buffer.speech_started",) * 2,
}


def write_event(event: ServerEvent, dialect: Dialect) -> str:
    """The frame a server of that dialect sends."""
    written = {"type": SERVER_NAMES[type(event)][dialect == "ga"], "event_id": "event_1"}
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if isinstance(value, Spot):
            written |= {each: getattr(value, each) for each in value.__struct_fields__}
        elif isinstance(value, bytes):
            written["delta"] = base64.b64encode(value).decode()
        elif name == "item":
            written["item"] = write_item(value, dialect)
        else:
            written[name] = value
    return json.dumps(written)


TOOLS = (ToolSpec("lamp", "switch", {"type": "object", "properties": {"on": {"type": "boolean"}}}),)
SESSION = SessionFields(
    kind="realtime",
    modality="audio",
    instructions="Be brief.",
    voice="marin",
    speed=1.5,
    input_format=AudioFormat(),
    output_format=AudioFormat(Encoding.G711_ULAW, 8000),
    noise_reduction={"type": "far_field"},
    transcription=Transcription("whisper-1", "de", "Zürich"),
    turn_detection=TurnDetection("server_vad", 0.6, 200, 400, create_response=True, interrupt_response=False),
    tools=TOOLS,
    tool_choice="auto",
    max_output_tokens="inf",
    tracing="auto",
)
MESSAGES: list[ClientMessage] = [
    client.UpdateSession(SESSION, "c-1"),
    client.UpdateSession(SessionFields(kind="realtime", transcription=None, turn_detection=None, tools=())),
    client.UpdateSession(
        SessionFields(
            kind="realtime",
            modality="text",
            turn_detection=TurnDetection("semantic_vad", eagerness="low", create_response=False),
        )
    ),
    client.AppendAudio(bytes(range(7))),
    client.CommitInput("c-2"),
    client.ClearInput(),
    client.CreateItem(MessageItem("u1", "user", (Part("input_text", text="Hello"),)), "root", "c-3"),
    client.CreateItem(MessageItem("", "assistant", (Part("text", text="Hi"),))),
    client.CreateItem(CallItem("f1", "call_1", "lamp", '{"on": true}')),
    client.CreateItem(CallOutputItem("", "call_1", "done"), "f1"),
    client.RetrieveItem("u1"),
    client.TruncateItem("a1", 1, 1500, "c-4"),
    client.DeleteItem("a1"),
    client.CreateResponse(),
    client.CreateResponse(
        ResponseFields(
            modality="text",
            instructions="Say hello.",
            voice="marin",
            output_format=AudioFormat(),
            tools=TOOLS,
            tool_choice="none",
            max_output_tokens=100,
            conversation="none",
            metadata={"ask_id": "ask-1"},
            input=(MessageItem("", "user", (Part("input_text", text="Hello"),)),),
        ),
        "c-5",
    ),
    client.CancelResponse("r1"),
    client.CancelResponse(),
    client.ClearOutput("c-6"),
]
SIMPLE = {
    "input_audio_buffer.commit": client.CommitInput,
    "input_audio_buffer.clear": client.ClearInput,
    "conversation.item.retrieve": client.RetrieveItem,
    "conversation.item.truncate": client.TruncateItem,
    "conversation.item.delete": client.DeleteItem,
    "response.cancel": client.CancelResponse,
    "output_audio_buffer.clear": client.ClearOutput,
}


def read_message(frame: bytes, dialect: Dialect) -> ClientMessage:
    """What a server understands of a client's frame."""
    raw = json.loads(frame)
    type_ = raw.pop("type")
    event_id = raw.pop("event_id", "")
    if type_ in SIMPLE:
        return SIMPLE[type_](**raw, event_id=event_id)
    if type_ == "input_audio_buffer.append":
        return client.AppendAudio(base64.b64decode(raw["audio"], validate=True), event_id)
    if type_ == "conversation.item.create":
        return client.CreateItem(read_item(raw["item"]), raw.get("previous_item_id"), event_id)
    if type_ == "response.create":
        return client.CreateResponse(_read_response(raw["response"]), event_id)
    assert type_ == "session.update", type_
    session = replace(read_session(raw["session"]), dialect=None)
    if dialect == "beta":
        session = replace(session, kind="realtime")  # beta has no word for it
    return client.UpdateSession(session, event_id)


def _read_response(raw: dict) -> ResponseFields:
    common = read_session(raw)
    names = {each.name for each in fields(SessionFields)}.intersection(ResponseFields.__struct_fields__)
    given = {name: getattr(common, name) for name in names}
    for name in ("conversation", "metadata"):
        if name in raw:
            given[name] = raw[name]
    if "input" in raw:
        given["input"] = tuple(read_item(item) for item in raw["input"])
    return ResponseFields(**given)
