from __future__ import annotations

import json

import pytest

from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_connection import Connection
from voiceloop.testing.script import NoAnswer, Refusal


def knock(gateway, now_s=0.0):
    return gateway.connect("/v1/realtime?model=m", {}, now_s)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "invalid_api_key"),
        (403, "account_deactivated"),
        (404, "model_not_found"),
        (429, "rate_limit_exceeded"),
        (503, "do_request_failed"),
        (500, None),
    ],
)
def test_a_status_comes_with_the_body_that_servers_send(status, code):
    gateway = ScriptedGateway()
    gateway.refuse(status, headers={"Retry-After": "2"})
    refusal = knock(gateway)
    error = json.loads(refusal.body)["error"]
    assert (refusal.status, error["code"]) == (status, code)
    assert error["message"]
    assert error["type"]
    assert refusal.headers == {"Content-Type": "application/json", "Retry-After": "2"}
    assert isinstance(knock(gateway), Connection)


def test_upgrades_are_refused_for_a_while_from_the_first_one_on():
    gateway = ScriptedGateway()
    gateway.refuse(503, for_s=3.0)
    answers = [knock(gateway, at) for at in (100.0, 101.5, 102.9, 103.0)]
    assert [getattr(answer, "status", 101) for answer in answers] == [503, 503, 503, 101]


def test_refusals_follow_each_other_in_the_order_they_were_scripted():
    gateway = ScriptedGateway()
    gateway.refuse(429, times=2)
    gateway.ignore_upgrades()
    gateway.refuse(503, for_s=1.0)
    answers = [knock(gateway, at) for at in (0.0, 0.1, 0.2, 0.3, 1.2, 1.4)]
    assert [getattr(answer, "status", None) for answer in answers] == [429, 429, None, 503, 503, None]
    assert answers[2] == NoAnswer()
    assert isinstance(answers[5], Connection)


def test_a_refusal_that_nobody_met_is_still_to_come():
    gateway = ScriptedGateway()
    gateway.refuse(503, for_s=1.0)
    gateway.ignore_upgrades(times=2)
    with pytest.raises(AssertionError, match="3 refusals"):
        gateway.assert_complete()
    knock(gateway, 5.0)
    with pytest.raises(AssertionError, match="2 refusals"):
        gateway.assert_complete()
    assert [type(knock(gateway, at)) for at in (9.0, 9.1, 9.2)] == [NoAnswer, NoAnswer, Connection]
    gateway.assert_complete()


def test_what_was_refused_is_seen_among_the_upgrades():
    gateway = ScriptedGateway(key="right")
    assert isinstance(gateway.connect("/", {"Authorization": "Bearer wrong"}, 0.0), Refusal)
    assert gateway.upgrades == [{"Authorization": "Bearer wrong"}]
    assert gateway.connections == []
