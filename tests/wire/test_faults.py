from __future__ import annotations

import pytest

from voiceloop.vocabulary import Cause
from voiceloop.wire.faults import Severity, close_cause, describe, judge, judge_close, judge_upgrade
from voiceloop.wire.items import WireError


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        ("conversation_already_has_active_response", "benign"),
        ("response_cancel_not_active", "benign"),
        ("input_audio_buffer_commit_empty", "benign"),
        ("unsupported_content_type", "benign"),
        ("item_create_duplicate_item_id", "benign"),
        ("unknown_parameter", "fix"),
        ("invalid_value", "fix"),
        ("missing_required_parameter", "fix"),
        ("invalid_type", "fix"),
        ("cannot_update_voice", "fix"),
        ("beta_api_shape_disabled", "switch"),
        ("rate_limit_exceeded", "passing"),
        ("inference_rate_limit_exceeded", "passing"),
        ("server_error", "passing"),
        ("never_heard_of", "passing"),
    ],
)
def test_an_error_the_session_survives(code, severity):
    assert judge(WireError(code=code)).severity is Severity(severity)


def test_a_lost_race_may_come_with_the_code_of_a_wrong_field():
    words = "Audio content of 9250ms is already shorter than 57340ms"
    assert judge(WireError(code="invalid_value", message=words)).severity is Severity.BENIGN


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("invalid_model", Cause.BAD_MODEL),
        ("model_not_found", Cause.BAD_MODEL),
        ("model_load_error", Cause.BAD_MODEL),
        ("session_expired", Cause.SESSION_CAP),
        ("context_length_exceeded", Cause.CONTEXT_FULL),
        ("exceed_context_size_error", Cause.CONTEXT_FULL),
        ("insufficient_quota", Cause.QUOTA),
        ("credit_balance_exhausted", Cause.QUOTA),
        ("billing_hard_limit_reached", Cause.QUOTA),
        ("insufficient_user_quota", Cause.QUOTA),
        ("pre_consume_token_quota_failed", Cause.QUOTA),
        ("invalid_api_key", Cause.BAD_KEY),
        ("account_deactivated", Cause.BAD_KEY),
        ("do_request_failed", Cause.UNREACHABLE),
        ("language_unavailable", Cause.SETTINGS),
    ],
)
def test_an_error_that_ends_the_connection_has_a_cause(code, cause):
    fault = judge(WireError(code=code))
    assert (fault.severity, fault.cause) == (Severity.FATAL, cause)


@pytest.mark.parametrize(
    ("message", "severity"),
    [
        ("Conversation already has an active response in progress: resp_1.", "benign"),
        ("Cancellation failed: no active response found", "benign"),
        ("No active response to cancel.", "benign"),  # speaches
        ("Error committing: buffer too small. Expected at least 100ms of audio", "benign"),
        ("Audio content of 9250ms is already shorter than 57340ms", "benign"),
        ("Only model output audio messages can be truncated", "benign"),
        ("Unknown parameter: 'session.foo'.", "fix"),
        ("Your session hit the maximum duration of 60 minutes.", "fatal"),
        ("You exceeded your current quota, please check your plan", "fatal"),
        ("This model's maximum context length is 4096 tokens. However, you requested 4201 tokens.", "fatal"),
        ("Your input exceeds the context window of this model.", "fatal"),
        ("Incorrect API key provided", "fatal"),
    ],
)
def test_without_a_code_the_words_decide(message, severity):
    assert judge(WireError("invalid_request_error", message=message)).severity is Severity(severity)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("insufficient_quota", Cause.QUOTA),
        ("billing_error", Cause.QUOTA),
        ("authentication_error", Cause.BAD_KEY),
        ("rate_limit_error", Cause.BUSY),
        ("new_api_error", Cause.UNREACHABLE),
        ("server_error", Cause.DROP),
    ],
)
def test_without_known_words_the_type_decides(kind, cause):
    assert judge(WireError(kind, "odd", "odd")).cause is cause


def test_a_transcription_model_that_is_missing_is_not_the_realtime_model():
    error = WireError(code="invalid_model", param="session.input_audio_transcription.model")
    assert judge(error).severity is Severity.FIX


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Your session hit the maximum duration of 60 minutes.", Cause.SESSION_CAP),
        ("invalid_request_error.invalid_api_key", Cause.BAD_KEY),
        ("invalid_request_error.invalid_model: The model is wrong", Cause.BAD_MODEL),
        ("insufficient_quota", Cause.QUOTA),
        ("(insufficient_quota)", Cause.QUOTA),
    ],
)
def test_a_close_reason_tells_the_cause(reason, cause):
    fault = judge_close(reason)
    assert fault is not None
    assert fault.cause is cause


@pytest.mark.parametrize("reason", ["", "going away", "no active response"])
def test_most_close_reasons_tell_nothing(reason):
    assert judge_close(reason) is None


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (1000, Cause.DROP),
        (1001, Cause.DROP),
        (1006, Cause.DROP),
        (1007, Cause.BROKEN_PEER),
        (1008, Cause.BAD_KEY),
        (1009, Cause.BROKEN_PEER),
        (1011, Cause.DROP),
        (1013, Cause.BUSY),
        (4000, Cause.DROP),
    ],
)
def test_a_bare_close_code_tells_a_little(code, cause):
    assert close_cause(code) is cause


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (401, b"", Cause.BAD_KEY),
        (401, b'{"error": {"message": "bad token", "type": "new_api_error"}}', Cause.BAD_KEY),
        (402, b"", Cause.QUOTA),
        (403, b"<html>no</html>", Cause.BAD_KEY),
        (403, b'{"error": {"code": "insufficient_user_quota"}}', Cause.QUOTA),
        (400, b'{"error": {"code": "OperationNotSupported"}}', Cause.BAD_MODEL),
        (404, b"", Cause.BAD_MODEL),
        (405, b"", Cause.UNSUPPORTED_DIALECT),
        (501, b"[1]", Cause.UNSUPPORTED_DIALECT),
        (429, b"", Cause.BUSY),
        (429, b'{"error": {"code": "insufficient_quota"}}', Cause.QUOTA),
        (429, b'{"message": "You exceeded your current quota"}', Cause.QUOTA),
        (503, b'{"error": {"code": "model_not_found"}}', Cause.BAD_MODEL),
        (503, b'{"error": "busy"}', Cause.UNREACHABLE),
        (502, b"\xff\xfe", Cause.UNREACHABLE),
        (302, b"", Cause.REFUSED),
    ],
)
def test_a_refused_upgrade_has_a_cause(status, body, cause):
    fault = judge_upgrade(status, body)
    assert (fault.severity, fault.cause) == (Severity.FATAL, cause)


def test_a_refused_upgrade_may_want_the_other_dialect():
    assert judge_upgrade(400, b'{"error": {"code": "beta_api_shape_disabled"}}').severity is Severity.SWITCH


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (WireError("t", "c", "many\n words"), "c: many words"),
        (WireError("t"), "t"),
        (WireError(), "the server gave no reason"),
    ],
)
def test_an_error_is_described_in_one_line(error, line):
    assert describe(error) == line
