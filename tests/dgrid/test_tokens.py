from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dgrid.asker import GONE, KEY, client, refusal
from voiceloop.dgrid.failures import Kind
from voiceloop.dgrid.tokens import mint_token, read_token
from voiceloop.testing.rest import RestAnswer, ScriptedRest

NEWER, OLDER = "POST /v1/realtime/client_secrets", "POST /v1/realtime/sessions"
SESSION = {"id": "sess_a1", "object": "realtime.session", "type": "realtime", "model": "some-realtime"}
NEW = {"value": "ek_example", "expires_at": 1770000600, "session": SESSION}
OLD = {**SESSION, "voice": "alloy", "client_secret": {"value": "ek_example", "expires_at": 1770000060}}
ABSENT = [
    RestAnswer({"error": {"message": "Invalid URL (POST /x)", "type": "invalid_request_error"}}, 404),
    RestAnswer({"detail": "Not Found"}, 404),
    RestAnswer({"error": {"code": "api_not_implemented"}}, 501),
    RestAnswer(b"", 405),
    RestAnswer(b"<html>Welcome</html>"),
    RestAnswer({"code": 0}),
]


async def minted(rest):
    async with client(rest) as asker:
        return await mint_token(asker, "some-realtime")


@pytest.mark.real
async def test_the_newer_endpoint_is_asked_first():
    async with ScriptedRest({NEWER: [RestAnswer(NEW)]}) as rest:
        token = await minted(rest)
    (heard,) = rest.heard
    assert (heard.method, heard.path) == ("POST", "/v1/realtime/client_secrets")
    assert heard.body == b'{"session":{"type":"realtime","model":"some-realtime"}}'
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert token.value.get_secret_value() == "ek_example"
    assert (token.expires_at, token.model) == (datetime(2026, 2, 2, 2, 50, tzinfo=UTC), "some-realtime")


@pytest.mark.real
@pytest.mark.parametrize("absent", ABSENT)
async def test_where_it_is_not_the_older_one_is_asked(absent):
    async with ScriptedRest({NEWER: [absent], OLDER: [RestAnswer(OLD)]}) as rest:
        token = await minted(rest)
    assert rest.heard[1].path == "/v1/realtime/sessions"
    assert rest.heard[1].body == b'{"model":"some-realtime"}'
    assert token.expires_at == datetime(2026, 2, 2, 2, 41, tzinfo=UTC)


@pytest.mark.real
@pytest.mark.parametrize("absent", ABSENT)
async def test_where_neither_is_that_is_said(absent):
    async with ScriptedRest({NEWER: [absent], OLDER: [absent]}) as rest, client(rest) as asker:
        with pytest.raises(Exception, match=f"^{rest.base_url} offers no ephemeral tokens: neither") as error:
            await mint_token(asker, "m")
    assert error.value.exit_status == 4
    assert error.value.failure.kind is Kind.NOT_OFFERED


@pytest.mark.real
@pytest.mark.parametrize(
    ("status", "kind"), [(400, Kind.REFUSED), (401, Kind.BAD_KEY), (402, Kind.QUOTA), (403, Kind.BAD_KEY)]
)
async def test_a_refusal_is_told_and_nothing_else_is_tried(status, kind):
    async with ScriptedRest({NEWER: [RestAnswer({"error": KEY}, status)]}) as rest:
        assert (await refusal(minted(rest))).kind is kind
    assert len(rest.heard) == 1


@pytest.mark.real
async def test_a_model_that_is_unknown_is_told_from_an_endpoint_that_is():
    unknown = RestAnswer({"error": {"message": "The model `x` does not exist", "code": "model_not_found"}}, 404)
    async with ScriptedRest({NEWER: [unknown]}) as rest:
        assert (await refusal(minted(rest))).kind is Kind.BAD_MODEL


@pytest.mark.real
async def test_a_broken_connection_is_worth_another_try():
    async with ScriptedRest({NEWER: [GONE, RestAnswer(NEW)]}) as rest:
        assert (await minted(rest)).model == "some-realtime"


@pytest.mark.real
async def test_a_token_does_not_show_itself():
    async with ScriptedRest({NEWER: [RestAnswer(NEW)]}) as rest:
        token = await minted(rest)
    assert "ek_" not in repr(token) + str(token) + token.model_dump_json()


@pytest.mark.parametrize(
    ("raw", "token", "seconds"),
    [
        (NEW, "ek_example", 1770000600),
        (OLD, "ek_example", 1770000060),
        ({"value": "t"}, "t", None),
        ({"value": "", "client_secret": {"value": "t"}, "expires_at": 5}, "t", None),
        ({"client_secret": "t", "expires_at": 5}, "t", 5),
        ({"client_secret": {"value": 7}}, None, None),
        ({"value": "t", "expires_at": "soon"}, "t", None),
        ({"value": "t", "expires_at": 1e15}, "t", None),
        ({"value": "t", "expires_at": 5.5}, "t", 5.5),
        ({}, None, None),
    ],
)
def test_tokens_stand_in_several_places(raw, token, seconds):
    found, expires_at = read_token(raw)
    assert found == token
    assert (None if expires_at is None else expires_at.timestamp()) == seconds
