from __future__ import annotations

import pytest

from voiceloop.dgrid.chat_reading import decoded
from voiceloop.dgrid.sse import ServerSentEvent


def test_an_event_is_json_or_nothing():
    assert decoded(ServerSentEvent('{"a": 1}')) == {"a": 1}
    assert decoded(ServerSentEvent('{"a": ')) is None
    assert decoded(ServerSentEvent("[" * 100_000)) is None


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ('{"error": {"message": "x"}}', {"message": "x"}),
        ('{"message": "x", "code": "y"}', {"message": "x", "code": "y"}),
        ('"x"', "x"),
        ("out of memory", "out of memory"),
        ("", "the server gave no reason"),
        ("null", "the server gave no reason"),
    ],
)
def test_an_event_that_is_named_an_error_is_one(data, error):
    assert decoded(ServerSentEvent(data, "error"))["error"] == error


def test_errors_that_no_name_tells_are_known_by_their_type():
    assert decoded(ServerSentEvent('{"type": "error", "message": "x"}'))["error"] == {"type": "error", "message": "x"}
    told = '{"type": "error", "error": {"message": "x"}}'
    assert decoded(ServerSentEvent(told))["error"] == {"message": "x"}


def test_a_response_that_failed_is_an_error():
    failed = '{"type": "response.failed", "response": {"status": "failed", "error": {"code": "server_error"}}}'
    assert decoded(ServerSentEvent(failed, "response.failed")) == {"error": {"code": "server_error"}}
    going = {"type": "response.created", "response": {"error": None}}
    assert decoded(ServerSentEvent('{"type": "response.created", "response": {"error": null}}')) == going
