from __future__ import annotations

import pytest

from voiceloop.tools.policy import Verdict, decide


def test_an_allowed_tool_runs_and_nothing_is_said():
    ruling = decide("weather", "allow")
    assert ruling.verdict is Verdict.RUN
    assert ruling.output == ""


def test_a_denied_tool_is_refused_even_when_the_user_said_yes():
    ruling = decide("wire_money", "deny", confirmed=True, can_ask=True)
    assert ruling.verdict is Verdict.REFUSE
    assert "wire_money" in ruling.output


def test_a_tool_that_must_ask_is_refused_where_nobody_can_be_asked():
    ruling = decide("order_pizza", "ask")
    assert ruling.verdict is Verdict.REFUSE
    assert "must confirm" in ruling.output
    assert "cannot ask" in ruling.output


def test_a_tool_that_must_ask_asks_where_it_can():
    assert decide("order_pizza", "ask", can_ask=True).verdict is Verdict.ASK


@pytest.mark.parametrize("can_ask", [True, False])
def test_a_confirmed_tool_runs(can_ask):
    assert decide("order_pizza", "ask", confirmed=True, can_ask=can_ask).verdict is Verdict.RUN


def test_a_policy_nobody_knows_is_never_a_yes():
    with pytest.raises(AssertionError):
        decide("weather", "maybe")
