from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.commands import AskReply, CancelReply
from voiceloop.events import EngineComplained, EngineLost, EngineReady
from voiceloop.vocabulary import Cause
from voiceloop.wire.liveness import Awaited
from voiceloop.wire.protocol import SessionConfig, State
from wire import shapes
from wire.hybrids import HYBRID
from wire.talk import Talk, greeted, lost, ready

# Ready


@pytest.mark.parametrize(
    ("told", "words_by"),
    [({}, "whisper-1"), ({"model": "words-2"}, "words-2"), ({"language": "de"}, "whisper-1"), (None, "")],
)
def test_whoever_writes_the_words_is_named_as_the_server_says(told, words_by):
    talk, _ = greeted(SessionConfig("m", transcription_model="whisper-1"))
    heard = {} if told == {} else {"audio": {"input": {"transcription": told}}}
    (ready,) = talk.says("session.updated", session={"type": "realtime", **heard})
    assert ready.transcription_model == words_by


# A whole conversation as beta and GA servers write it -----------------------------------------------------------------

STORY = [
    ("input_audio_buffer.speech_started", {"item_id": "u1", "audio_start_ms": 700}),
    ("input_audio_buffer.speech_stopped", {"item_id": "u1", "audio_end_ms": 2500}),
    ("input_audio_buffer.committed", {"item_id": "u1", "previous_item_id": None}),
    ("conversation.item.added", {"item": {"id": "u1", "type": "message", "role": "user", "content": []}}),
    ("response.created", {"response": {"id": "r1", "status": "in_progress", "metadata": None}}),
    ("rate_limits.updated", {"rate_limits": []}),
    ("response.output_item.added", {"response_id": "r1", "item": {"id": "a1", "type": "message", "content": []}}),
    ("conversation.item.added", {"item": {"id": "a1", "type": "message", "role": "assistant", "content": []}}),
    ("response.content_part.added", {"response_id": "r1", "item_id": "a1", "part": {"type": "audio"}}),
    ("response.output_audio_transcript.delta", {"response_id": "r1", "item_id": "a1", "delta": "It "}),
    ("response.output_audio.delta", {"response_id": "r1", "item_id": "a1", "delta": "AAAA"}),
    ("response.output_audio_transcript.delta", {"response_id": "r1", "item_id": "a1", "delta": "rains."}),
    ("conversation.item.input_audio_transcription.completed", {"item_id": "u1", "transcript": "Weather?"}),
    ("response.output_audio.done", {"response_id": "r1", "item_id": "a1"}),
    ("response.output_audio_transcript.done", {"response_id": "r1", "item_id": "a1", "transcript": "It rains."}),
    ("response.content_part.done", {"response_id": "r1", "item_id": "a1", "part": {"transcript": "It rains."}}),
    ("response.output_item.done", {"response_id": "r1", "item": {"id": "a1", "type": "message"}}),
    ("conversation.item.done", {"item": {"id": "a1", "type": "message"}}),
    ("response.done", {"response": {"id": "r1", "status": "completed", "output": []}}),
]
BETA_NAMES = {
    "conversation.item.added": "conversation.item.created",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
}


@pytest.mark.parametrize("session", ["beta", "ga"])
@pytest.mark.parametrize("spelled", ["beta", "ga"])
def test_a_spoken_turn_means_the_same_however_it_is_spelled(session, spelled):
    talk = ready(dialect=session)
    told = []
    for type_, fields in STORY:
        frame = json.dumps({"type": BETA_NAMES.get(type_, type_) if spelled == "beta" else type_, **fields})
        chunk = talk.protocol.audio(frame)
        told += chunk.events if chunk is not None else talk.protocol.receive(frame, 0.0)
    assert [type(event).__name__ for event in told] == [
        "SpeechStarted",
        "SpeechStopped",
        "TurnCommitted",
        "ReplyStarted",
        "ReplyTextArrived",
        "ReplyAudioStarted",
        "ReplyTextArrived",
        "UserTranscribed",
        "ReplyFinished",
    ]
    assert talk.protocol.counts.unknown == talk.protocol.counts.broken == 0


def test_events_that_mean_nothing_to_the_core_are_passed_over_not_counted():
    talk = ready()
    for frame, event in shapes.BOTH + shapes.BETA + shapes.GA:
        if type(event).__name__ in {"ItemAdded", "ItemTruncated", "ItemDeleted", "RateLimitsUpdated", "McpCalled"}:
            assert talk.protocol.receive(frame, 0.0) == []
    assert talk.protocol.counts.unknown == 0


# What is not understood -----------------------------------------------------------------------------------------------


def test_unknown_events_are_counted_by_type():
    talk = ready()
    for type_ in ("ping", "ping", "localai.classifier.result"):
        assert talk.says(type_) == []
    assert talk.protocol.counts.unknown == 3
    assert talk.protocol.counts.unknown_types == {"ping": 2, "localai.classifier.result": 1}


def test_the_types_of_unknown_events_are_bounded():
    talk = ready()
    for number in range(70):
        talk.says(f"vendor.{number}")
    talk.says("vendor.0")
    assert talk.protocol.counts.unknown == 71
    assert len(talk.protocol.counts.unknown_types) == 64
    assert talk.protocol.counts.unknown_types["vendor.0"] == 2


def test_broken_frames_are_counted_and_harm_nothing():
    talk = ready()
    assert talk.protocol.receive(b"\xff\x00", 0.0) == []
    assert talk.protocol.receive("{", 0.0) == []
    assert talk.protocol.counts.broken == 2
    assert talk.protocol.state is State.READY


frames = st.one_of(
    st.text(max_size=30),
    st.binary(max_size=30),
    st.sampled_from([frame for frame, _ in shapes.BOTH + shapes.BETA + shapes.GA + HYBRID]),
)


@given(st.lists(frames, max_size=30), st.booleans())
def test_no_sequence_of_frames_makes_the_protocol_fail_or_lose_the_engine_twice(sequence, configured):
    talk = ready() if configured else Talk()
    talk.protocol.connected(0.0)
    told = []
    for number, frame in enumerate(sequence):
        chunk = talk.protocol.audio(frame)
        told += chunk.events if chunk is not None else talk.protocol.receive(frame, float(number))
    told += talk.waits(20.0)
    told += talk.protocol.closed(1006, "", 60.0)
    assert sum(isinstance(event, EngineLost) for event in told) == (talk.protocol.redial is None)
    assert sum(isinstance(event, EngineReady) for event in told) <= 1
    assert talk.protocol.state is State.LOST
    assert talk.protocol.take_frames() == []


# Errors and closes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("insufficient_quota", Cause.QUOTA),
        ("invalid_api_key", Cause.BAD_KEY),
        ("session_expired", Cause.SESSION_CAP),
        ("model_load_error", Cause.BAD_MODEL),
        ("do_request_failed", Cause.UNREACHABLE),
    ],
)
@pytest.mark.parametrize("configured", [False, True])
def test_a_fatal_error_loses_the_engine_at_once_and_once(code, cause, configured):
    talk = ready() if configured else Talk()
    talk.protocol.connected(0.0)
    assert lost(talk.errs(code)) is cause
    assert talk.errs(code) == []
    assert talk.sounds(bytes(2)) is None
    assert talk.protocol.closed(1006, "", 1.0) == []
    assert talk.protocol.expire(99.0) == []
    talk.protocol.obey(AskReply("ask-1"))
    assert talk.protocol.give_up(Cause.DEAD_WIRE, "too late") == []
    assert talk.sent() == []


def test_an_error_the_session_survives_is_told():
    talk = ready()
    assert talk.errs(None, "The server had an error.", type="server_error") == [
        EngineComplained("server_error", "server_error: The server had an error.")
    ]
    assert talk.says("error", error="Unknown event", code="unknown_event") == [
        EngineComplained("unknown_event", "unknown_event: Unknown event")
    ]
    assert talk.protocol.state is State.READY


@pytest.mark.parametrize(
    ("code", "reason", "cause"),
    [
        (1000, "", Cause.DROP),
        (1001, "Your session hit the maximum duration of 60 minutes.", Cause.SESSION_CAP),
        (1001, "going away", Cause.DROP),
        (1006, "", Cause.DROP),
        (1008, "", Cause.BAD_KEY),
        (1008, "insufficient_quota", Cause.QUOTA),
        (1009, "", Cause.BROKEN_PEER),
        (1013, "", Cause.BUSY),
        (4000, "invalid_request_error.invalid_api_key", Cause.BAD_KEY),
    ],
)
def test_a_close_loses_the_engine_with_its_cause(code, reason, cause):
    talk = ready()
    told = talk.protocol.closed(code, reason, 1.0)
    assert lost(told) is cause
    assert str(code) in told[0].detail
    assert talk.protocol.closed(code, reason, 2.0) == []


def test_the_error_before_a_close_without_reason_tells_the_cause():
    talk = ready()
    talk.now = 1000.0
    talk.errs("rate_limit_exceeded", "Slow down.")
    told = talk.protocol.closed(1006, "", talk.now + 1.0)
    assert lost(told) is Cause.BUSY
    assert "Slow down." in told[0].detail


def test_an_error_of_long_ago_does_not():
    talk = ready()
    talk.errs("rate_limit_exceeded", "Slow down.")
    assert lost(talk.protocol.closed(1006, "", talk.now + 11.0)) is Cause.DROP


def test_a_lost_race_before_a_close_does_not_hide_the_close_code():
    talk = ready()
    talk.errs("response_cancel_not_active")
    assert lost(talk.protocol.closed(1008, "", talk.now + 1.0)) is Cause.BAD_KEY


def test_a_dialect_refusal_long_after_configuration_is_not_dialled_again():
    talk = ready()
    assert lost(talk.protocol.closed(4000, "", 1.0)) is Cause.DROP
    assert talk.protocol.redial is None


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (401, b'{"error": {"message": "bad key"}}', Cause.BAD_KEY),
        (503, b"<html>\n down </html>", Cause.UNREACHABLE),
        (404, b"", Cause.BAD_MODEL),
    ],
)
def test_a_refused_upgrade_loses_the_engine(status, body, cause):
    talk = Talk()
    told = talk.protocol.refused(status, body)
    assert lost(told) is cause
    assert told[0].detail.startswith(f"the server answered HTTP {status}")
    assert "\n" not in told[0].detail


def test_frames_not_taken_are_gone_with_the_connection():
    talk = ready()
    talk.protocol.obey(AskReply("ask-1"))
    talk.protocol.closed(1006, "", 1.0)
    assert talk.sent() == []


# What is awaited ------------------------------------------------------------------------------------------------------


def test_nothing_is_awaited_of_a_reply_that_was_cancelled():
    talk = ready()
    talk.says("response.created", response={"id": "r1"})
    assert talk.protocol.awaited is Awaited.OUTPUT
    talk.protocol.obey(CancelReply("r1"))
    assert talk.protocol.awaited is Awaited.NOTHING
    talk.says("response.output_audio_transcript.delta", response_id="r1", item_id="a1", delta="late")
    talk.sounds(bytes(960))
    assert talk.protocol.awaited is Awaited.NOTHING
    talk.says("input_audio_buffer.committed", item_id="u2")
    talk.says("response.done", response={"id": "r1", "status": "cancelled"})
    assert talk.protocol.awaited is Awaited.REPLY


def test_a_server_that_owes_nothing_can_be_asked_for_a_sign_and_any_message_is_one():
    talk = ready()
    talk.protocol.ask_for_a_sign()
    assert talk.protocol.awaited is Awaited.SIGN
    [asked] = map(json.loads, talk.protocol.take_frames())
    assert (asked["type"], asked["session"]) == ("session.update", {"type": "realtime"})
    talk.says("session.updated", session={})
    assert talk.protocol.awaited is Awaited.NOTHING


def test_a_server_that_owes_a_reply_is_not_asked_for_another_sign():
    talk = ready()
    talk.protocol.obey(AskReply("ask-1"))
    talk.protocol.take_frames()
    talk.protocol.ask_for_a_sign()
    assert talk.protocol.take_frames() == []
    assert talk.protocol.awaited is Awaited.REPLY
