from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.dgrid.failures import (
    CAUSES,
    REFUSALS,
    TOLD,
    Failure,
    Kind,
    RequestFailedError,
    RequestRefusedError,
    error_of,
    failure_in,
    read_failure,
)
from voiceloop.errors import RefusedError, UnreachableError
from voiceloop.vocabulary import Cause

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEY = "sk-canary-4711-abcdef"  # pragma: allowlist secret


def read(status, body=b"", **headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_failure(status, named, body, [KEY], NOW)


def openai(message="no", kind="invalid_request_error", code=None, param=None):
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


# The seven shapes


def test_openais():
    failure = read(404, openai("No such model", code="model_not_found", param="model"), x_request_id="req_1")
    assert failure == Failure(Kind.BAD_MODEL, "No such model", 404, "model_not_found", "model", "req_1")


@pytest.mark.parametrize("nothing", [None, "", 0])
def test_openais_with_a_code_and_a_param_that_say_nothing(nothing):
    failure = read(400, openai(code=nothing, param=nothing or None))
    assert (failure.kind, failure.code, failure.param) == (Kind.REFUSED, "invalid_request_error", "")


def test_new_apis_with_the_request_id_in_its_words():
    error = {"message": "当前分组负载已饱和 (request id: 20261122101112345678abcD)", "type": "new_api_error"}
    failure = read(429, {"error": error})
    assert (failure.kind, failure.code) == (Kind.RATE_LIMITED, "new_api_error")
    assert failure.request_id == "20261122101112345678abcD"
    assert failure.message.startswith("当前分组负载已饱和")


def test_anthropics():
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}, "request_id": "req_1"}
    assert read(529, body) == Failure(Kind.SERVER_FAULT, "busy", 529, "overloaded_error", "", "req_1")


def test_googles_and_how_long_it_asks_to_wait():
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}
    error = {"code": 429, "message": "You exceeded your current quota", "status": "RESOURCE_EXHAUSTED"}
    failure = read(429, {"error": error | {"details": [{"@type": "help"}, "?", retry]}})
    assert failure == Failure(Kind.RATE_LIMITED, error["message"], 429, "RESOURCE_EXHAUSTED", retry_after_s=17)
    assert read(429, {"error": error}).kind is Kind.QUOTA
    assert read(400, [{"error": {"code": 400, "message": "bad part", "status": "INVALID_ARGUMENT"}}]) == Failure(
        Kind.REFUSED, "bad part", 400, "INVALID_ARGUMENT"
    )


def test_a_success_that_is_none():
    failure = failure_in({"success": False, "message": "get user group failed"}, [KEY], 200, {"x-request-id": "r"})
    assert failure == Failure(Kind.REFUSED, "get user group failed", 200, request_id="r")
    assert failure_in({"success": False, "message": "Invalid API key"}, []).kind is Kind.BAD_KEY
    assert failure_in({"success": False}, []) == Failure(Kind.REFUSED, "", 200)


@pytest.mark.parametrize("raw", [{"success": True}, {"error": None, "id": "r"}, {"error": {}}, [], "error", None, 7])
def test_what_complains_about_nothing_is_no_failure(raw):
    assert failure_in(raw, []) is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"upstream connect error", "upstream connect error"),
        (b"<html><head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>", "502 Bad Gateway nginx"),
        (b"<script>let a = 1 < 2;</script ><p>gone\x1b[31m", "gone [31m"),
        (b"", ""),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
        (b"[" * 100_000, "[" * 300),
        (b'"told as a string"', "told as a string"),
        (b"[]", ""),
        (b"7", ""),
    ],
)
def test_what_is_no_error_object_at_all(body, words):
    assert read(502, body) == Failure(Kind.SERVER_FAULT, words, 502)


@pytest.mark.parametrize(
    ("frame", "kind", "code"),
    [
        (openai("down", "server_error"), Kind.SERVER_FAULT, "server_error"),
        (openai("slow down", "rate_limit_error"), Kind.RATE_LIMITED, "rate_limit_error"),
        (openai("no", "whatever", code="rate_limit_exceeded"), Kind.RATE_LIMITED, "rate_limit_exceeded"),
        (openai("no", "insufficient_quota", code="insufficient_quota"), Kind.QUOTA, "insufficient_quota"),
        ({"error": {"message": "Provider returned error", "code": 502}}, Kind.SERVER_FAULT, ""),
        ({"error": {"message": "no", "code": 401}}, Kind.BAD_KEY, ""),
        ({"type": "error", "error": {"type": "overloaded_error"}}, Kind.SERVER_FAULT, "overloaded_error"),
        ({"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}, Kind.REFUSED, "INVALID_ARGUMENT"),
        ({"error": "out of memory"}, Kind.SERVER_FAULT, ""),
    ],
)  # fmt: skip
def test_an_error_inside_a_stream(frame, kind, code):
    failure = failure_in(frame, [])
    assert (failure.kind, failure.code, failure.status) == (kind, code, 200)


@pytest.mark.parametrize(
    ("body", "words", "param"),
    [
        ({"detail": "Not Found"}, "Not Found", ""),
        ({"message": "no"}, "no", ""),
        ({"error": "no"}, "no", ""),
        ({"detail": {"error": {"message": "no", "param": "x"}}}, "no", "x"),
        (
            {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs", "type": "t"}]},
            "body.seed: Extra inputs",
            "seed",
        ),
        ({"detail": ["no"]}, "no", ""),
        ({"detail": []}, "", ""),
        ({"error": {"detail": "no"}}, "no", ""),
        ({"error": {"message": {"a": 1}, "type": 7, "param": []}}, "", ""),
    ],
)
def test_the_words_stand_in_many_places(body, words, param):
    failure = read(422, body)
    assert (failure.kind, failure.message, failure.param) == (Kind.REFUSED, words, param)


# Judging


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Kind.REDIRECTED),
        (308, Kind.REDIRECTED),
        (400, Kind.REFUSED),
        (401, Kind.BAD_KEY),
        (402, Kind.QUOTA),
        (403, Kind.BAD_KEY),
        (404, Kind.NOT_OFFERED),
        (405, Kind.NOT_OFFERED),
        (408, Kind.SERVER_FAULT),
        (409, Kind.SERVER_FAULT),
        (413, Kind.REFUSED),
        (418, Kind.REFUSED),
        (422, Kind.REFUSED),
        (429, Kind.RATE_LIMITED),
        (500, Kind.SERVER_FAULT),
        (501, Kind.NOT_OFFERED),
        (503, Kind.SERVER_FAULT),
        (524, Kind.SERVER_FAULT),
        (529, Kind.SERVER_FAULT),
        (600, Kind.SERVER_FAULT),
    ],
)
def test_a_bare_status(status, kind):
    assert read(status).kind is kind


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, openai(code="insufficient_quota", kind="insufficient_quota"), Kind.QUOTA),
        (403, openai(code="insufficient_user_quota", kind="new_api_error"), Kind.QUOTA),
        (403, openai(code="pre_consume_token_quota_failed", kind="new_api_error"), Kind.QUOTA),
        (503, openai(code="model_not_found", kind="new_api_error"), Kind.BAD_MODEL),
        (400, openai("Incorrect API key provided"), Kind.BAD_KEY),
        (404, openai("The model `x` does not exist"), Kind.BAD_MODEL),
        (404, {"error": {"code": 404, "message": "models/x is not found", "status": "NOT_FOUND"}}, Kind.BAD_MODEL),
        (404, openai("The model `/models/llama` does not exist"), Kind.BAD_MODEL),
        (404, openai("No endpoint found for models openai/gpt-9"), Kind.BAD_MODEL),
        (404, openai("Invalid URL (POST /v1/realtime/sessions)"), Kind.NOT_OFFERED),
        (404, openai("Unknown request URL: POST /v1/models/x:generateContent"), Kind.NOT_OFFERED),
        (404, "Cannot GET https://gateway.example/v1/models", Kind.NOT_OFFERED),
        (501, openai(code="api_not_implemented"), Kind.NOT_OFFERED),
        (500, openai("upstream", kind="new_api_error", code="do_request_failed"), Kind.SERVER_FAULT),
    ],
)
def test_words_that_say_more_than_the_status(status, body, kind):
    assert read(status, body).kind is kind


def test_each_kind_has_a_cause_and_words_for_people():
    assert set(CAUSES) == set(TOLD) == set(Kind)
    assert Failure(Kind.QUOTA).cause is Cause.QUOTA
    assert Failure(Kind.DROPPED).cause is Cause.DROP


# Retry-after and request ids


def test_the_wait_a_header_asks_for_wins_over_that_of_the_body():
    body = {"error": {"code": 429, "message": "no", "details": [{"retryDelay": "17s"}]}}
    assert read(429, body, retry_after="3").retry_after_s == 3
    assert read(429, body).retry_after_s == 17
    assert read(503, retry_after="Sun, 22 Nov 2026 00:00:05 GMT").retry_after_s == 5


@pytest.mark.parametrize("name", ["x_request_id", "request_id", "x_oneapi_request_id"])
def test_request_ids_stand_in_many_headers(name):
    uuid = "f3a0eea0-41bf-4dad-adfd-49d090a386f4"
    assert read(500, **{name: uuid}).request_id == uuid


def test_an_id_that_is_none_is_left_out():
    assert read(500, x_request_id=f"for {KEY}").request_id == ""
    assert read(500, x_request_id=KEY).request_id == ""
    assert read(500, x_request_id="a\x1b[31m").request_id == ""


# Secrets and the face


def test_no_field_repeats_the_key():
    hidden = openai(f"key {KEY} is wrong", kind=KEY, code=KEY, param=KEY)
    for failure in (read(401, hidden, x_request_id=KEY), failure_in(hidden, [KEY])):
        assert "canary" not in repr(failure)
        assert "canary" not in str(error_of(failure, "https://x"))
    assert "canary" not in repr(read(502, f"<p>{KEY}".encode()))


def test_other_keys_are_hidden_by_their_shape():
    assert "abcdefgh" not in read(401, openai("Bearer abcdefgh1234 is no key")).message


@pytest.mark.parametrize("kind", Kind)
def test_an_error_says_who_what_and_what_to_do_and_carries_the_failure(kind):
    failure = Failure(kind, "its words", 418, request_id="r1")
    error = error_of(failure, "https://x")
    refused = kind in REFUSALS
    assert isinstance(error, RequestRefusedError if refused else RequestFailedError)
    assert isinstance(error, RefusedError if refused else UnreachableError)
    assert error.failure is failure
    what, fix = TOLD[kind]
    assert str(error) == f"https://x {what} (HTTP 418): its words [request r1]; {fix}"


def test_an_error_without_an_answer_is_short():
    assert str(error_of(Failure(Kind.SILENT), "https://x")) == "https://x did not answer in time; try again"


def test_an_error_tells_how_long_to_wait():
    error = error_of(Failure(Kind.RATE_LIMITED, retry_after_s=90), "https://x")
    assert str(error) == "https://x is asked too often; it asks for 90 s of patience"


FIELDS = st.sampled_from(
    ["error", "message", "detail", "code", "type", "param", "status", "details", "loc", "msg", "retryDelay", "success"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
)


@given(st.integers(300, 599), JSON)
def test_whatever_the_body_holds_there_is_one_failure(status, raw):
    assert read(status, raw).kind in Kind
    failure = failure_in(raw, [])
    assert failure is None or failure.kind in Kind


@given(st.integers(300, 599), st.binary())
def test_any_bytes_will_do(status, body):
    failure = read(status, body)
    assert failure.message.isprintable()
    assert len(failure.message) <= 300
