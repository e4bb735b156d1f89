from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.wire.client import AppendAudio
from voiceloop.wire.codec import encode
from voiceloop.wire.fast import append_frame, audio_delta
from wire import shapes

SPOT = {"response_id": "r1", "item_id": "a1", "output_index": 0, "content_index": 2}


@given(st.binary(max_size=2000))
def test_an_append_is_what_the_codec_would_write(payload):
    frame = append_frame(payload)
    assert json.loads(frame) == json.loads(encode(AppendAudio(payload), "ga"))
    assert base64.b64decode(json.loads(frame)["audio"], validate=True) == payload


@pytest.mark.parametrize("type_", ["response.audio.delta", "response.output_audio.delta"])
@given(st.binary(max_size=2000))
def test_a_delta_of_either_dialect_gives_its_sound_and_place(type_, audio):
    frame = json.dumps({"type": type_, "event_id": "e", **SPOT, "delta": base64.b64encode(audio).decode()})
    for form in (frame, frame.encode()):
        delta = audio_delta(form)
        assert (delta.delta, delta.response_id, delta.item_id, delta.content_index) == (audio, "r1", "a1", 2)


def test_missing_ids_and_indexes_are_empty_and_zero():
    delta = audio_delta('{"type": "response.audio.delta", "delta": "AAE="}')
    assert (delta.delta, delta.response_id, delta.item_id, delta.content_index) == (b"\0\1", "", "", 0)


@pytest.mark.parametrize(
    "frame",
    [
        '{"type": "response.audio.delta", "delta": "AAE"}',
        '{"type": "response.audio.delta", "delta": "AAE=", "content_index": null}',
        '{"type": "response.audio.delta", "delta": "AAE=", "item_id": null}',
    ],
)
def test_sloppy_deltas_are_read_all_the_same(frame):
    assert audio_delta(frame).delta == b"\0\1"


@pytest.mark.parametrize(
    "frame",
    [
        '{"type": "response.audio.delta", "delta": "\\u00e9"}',
        '{"type": "response.audio.delta"',
        b'{"type": "response.audio.delta", "delta": "\xff"}',
        '{"type": "vendor.audio.delta", "delta": "AAE="}',
        '{"type": "vendor.audio.delta", "delta": 3}',
        '{"type": "response.text.delta", "delta": "audio.delta"}',
        '{"type": "response.audio.delta", "x": ' + "[" * 100_000,
    ],
)
def test_anything_else_is_none(frame):
    assert audio_delta(frame) is None


def test_no_other_event_is_taken_for_sound():
    for frame, _ in shapes.BOTH + shapes.BETA + shapes.GA:
        sounds = json.loads(frame)["type"] in {"response.audio.delta", "response.output_audio.delta"}
        assert (audio_delta(frame) is not None) == sounds


@given(st.text() | st.binary())
def test_no_frame_whatever_makes_it_fail(rest):
    mark = '"audio.delta"' if isinstance(rest, str) else b'"audio.delta"'
    assert audio_delta(rest + mark) is None
