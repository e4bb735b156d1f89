from __future__ import annotations

import json

import pytest

from voiceloop_local.doorkeeper import Caller, Handshake, admit, is_loopback, route, subprotocol


def ask(target="/v1/realtime?model=m", *, ready=True, **headers):
    return route(Caller(target, **headers), ["one"], ready=ready, created=7)


def test_without_a_key_programs_come_in_and_pages_do_not():
    assert admit(Caller("/"), None) is None
    assert admit(Caller("/", origin="null"), None).status == 403


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        (Caller("/", authorization="Bearer sk"), None),
        (Caller("/", authorization="bearer  sk", origin="https://x"), None),
        (Caller("/", subprotocols=["realtime", "openai-insecure-api-key.sk"]), None),
        (Caller("/"), 401),
        (Caller("/", authorization="Basic sk"), 401),
        (Caller("/", authorization="Bearer "), 401),
        (Caller("/", authorization="Bearer wrong", subprotocols=["openai-insecure-api-key.sk"]), 401),
        (Caller("/", authorization="Bearer ü"), 401),
    ],
)
def test_with_a_key_it_must_be_shown(caller, status):
    answer = admit(caller, "sk")
    assert (answer and answer.status) == status
    if answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert set(json.loads(answer.body)["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("headers", "ga"),
    [
        ({}, True),
        ({"beta": "realtime=v1"}, False),
        ({"beta": "assistants=v2, realtime=v1"}, False),
        ({"beta": "assistants=v2"}, True),
        ({"subprotocols": ["realtime", "openai-beta.realtime-v1"]}, False),
    ],
)
def test_the_dialect_is_the_callers_choice(headers, ga):
    assert ask(upgrade="WebSocket", **headers) == Handshake("m", ga)


def test_any_model_id_is_taken_as_it_is():
    assert ask("/v1/realtime?model=a%2Fb%3Ac&x=1", upgrade="websocket") == Handshake("a/b:c", ga=True)


@pytest.mark.parametrize(
    ("target", "ready", "status"),
    [
        ("/v1/realtime", True, 400),
        ("/v1/realtime?model=", True, 400),
        ("/v1/realtime?model=m", False, 503),
        ("/v1/models", False, 503),
        ("/v1/models?limit=1", True, 200),
        ("/healthz", False, 200),
        ("/v1/messages", False, 503),
    ],
)
def test_each_address_has_its_answer(target, ready, status):
    answer = ask(target, ready=ready, upgrade="websocket")
    assert answer.status == status
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_one_model_is_told_by_its_name():
    assert json.loads(ask("/v1/models/one").body)["id"] == "one"
    unknown = ask("/v1/models/tw%6F")
    assert unknown.status == 404
    assert json.loads(unknown.body)["error"]["message"] == "The model 'two' does not exist."
    assert ask("/v1/models/one:generateContent", method="POST") is None


def test_what_is_not_its_own_is_left_to_the_rest_families():
    assert ask("/v1/messages", ready=True) is None


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/v1/chat/completions", {"error": {"type": "invalid_request_error", "code": None, "param": None}}),
        ("/v1/messages", {"type": "error", "error": {"type": "authentication_error"}}),
        ("/v1beta/models/m:generateContent", {"error": {"code": 401, "status": "UNAUTHENTICATED"}}),
    ],
)
def test_each_family_is_refused_in_its_own_words(path, told):
    answer = admit(Caller(path), "sk-1")
    body = json.loads(answer.body)
    assert body["error"].pop("message").startswith("You didn't provide an API key.")
    assert body == told


@pytest.mark.parametrize(
    "caller",
    [
        Caller("/v1/messages", key="sk-1"),
        Caller("/v1beta/models/m:generateContent?key=sk-1"),
        Caller("/v1/chat/completions", authorization="Bearer sk-1"),
    ],
)
def test_each_familys_clients_show_the_key_their_own_way(caller):
    assert admit(caller, "sk-1") is None
    assert admit(caller, "sk-2").status == 401


def test_a_lent_token_opens_realtime_sessions_and_nothing_else():
    lent = {"ek_1"}.__contains__
    page = {"origin": "https://page.example", "authorization": "Bearer ek_1"}
    assert admit(Caller("/v1/realtime?model=m", **page), "sk-1", lent) is None
    assert admit(Caller("/v1/realtime?model=m", **page), None, lent) is None
    assert admit(Caller("/v1/models", **page), "sk-1", lent).status == 401


def test_a_plain_get_is_told_to_upgrade():
    answer = ask()
    assert (answer.status, answer.headers["Upgrade"]) == (426, "websocket")


def test_models_are_listed_as_openai_lists_them():
    listed = json.loads(ask("/v1/models").body)
    assert listed == {
        "object": "list",
        "data": [{"id": "one", "object": "model", "created": 7, "owned_by": "voiceloop"}],
    }


def test_the_key_is_not_sent_back_as_subprotocol():
    assert subprotocol(["openai-insecure-api-key.sk", "realtime"]) == "realtime"
    assert subprotocol(["openai-insecure-api-key.sk"]) is None


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_loopback_is_recognised(host, loopback):
    assert is_loopback(host) == loopback
