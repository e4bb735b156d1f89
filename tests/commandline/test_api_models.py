from __future__ import annotations

import json

import pytest

from voiceloop.testing.rest import RestAnswer

MODELS = "GET /v1/models"
LISTED = {
    "object": "list",
    "data": [
        {"id": "openai/gpt-5.4", "supported_endpoint_types": ["openai", "openai-response"], "owned_by": "custom"},
        {"id": "bare"},
    ],
}

pytestmark = pytest.mark.real


def test_the_list_as_it_stands(api, serving):
    with serving({MODELS: [RestAnswer(LISTED)]}) as rest:
        status, out, err = api(rest, "models")
    assert (status, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["model", "endpoints", "owner"],
        ["openai/gpt-5.4", "openai,", "openai-response", "custom"],
        ["bare", "-", "-"],
    ]


def test_a_script_gets_one_json_object(api, serving):
    with serving({MODELS: [RestAnswer(LISTED)]}) as rest:
        _, out, err = api(rest, "models", "--json")
    assert err == ""
    assert json.loads(out)["models"] == [
        {"id": "openai/gpt-5.4", "endpoint_types": ["openai", "openai-response"], "owner": "custom"},
        {"id": "bare", "endpoint_types": [], "owner": ""},
    ]


def test_a_server_without_a_list_says_so(api, serving):
    with serving({}) as rest:
        status, out, err = api(rest, "models")
    assert (status, out, err.count("\n")) == (4, "", 1)
    assert "has no list of models" in err


def test_a_list_that_is_refused_under_a_successs_status(api, serving):
    with serving({MODELS: [RestAnswer({"success": False, "message": "get user group failed"})]}) as rest:
        status, out, err = api(rest, "models")
    assert (status, out) == (4, "")
    assert "get user group failed" in err
