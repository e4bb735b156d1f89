from __future__ import annotations

import socket
import ssl

import pytest

from voiceloop.engines.refusals import refused, unreachable
from voiceloop.errors import BackendError, UnreachableError


def test_a_refusal_keeps_status_headers_and_the_beginning_of_the_body():
    error = refused("api.example:443", 429, {"retry-after": "3"}, b'{"error":\n "slow   down"}' + b"x" * 999, [])
    assert isinstance(error, BackendError)
    assert (error.status, error.headers["retry-after"]) == (429, "3")
    assert error.body.startswith('{"error": "slow down"}')
    assert len(error.body) == 200
    assert "429" in str(error)
    assert "\n" not in str(error)


def test_a_body_that_echoes_the_key_is_blanked():
    error = refused("h:1", 401, {}, b"Incorrect key sk-planted-canary given", ["Bearer sk-planted-canary"])
    assert "canary" not in str(error)
    assert "Incorrect key *** given" in error.body
    assert "check the key" in str(error)


def test_a_key_that_begins_like_another_is_blanked_whole():
    error = refused("h:1", 401, {}, b"abcdefgh abcdefghij", ["abcdefgh", "abcdefghij"])
    assert error.body == "*** ***"


def test_a_redirect_says_it_is_not_followed():
    assert "not followed" in str(refused("h:1", 308, {"location": "https://other"}, b"", []))


def test_an_unusual_status_still_reads_well():
    assert str(refused("h:1", 418, {}, b"", [])) == "h:1 refused realtime with HTTP 418"


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (TimeoutError(), "no answer"),
        (ssl.SSLError(1, "wrong"), "TLS"),
        (socket.gaierror(-2, "?"), "not known"),
        (ConnectionRefusedError(), "refuses"),
        (ConnectionResetError(), "dropped"),
        (OSError(101, "Network is unreachable"), "Network is unreachable"),
    ],
)
def test_each_way_of_not_connecting_names_the_host_and_what_to_check(failure, words):
    error = unreachable("api.example:443", failure)
    assert isinstance(error, UnreachableError)
    assert words in str(error)
    assert "api.example:443" in str(error)
    assert "check" in str(error)


def test_an_untrusted_certificate_says_why():
    failure = ssl.SSLCertVerificationError(1, "certificate verify failed")
    failure.verify_message = "self-signed certificate"
    assert "self-signed" in str(unreachable("h:1", failure))


@pytest.mark.parametrize("reason", ["TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_HANDSHAKE_FAILURE"])
def test_a_server_that_wants_to_know_who_we_are_says_what_to_set(reason):
    failure = ssl.SSLError(1, "alert")
    failure.reason = reason
    assert "check backend.client_cert" in str(unreachable("h:1", failure))


def test_what_to_check_is_the_setting_that_led_there():
    error = unreachable("the proxy http://p:1 (ALL_PROXY)", ConnectionRefusedError(), check="ALL_PROXY")
    assert str(error) == "the proxy http://p:1 (ALL_PROXY) refuses connections: check that it runs and ALL_PROXY"
