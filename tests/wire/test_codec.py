from __future__ import annotations

import json
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import realtime as openai_types
from pydantic import TypeAdapter

from voiceloop.wire import client, server
from voiceloop.wire.client import ClientMessage
from voiceloop.wire.codec import decode, decode_base64, encode
from voiceloop.wire.items import CallItem, ItemReference, MessageItem, Part, Spot
from voiceloop.wire.names import CLIENT_TYPES, SERVER_TYPES
from voiceloop.wire.server import BrokenMessage, ServerEvent, UnknownMessage
from voiceloop.wire.session_fields import SessionFields
from wire import shapes
from wire.hybrids import HYBRID
from wire.peer import MESSAGES, read_message, write_event

ALL_SHAPES = shapes.BOTH + shapes.BETA + shapes.GA + HYBRID


def types_of(table):
    return {json.loads(frame)["type"] for frame, _ in table}


@pytest.mark.parametrize(("frame", "meaning"), ALL_SHAPES, ids=lambda value: str(value)[:60])
def test_a_servers_event_is_read_as_what_it_means(frame, meaning):
    assert decode(frame) == meaning
    assert decode(frame.encode()) == meaning


def test_every_listed_server_type_has_a_hand_written_shape():
    assert types_of(ALL_SHAPES) == SERVER_TYPES


def test_every_server_event_of_the_union_is_met_in_the_shapes():
    met = {type(meaning) for _, meaning in ALL_SHAPES}
    assert met == set(typing.get_args(ServerEvent)) - {UnknownMessage, BrokenMessage}


@pytest.mark.parametrize("frame", ["", "{", b"\x00\x01\xff", b'{"a": "\xff"}', '"\ud800"', "[" * 100_000, "NaN"])
def test_what_is_not_json_is_broken(frame):
    assert isinstance(decode(frame), BrokenMessage)


@pytest.mark.parametrize(
    ("frame", "detail"),
    [
        ("[]", "not an object but list"),
        ("7", "not an object but int"),
        ("{}", "an object without a type"),
        ('{"type": 3}', "an object without a type"),
        ('{"type": ""}', "an object without a type"),
        ('{"type": "response.audio.delta", "delta": "\\u00e9"}', "an audio delta that is not base64"),
    ],
)
def test_json_that_is_no_event_is_broken_and_says_why(frame, detail):
    assert decode(frame) == BrokenMessage(detail)


def test_an_unlisted_event_survives_whole():
    raw = {"type": "ping", "timestamp": 17, "nested": {"a": [1, None]}}
    assert decode(json.dumps(raw)) == UnknownMessage("ping", raw)


@pytest.mark.parametrize(("words", "audio"), [("AAE=", b"\0\1"), ("AAE", b"\0\1"), ("", b""), ("A", None), ("é", None)])
def test_base64_is_read_with_and_without_padding(words, audio):
    assert decode_base64(words) == audio


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=9,
)
FIELDS = (
    "session response item part error delta item_id response_id content content_index output usage status_details "
    "metadata rate_limits logprobs languages audio_start_ms conversation transcript arguments call_id"
)
field_names = st.sampled_from(FIELDS.split())


@given(st.text() | st.binary())
def test_no_frame_whatever_makes_decoding_fail(frame):
    assert decode(frame) is not None


@given(st.sampled_from(sorted(SERVER_TYPES)), st.dictionaries(field_names, json_values))
def test_no_known_event_with_odd_fields_makes_decoding_fail(type_, fields):
    event = decode(json.dumps({**fields, "type": type_}))
    assert not isinstance(event, UnknownMessage)


def nested(shape, inner):
    return st.dictionaries(st.sampled_from(shape.split()), inner, max_size=9)


sessions = nested(
    "type modalities output_modalities audio voice turn_detection input_audio_transcription tools include expires_at",
    json_values | nested("input output format voice turn_detection transcription type rate", json_values),
)
items = nested("type id role content status call_id name arguments output", json_values | st.just("message"))


@given(sessions, items)
def test_no_nested_oddity_makes_decoding_fail(session, item):
    for type_ in ("session.created", "session.updated"):
        assert not isinstance(decode(json.dumps({"type": type_, "session": session})), BrokenMessage)
    response = {"type": "response.done", "response": {"output": [item], "usage": session, "metadata": item}}
    assert isinstance(decode(json.dumps(response)), server.ResponseDone)


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ids = st.text("abc_123", min_size=1, max_size=8)
spots = st.builds(Spot, ids, ids, st.integers(0, 9), st.integers(0, 9))
parts = st.builds(Part, st.sampled_from(["text", "audio", "input_text"]), words, words)
message_items = st.builds(
    MessageItem, ids, st.sampled_from(["user", "assistant"]), st.lists(parts, max_size=3).map(tuple)
)
call_items = st.builds(CallItem, ids, ids, words, words)
events = st.one_of(
    st.builds(server.TextDelta, spots, words),
    st.builds(server.TextDone, spots, words),
    st.builds(server.AudioDelta, spots, st.binary(max_size=40)),
    st.builds(server.AudioDone, spots),
    st.builds(server.TranscriptDelta, spots, words),
    st.builds(server.TranscriptDone, spots, words),
    st.builds(server.ArgumentsDelta, spots, ids, words),
    st.builds(server.ArgumentsDone, spots, ids, words, words),
    st.builds(server.ItemAdded, message_items | call_items, st.none() | ids),
    st.builds(server.OutputItemDone, ids, st.integers(0, 9), message_items | call_items),
    st.builds(server.InputCommitted, ids, st.none() | ids),
    st.builds(server.InputSpeechStarted, ids, st.integers(0, 10**7)),
)


@given(events, st.sampled_from(["beta", "ga"]))
def test_a_server_event_comes_back_from_its_frame_in_either_dialect(event, dialect):
    assert decode(write_event(event, dialect)) == event


@pytest.mark.parametrize("dialect", ["beta", "ga"])
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_client_message_comes_back_from_its_frame(message, dialect):
    assert read_message(encode(message, dialect), dialect) == message


def test_every_client_type_and_message_is_met():
    written = {json.loads(encode(message, dialect))["type"] for message in MESSAGES for dialect in ("beta", "ga")}
    transcribing = client.UpdateSession(SessionFields(kind="transcription"))
    written.add(json.loads(encode(transcribing, "beta"))["type"])
    assert written == CLIENT_TYPES
    assert {type(message) for message in MESSAGES} == set(typing.get_args(ClientMessage))


STOCK = TypeAdapter(openai_types.RealtimeServerEvent)


@pytest.mark.parametrize(("frame", "meaning"), shapes.STOCK, ids=lambda value: str(value)[:60])
def test_an_event_written_by_the_stock_clients_types_means_the_same(frame, meaning):
    typed = STOCK.validate_python({"event_id": "event_1", **json.loads(frame)})
    assert decode(typed.model_dump_json(exclude_unset=True)) == meaning


def extras(model):
    """Names of fields, anywhere in a typed model of the stock client, that its authors did not declare."""
    found = set(getattr(model, "model_extra", None) or {})
    for value in dict(model).values():
        for inner in value if isinstance(value, list) else [value]:
            if hasattr(inner, "model_extra"):
                found |= extras(inner)
    return found


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_the_stock_client_knows_every_field_of_a_ga_message(message):
    frame = encode(message, "ga")
    typed = TypeAdapter(openai_types.RealtimeClientEvent).validate_json(frame)
    assert typed.type == json.loads(frame)["type"]
    assert extras(typed) == set()


@pytest.mark.parametrize(
    ("message", "frame"),
    [
        (client.CommitInput("c-1"), {"type": "input_audio_buffer.commit", "event_id": "c-1"}),
        (client.AppendAudio(b"\0\1"), {"type": "input_audio_buffer.append", "audio": "AAE="}),
        (
            client.TruncateItem("a1", 0, 1500, "c-2"),
            {
                "type": "conversation.item.truncate",
                "event_id": "c-2",
                "item_id": "a1",
                "content_index": 0,
                "audio_end_ms": 1500,
            },
        ),
        (client.CancelResponse(), {"type": "response.cancel"}),
        (client.CreateResponse(), {"type": "response.create", "response": {}}),
        (
            client.CreateResponse(
                client.ResponseFields(
                    modality="audio",
                    instructions="Greet.",
                    max_output_tokens=50,
                    temperature=0.8,
                    conversation="none",
                    metadata={"k": "v"},
                    input=(ItemReference("u1"),),
                )
            ),
            {
                "type": "response.create",
                "response": {
                    "modalities": ["text", "audio"],
                    "instructions": "Greet.",
                    "max_response_output_tokens": 50,
                    "temperature": 0.8,
                    "conversation": "none",
                    "metadata": {"k": "v"},
                    "input": [{"type": "item_reference", "id": "u1"}],
                },
            },
        ),
        (
            client.CreateItem(MessageItem("", "assistant", (Part("text", text="Hi"),)), "root"),
            {
                "type": "conversation.item.create",
                "previous_item_id": "root",
                "item": {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
            },
        ),
    ],
)
def test_a_beta_message_is_written_as_the_beta_typing_has_it(message, frame):
    assert json.loads(encode(message, "beta")) == frame


def test_what_ga_dropped_is_not_written_in_ga():
    fields = client.ResponseFields(temperature=0.8, voice="marin", modality="text")
    written = json.loads(encode(client.CreateResponse(fields), "ga"))
    assert written["response"] == {"audio": {"output": {"voice": "marin"}}, "output_modalities": ["text"]}
