from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.commands import CommitTurn, ForgetTurn, SendText
from voiceloop.events import (
    SilenceCommitted,
    SpeechStarted,
    SpeechStopped,
    TranscriptionFailed,
    TurnCommitted,
    UserTranscribed,
)
from voiceloop.settings import TurnSettings
from voiceloop.vocabulary import Usage, UserTurn
from voiceloop.wire.protocol import SessionConfig
from voiceloop.wire.turns import fit_item_id
from wire.talk import ready

MANUAL = SessionConfig("m", turn=TurnSettings(detection="manual"))
COMPLETED = "conversation.item.input_audio_transcription.completed"
FAILED = "conversation.item.input_audio_transcription.failed"


def test_onset_and_end_are_told_in_capture_seconds_without_padding_and_hangover():
    talk = ready()
    talk.protocol.capture_offset_s = 10.0
    assert talk.says("input_audio_buffer.speech_started", item_id="u1", audio_start_ms=700) == [
        SpeechStarted("u1", 11.0)
    ]
    assert talk.says("input_audio_buffer.speech_stopped", item_id="u1", audio_end_ms=3500) == [
        SpeechStopped("u1", 13.0)
    ]


def test_padding_and_hangover_are_those_in_force():
    detection = {"type": "server_vad", "prefix_padding_ms": 100, "silence_duration_ms": 200}
    talk = ready(audio={"input": {"turn_detection": detection}})
    assert talk.says("input_audio_buffer.speech_started", item_id="u1", audio_start_ms=0)[0].at_s == 0.1
    assert talk.says("input_audio_buffer.speech_stopped", item_id="u1", audio_end_ms=2000)[0].at_s == 1.8


def test_semantic_detection_has_neither():
    talk = ready(SessionConfig("m", turn=TurnSettings(detection="semantic_vad")))
    assert talk.says("input_audio_buffer.speech_started", item_id="u1", audio_start_ms=400)[0].at_s == 0.4
    assert talk.says("input_audio_buffer.speech_stopped", item_id="u1", audio_end_ms=2000)[0].at_s == 2.0


def test_speech_never_ends_before_it_begins():
    talk = ready()
    talk.says("input_audio_buffer.speech_started", item_id="u1", audio_start_ms=1000)
    assert talk.says("input_audio_buffer.speech_stopped", item_id="u1", audio_end_ms=1500)[0].at_s == 1.3


def test_an_end_without_a_beginning_is_told_and_never_before_the_first_sample():
    talk = ready()
    assert talk.says("input_audio_buffer.speech_stopped", item_id="u1", audio_end_ms=100) == [SpeechStopped("u1", 0.0)]


def test_a_turn_the_server_ended_carries_the_servers_ids():
    talk = ready()
    talk.says("input_audio_buffer.speech_started", item_id="u1", audio_start_ms=0)
    assert talk.says("input_audio_buffer.committed", item_id="u1", previous_item_id="a0") == [TurnCommitted("u1", "a0")]
    assert talk.says(COMPLETED, item_id="u1", transcript=" Hello.\n") == [UserTranscribed("u1", "Hello.")]


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        ({"type": "duration", "seconds": 2.5}, Usage(seconds=2.5)),
        ({"type": "duration", "seconds": -1}, Usage()),
        ({"type": "tokens", "input_tokens": 9, "output_tokens": 4}, Usage(9, 4)),
        (None, Usage()),
    ],
)
def test_what_finding_the_words_used_comes_with_them(usage, told):
    talk = ready()
    assert talk.says(COMPLETED, item_id="u1", transcript="Hi", usage=usage) == [UserTranscribed("u1", "Hi", told)]


def test_a_transcription_that_failed_says_why():
    error = {"code": "audio_unintelligible", "message": "Mumble."}
    assert ready().says(FAILED, item_id="u1", error=error) == [
        TranscriptionFailed("u1", "audio_unintelligible: Mumble.")
    ]


def test_input_deltas_are_passed_over():
    talk = ready()
    assert talk.says("conversation.item.input_audio_transcription.delta", item_id="u1", delta="He") == []


def test_a_turn_committed_here_keeps_its_id_whatever_the_server_calls_it():
    talk = ready(MANUAL)
    talk.protocol.obey(CommitTurn("local-1"))
    talk.protocol.obey(CommitTurn("local-2"))
    assert talk.types() == ["input_audio_buffer.commit"] * 2
    assert talk.says("input_audio_buffer.committed", item_id="u1") == [TurnCommitted("local-1")]
    assert talk.says("input_audio_buffer.committed", item_id="u2", previous_item_id="u1") == [
        TurnCommitted("local-2", "local-1")
    ]
    assert talk.says(COMPLETED, item_id="u1", transcript="One.") == [UserTranscribed("local-1", "One.")]
    talk.protocol.obey(ForgetTurn("local-2"))
    assert talk.sent()[0]["item_id"] == "u2"


@pytest.mark.parametrize("code", ["input_audio_buffer_commit_empty", None])
def test_a_commit_that_found_nothing_is_forgotten(code):
    talk = ready(MANUAL)
    talk.protocol.obey(CommitTurn("local-1"))
    talk.protocol.obey(CommitTurn("local-2"))
    words = "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio."
    (told,) = talk.errs(code, words)
    assert told.code == "input_audio_buffer_commit_empty"
    assert talk.protocol.counts.benign == 1
    assert talk.says("input_audio_buffer.committed", item_id="u2") == [TurnCommitted("local-2")]


def test_a_refused_commit_is_found_by_its_event_id():
    talk = ready(MANUAL)
    talk.protocol.obey(CommitTurn("local-1"))
    talk.protocol.obey(CommitTurn("local-2"))
    talk.errs("server_broke", event_id=talk.sent()[1]["event_id"])
    talk.errs("server_broke", event_id="vl_99")
    assert talk.says("input_audio_buffer.committed", item_id="u1") == [TurnCommitted("local-1")]
    assert talk.says("input_audio_buffer.committed", item_id="u2") == [TurnCommitted("u2")]


def test_a_commit_from_here_of_a_turn_the_server_heard_is_one_turn():
    talk = ready()
    talk.says("input_audio_buffer.speech_started", item_id="u1", audio_start_ms=0)
    talk.protocol.obey(CommitTurn("u1"))
    assert talk.says("input_audio_buffer.committed", item_id="u1") == [TurnCommitted("u1")]
    assert talk.says("input_audio_buffer.committed", item_id="u2") == [TurnCommitted("u2")]


def test_a_commit_of_another_item_is_not_the_turn_being_spoken():
    talk = ready()
    talk.says("input_audio_buffer.speech_started", item_id="u2", audio_start_ms=0)
    assert talk.says("input_audio_buffer.committed", item_id="u1") == [TurnCommitted("u1")]
    assert talk.says("input_audio_buffer.committed", item_id="u2") == [TurnCommitted("u2")]


def test_speech_without_item_ids_is_one_turn_with_an_id_of_ours():
    talk = ready()
    assert talk.says("input_audio_buffer.speech_started", audio_start_ms=0)[0].turn_id == "turn_1"
    assert talk.says("input_audio_buffer.speech_stopped", audio_end_ms=900)[0].turn_id == "turn_1"
    assert talk.says("input_audio_buffer.committed", item_id="u1") == [TurnCommitted("turn_1")]
    assert talk.says(COMPLETED, item_id="u1", transcript="Hi") == [UserTranscribed("turn_1", "Hi")]
    assert talk.says(COMPLETED, transcript="Hi") == [UserTranscribed("turn_1", "Hi")]
    assert talk.says("input_audio_buffer.speech_started", audio_start_ms=0)[0].turn_id == "turn_2"


def test_a_long_turn_id_is_shortened_on_the_wire_and_only_there():
    talk = ready()
    turn_id = "a-turn-id-that-is-much-too-long-for-the-wire"
    talk.protocol.obey(SendText(turn_id, "Hello"))
    item_id = talk.sent()[0]["item"]["id"]
    assert len(item_id) == 32
    assert talk.says(COMPLETED, item_id=item_id, transcript="Hello")[0].turn_id == turn_id
    talk.protocol.obey(ForgetTurn(turn_id))
    assert talk.sent()[0]["item_id"] == item_id


@given(st.text(min_size=1, max_size=60))
def test_an_item_id_fits_and_short_ones_stay(turn_id):
    fitted = fit_item_id(turn_id)
    assert len(fitted) <= 32
    assert (fitted == turn_id) == (len(turn_id) <= 32)


def test_only_the_latest_ids_are_remembered():
    talk = ready(MANUAL)
    for number in range(257):
        talk.protocol.obey(CommitTurn(f"local-{number}"))
        talk.says("input_audio_buffer.committed", item_id=f"u{number}")
    assert talk.says(COMPLETED, item_id="u0", transcript="Hi")[0].turn_id == "u0"
    assert talk.says(COMPLETED, item_id="u1", transcript="Hi")[0].turn_id == "local-1"


def test_silence_that_the_server_answers_is_no_turn_whatever_recognition_makes_of_it():
    talk = ready()
    assert talk.says("input_audio_buffer.timeout_triggered", item_id="u1", audio_start_ms=0, audio_end_ms=900) == []
    assert talk.says("input_audio_buffer.committed", item_id="u1") == [SilenceCommitted()]
    assert talk.says(COMPLETED, item_id="u1", transcript="Thank you.") == talk.says(FAILED, item_id="u1") == []
    assert talk.says("input_audio_buffer.committed", item_id="u2") == [TurnCommitted("u2")]


def test_a_silence_without_a_name_makes_no_other_turn_one():
    talk = ready()
    talk.says("input_audio_buffer.timeout_triggered")
    assert talk.says("input_audio_buffer.committed", item_id="u1") == [TurnCommitted("u1")]


# The next connection -------------------------------------------------------------------------------------------------

SECOND = SessionConfig("m", id_suffix="_s2")
STARTED, STOPPED = "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"


@pytest.mark.parametrize("item_id", ["item_1", ""])
def test_the_turn_that_was_being_spoken_keeps_its_name(item_id):
    talk = ready(SECOND)
    talk.protocol.recall((), {}, "item_7")
    assert talk.says(STARTED, item_id=item_id, audio_start_ms=0) == [SpeechStarted("item_7", 0.3)]
    assert talk.says(STOPPED, item_id=item_id, audio_end_ms=2000) == [SpeechStopped("item_7", 1.5)]
    assert talk.says("input_audio_buffer.committed", item_id=item_id) == [TurnCommitted("item_7")]
    assert talk.says(COMPLETED, item_id=item_id, transcript="Hello.") == [UserTranscribed("item_7", "Hello.")]
    assert talk.says(STARTED, item_id="item_2", audio_start_ms=5000)[0].turn_id == "item_2_s2"


def test_a_turn_that_was_nothing_after_all_gives_its_name_to_no_other():
    talk = ready(SECOND)
    talk.protocol.recall((), {}, "item_7")
    assert talk.says(STARTED, item_id="item_1", audio_start_ms=9000)[0].turn_id == "item_1_s2"


def test_turns_of_a_later_connection_bear_its_mark_and_the_server_hears_its_own_names():
    talk = ready(SECOND)
    talk.says(STARTED, item_id="item_1", audio_start_ms=0)
    talk.says(STOPPED, item_id="item_1", audio_end_ms=1000)
    assert talk.says("input_audio_buffer.committed", item_id="item_1")[0].turn_id == "item_1_s2"
    talk.protocol.obey(ForgetTurn("item_1_s2"))
    assert talk.sent()[0]["item_id"] == "item_1"


def test_what_became_of_a_recalled_turn_is_told_by_our_name():
    talk = ready(SECOND)
    talk.protocol.recall((UserTurn("item_7", ""),), {"item_7": b"spoken"}, "")
    (create,) = talk.sent()
    assert talk.says(COMPLETED, item_id=create["item"]["id"], transcript="Hi.") == [UserTranscribed("item_7", "Hi.")]
    talk.protocol.obey(ForgetTurn("item_7"))
    assert talk.sent()[0]["item_id"] == create["item"]["id"]
