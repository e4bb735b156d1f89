from __future__ import annotations

import pytest

from voiceloop.vocabulary import Cause
from voiceloop.wire.dialect import from_complaint, from_session, guess, other
from voiceloop.wire.protocol import SessionConfig, State
from wire.talk import BETA_CREATED, GA_CREATED, Talk, greeted, lost

FULL = SessionConfig("gpt-realtime", instructions="Be brief.", voice="marin")


@pytest.mark.parametrize(
    ("model", "dialect"),
    [
        ("gpt-4o-realtime-preview", "beta"),
        ("openai/gpt-4o-mini-realtime-preview-2024-12-17", "beta"),
        ("gpt-realtime", "ga"),
        ("grok-voice", "ga"),
    ],
)
def test_only_preview_models_are_guessed_to_be_beta(model, dialect):
    assert guess(model) == dialect


def test_there_are_two_dialects():
    assert (other("beta"), other("ga")) == ("ga", "beta")


@pytest.mark.parametrize("field", ["type", "audio", "output_modalities"])
def test_a_session_with_a_ga_field_is_ga(field):
    assert from_session({"id": "s", "voice": "x", field: {}}) == "ga"


@pytest.mark.parametrize("field", ["modalities", "input_audio_format"])
def test_a_session_with_a_beta_field_is_beta(field):
    assert from_session({"id": "s", field: []}) == "beta"


def test_a_bare_session_tells_nothing():
    assert from_session({"id": "s", "model": "m"}) is None


@pytest.mark.parametrize(
    ("code", "param", "dialect"),
    [
        ("beta_api_shape_disabled", "", "ga"),
        ("missing_required_parameter", "session.model", None),
        ("unknown_parameter", "session.audio.input.transcription.prompt", None),
        ("unknown_parameter", "response.modalities", None),
        ("invalid_value", "session.type", None),
    ],
)
def test_an_error_tells_the_dialect_only_where_it_must(code, param, dialect):
    assert from_complaint(code, param) == dialect


# Dialects -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("guessed", "greeting", "spoken"),
    [
        ("ga", BETA_CREATED, "beta"),
        ("beta", GA_CREATED, "ga"),
        ("ga", {"id": "bare"}, "ga"),
        ("beta", {"id": "bare"}, "beta"),
    ],
)
def test_the_greeting_corrects_the_guess(guessed, greeting, spoken):
    talk, update = greeted(FULL, guessed, session=greeting)
    assert ("modalities" in update["session"]) == (spoken == "beta")
    assert talk.says("session.updated", session=greeting)[0].dialect == spoken


def test_a_greeting_that_comes_after_the_update_corrects_the_guess_too():
    talk = Talk(FULL, "ga")
    talk.connect()
    talk.says("conversation.created")
    assert "audio" in talk.sent()[0]["session"]
    talk.says("session.created", session=BETA_CREATED)
    assert "modalities" in talk.sent()[0]["session"]
    assert talk.errs("unknown_parameter", param="session.type") == []  # about the first update
    assert talk.sent() == []
    assert talk.says("session.updated", session=BETA_CREATED)[0].dialect == "beta"


def test_a_greeting_that_contradicts_the_first_changes_nothing():
    talk, _ = greeted(FULL, "ga", session=BETA_CREATED)
    talk.says("session.created", session={"type": "realtime"})
    assert talk.sent() == []
    assert talk.says("session.updated", session=BETA_CREATED)[0].dialect == "beta"


def test_a_pinned_dialect_ignores_the_greeting():
    talk, update = greeted(FULL, "beta", auto=False, session=GA_CREATED)
    assert "modalities" in update["session"]
    assert talk.says("session.updated", session=GA_CREATED)[0].dialect == "beta"


@pytest.mark.parametrize("param", ["session.type", "session.audio", "session.output_modalities"])
def test_a_server_that_does_not_know_ga_fields_gets_beta(param):
    talk, update = greeted(FULL, session={"id": "bare"})
    assert talk.errs("unknown_parameter", param=param, event_id=update["event_id"]) == []
    assert "modalities" in talk.sent()[0]["session"]
    assert talk.says("session.updated", session=BETA_CREATED)[0].dialect == "beta"


@pytest.mark.parametrize(
    ("code", "param", "message"),
    [
        ("missing_required_parameter", "session.type", ""),
        ("unknown_parameter", "session.modalities", ""),
        ("unknown_parameter", "session.voice", ""),
        (None, None, "Missing required parameter: 'session.type'."),
        (None, None, "Unknown parameter: 'session.input_audio_format'."),
    ],
)
def test_a_server_that_misses_ga_fields_gets_ga(code, param, message):
    talk, _ = greeted(FULL, "beta", session={"id": "bare"})
    assert talk.errs(code, message, param=param) == []
    assert talk.sent()[0]["session"]["type"] == "realtime"


def test_a_beta_server_that_lacks_one_field_of_turn_detection_is_still_beta():
    talk, update = greeted(FULL, "beta")
    param = "session.turn_detection.interrupt_response"
    assert talk.errs("unknown_parameter", param=param, event_id=update["event_id"]) == []
    (again,) = talk.sent()
    assert "interrupt_response" not in again["session"]["turn_detection"]
    assert talk.says("session.updated", session=BETA_CREATED)[0].traits.stops_on_speech


def test_the_dialect_changes_once_at_most():
    talk, _ = greeted(FULL, session={"id": "bare"})
    talk.errs("unknown_parameter", param="session.type")
    talk.sent()
    assert lost(talk.errs("missing_required_parameter", param="session.type")) is Cause.UNSUPPORTED_DIALECT


def test_a_pinned_dialect_that_the_server_does_not_speak_is_the_end():
    talk, _ = greeted(FULL, auto=False)
    told = talk.errs("unknown_parameter", "Unknown parameter: 'session.type'.", param="session.type")
    assert lost(told) is Cause.UNSUPPORTED_DIALECT
    assert talk.protocol.redial is None


def test_a_complaint_about_a_field_of_the_dialect_spoken_is_only_about_that_field():
    talk, update = greeted(FULL, "ga")
    talk.errs("unknown_parameter", param="session.temperature", event_id=update["event_id"])
    assert talk.sent()[0]["session"]["type"] == "realtime"


# Dialects that take another connection --------------------------------------------------------------------------------


def test_openai_refuses_beta_by_name_and_is_dialled_again_in_ga():
    talk = Talk(FULL, "beta")
    talk.connect()
    assert talk.errs("beta_api_shape_disabled", "The beta API shape is disabled.") == []
    assert (talk.protocol.state, talk.protocol.redial) == (State.LOST, "ga")
    assert talk.protocol.closed(4000, "", 1.0) == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (4000, "invalid_request_error.beta_api_shape_disabled"),
        (1008, "invalid_request_error.beta_api_shape_disabled: use GA"),
        (4000, "refused"),
        (1006, ""),
    ],
)
def test_a_beta_connection_that_closes_unconfigured_is_dialled_again_in_ga(code, reason):
    talk = Talk(FULL, "beta")
    talk.connect()
    assert talk.protocol.closed(code, reason, 1.0) == []
    assert talk.protocol.redial == "ga"


def test_an_upgrade_refused_over_the_beta_header_is_dialled_again_in_ga():
    talk = Talk(FULL, "beta")
    assert talk.protocol.refused(400, b'{"error": {"code": "beta_api_shape_disabled"}}') == []
    assert talk.protocol.redial == "ga"


def test_beta_disabled_after_a_ga_greeting_still_means_the_beta_header():
    talk, _ = greeted(FULL, "beta", session=GA_CREATED)
    assert talk.errs("beta_api_shape_disabled") == []
    assert talk.protocol.redial == "ga"


@pytest.mark.parametrize("dialect", ["beta", "ga"])
def test_a_server_that_refuses_the_second_dialect_too_speaks_neither(dialect):
    talk = Talk(FULL, dialect, auto=False)
    talk.connect()
    assert lost(talk.errs("beta_api_shape_disabled")) is Cause.UNSUPPORTED_DIALECT
    assert talk.protocol.redial is None


def test_ga_is_not_left_over_a_bare_drop():
    talk = Talk(FULL, "ga")
    talk.connect()
    assert lost(talk.protocol.closed(1006, "", 1.0)) is Cause.DROP


def test_beta_that_was_greeted_is_not_left_over_a_bare_drop():
    talk, _ = greeted(FULL, "beta")
    assert lost(talk.protocol.closed(1006, "", 1.0)) is Cause.DROP


def test_beta_disabled_in_a_ga_session_cannot_be_helped_by_beta():
    talk = Talk(FULL, "ga")
    talk.connect()
    assert lost(talk.errs("beta_api_shape_disabled")) is Cause.UNSUPPORTED_DIALECT


def test_a_refusal_without_words_of_the_second_dialect_means_neither():
    talk = Talk(FULL, "ga", auto=False)
    talk.connect()
    assert lost(talk.protocol.closed(4000, "", 1.0)) is Cause.UNSUPPORTED_DIALECT
    talk = Talk(FULL, "beta", auto=False)
    talk.connect()
    assert lost(talk.protocol.closed(1006, "", 1.0)) is Cause.DROP
