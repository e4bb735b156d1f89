from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.vocabulary import AudioFormat, Encoding, ToolSpec
from voiceloop.wire.session_fields import (
    PATHS,
    UNSET,
    SessionFields,
    Transcription,
    TurnDetection,
    merge,
    read_format,
    read_session,
    write_format,
    write_session,
)

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9)
maybe = st.just(UNSET)
telephony = st.sampled_from([AudioFormat(Encoding.G711_ULAW, 8000), AudioFormat(Encoding.G711_ALAW, 8000)])
formats = st.just(AudioFormat()) | telephony
detections = st.builds(
    TurnDetection,
    st.sampled_from(["server_vad", "semantic_vad"]),
    threshold=maybe | st.floats(0, 1),
    prefix_padding_ms=maybe | st.integers(0, 1000),
    silence_duration_ms=maybe | st.integers(0, 1000),
    eagerness=maybe | words,
    create_response=maybe | st.booleans(),
    interrupt_response=maybe | st.booleans(),
)
sessions = st.builds(
    SessionFields,
    kind=st.sampled_from(["realtime", "transcription"]),
    model=maybe | words,
    modality=st.sampled_from(["audio", "text"]),
    instructions=maybe | words | st.just(""),
    voice=maybe | words,
    speed=maybe | st.floats(0.25, 1.5),
    input_format=maybe | formats,
    output_format=maybe | formats,
    noise_reduction=maybe | st.none() | st.just({"type": "near_field"}),
    transcription=maybe | st.none() | st.builds(Transcription, words, maybe | words, maybe | words),
    turn_detection=maybe | st.none() | detections,
    tools=maybe | st.lists(st.builds(ToolSpec, words, words, st.just({"type": "object"})), max_size=2).map(tuple),
    tool_choice=maybe | st.sampled_from(["auto", "none", "required"]),
    parallel_tool_calls=maybe | st.booleans(),
    temperature=maybe | st.floats(0.6, 1.2),
    max_output_tokens=maybe | st.just("inf") | st.integers(1, 4096),
    tracing=maybe | st.none() | st.just("auto"),
    include=maybe | st.just(("item.input_audio_transcription.logprobs",)),
    truncation=maybe | st.just("disabled"),
    prompt=maybe | st.just({"id": "p"}),
    reasoning=maybe | st.just({"effort": "low"}),
)


@given(sessions, st.sampled_from(["beta", "ga"]))
def test_what_a_dialect_can_say_comes_back_and_what_it_cannot_is_left_out(session, dialect):
    known = {name: getattr(session, name) for name in PATHS[dialect]}
    again = read_session(json.loads(json.dumps(write_session(session, dialect))))
    assert replace(again, dialect=None) == SessionFields(**known)
    assert again.dialect == dialect


def test_every_field_stands_somewhere_in_ga_except_the_one_it_dropped():
    names = set(SessionFields.__dataclass_fields__) - {"id", "expires_at_s", "dialect"}
    assert set(PATHS["ga"]) == names - {"temperature"}
    assert set(PATHS["beta"]) < names


def test_an_idle_timeout_is_written_in_ga_only():
    session = SessionFields(turn_detection=TurnDetection("server_vad", idle_timeout_ms=6000))
    assert write_session(session, "beta") == {"turn_detection": {"type": "server_vad"}}
    written = write_session(session, "ga")
    assert written["audio"]["input"]["turn_detection"] == {"type": "server_vad", "idle_timeout_ms": 6000}
    assert read_session(written).turn_detection == session.turn_detection


@pytest.mark.parametrize(
    ("format_", "beta", "ga"),
    [
        (AudioFormat(), "pcm16", {"type": "audio/pcm", "rate": 24000}),
        (AudioFormat(Encoding.PCM16, 16000), "pcm16", {"type": "audio/pcm", "rate": 16000}),
        (AudioFormat(Encoding.G711_ULAW, 8000), "g711_ulaw", {"type": "audio/pcmu"}),
        (AudioFormat(Encoding.G711_ALAW, 8000), "g711_alaw", {"type": "audio/pcma"}),
    ],
)
def test_a_format_in_both_dialects(format_, beta, ga):
    assert write_format(format_, "beta") == beta
    assert write_format(format_, "ga") == ga
    assert read_format(ga) == format_


@pytest.mark.parametrize("words", [None, 7, "mp3", {}, {"type": "audio/opus"}, ["pcm16"]])
def test_a_format_nobody_knows_is_as_good_as_none(words):
    assert read_format(words) is UNSET


def test_what_the_server_leaves_out_is_as_asked_for():
    asked = SessionFields(
        voice="marin", turn_detection=TurnDetection("server_vad", prefix_padding_ms=300, create_response=True)
    )
    said = SessionFields(turn_detection=TurnDetection("server_vad", create_response=False), input_format=AudioFormat())
    assert merge(said, asked) == SessionFields(
        voice="marin",
        input_format=AudioFormat(),
        turn_detection=TurnDetection("server_vad", prefix_padding_ms=300, create_response=False),
    )


@pytest.mark.parametrize("said", [None, TurnDetection("semantic_vad")])
def test_turn_detection_is_only_filled_in_where_there_is_some(said):
    asked = SessionFields(turn_detection=None)
    assert merge(SessionFields(turn_detection=said), asked).turn_detection == said
    assert merge(asked, SessionFields(turn_detection=TurnDetection("server_vad"))).turn_detection is None
