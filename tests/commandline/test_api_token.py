from __future__ import annotations

import json

import pytest

from voiceloop.dgrid.preferences import preferences
from voiceloop.testing.rest import RestAnswer

FIRST = preferences().roles["realtime"].first
LISTS = RestAnswer({"object": "list", "data": [{"id": "chat"}, {"id": FIRST}]})
SECRETS = "POST /v1/realtime/client_secrets"
MINTS = RestAnswer({"value": "ek_example", "expires_at": 1770000600})
VAGUE = RestAnswer({"value": "ek_example"})

pytestmark = pytest.mark.real


def test_the_token_alone_is_printed_and_the_rest_told_beside_it(api, serving):
    with serving({SECRETS: [MINTS]}) as rest:
        status, out, err = api(rest, "token", "--model", "mine")
    assert (status, out) == (0, "ek_example\n")
    assert err == "It starts sessions with mine and expires at 2026-02-02 02:50:00 UTC.\n"
    assert rest.heard[0].json["session"]["model"] == "mine"


def test_a_server_that_does_not_tell_until_when(api, serving):
    with serving({SECRETS: [VAGUE]}) as rest:
        assert "expires at a time it did not tell" in api(rest, "token", "--model", "mine")[2]


@pytest.mark.parametrize(("answer", "expires_at"), [(MINTS, 1770000600), (VAGUE, None)])
def test_a_script_gets_one_json_object(api, serving, answer, expires_at):
    with serving({SECRETS: [answer]}) as rest:
        _, out, err = api(rest, "token", "--model", "mine", "--json")
    assert json.loads(out) == {"value": "ek_example", "expires_at": expires_at, "model": "mine"}
    assert err == ""


def test_the_model_is_the_one_that_is_set_or_the_one_talk_would_take(api, serving):
    with serving({SECRETS: [MINTS, MINTS], "GET /v1/models": [LISTS]}) as rest:
        _, out, err = api(rest, "token")
        assert out == "ek_example\n"
        assert f"Model {FIRST}, chosen of 1 that fit" in err
        assert f"It starts sessions with {FIRST} and" in err
        assert "with mine and" in api(rest, "token", VOICELOOP_REALTIME__MODEL="mine")[2]


def test_a_gateway_without_tokens_says_so(api, serving):
    with serving({}) as rest:
        status, out, err = api(rest, "token", "--model", "mine")
    assert (status, out, err.count("\n")) == (4, "", 1)
    assert "offers no ephemeral tokens" in err
