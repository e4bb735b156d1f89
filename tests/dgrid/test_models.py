from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from voiceloop.dgrid import models as module
from voiceloop.dgrid.models import Choice, Listed, choose, list_models
from voiceloop.dgrid.preferences import preferences
from voiceloop.errors import RefusedError, UnreachableError

KEY = "sk-canary-4711-abcdef"  # pragma: allowlist secret
HERE = "http://127.0.0.1:1"


@asynccontextmanager
async def server(body=b"", status=200, headers=(), *, hangs=False):
    """A server of plain bytes; yields its base URL and the requests it was sent."""
    asked, answered = [], asyncio.Event()

    async def answer(reader, writer):
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if hangs:
            await reader.read()  # until the client is gone
        else:
            more = "".join(f"{line}\r\n" for line in headers)
            head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n"
            writer.write(head.encode() + body)
        writer.close()
        answered.set()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", asked
        if asked:
            await answered.wait()


def listing(*models, **more):
    return json.dumps({"object": "list", "data": list(models), **more}).encode()


@pytest.mark.real
async def test_ids_and_endpoint_types_are_read_and_the_rest_is_left():
    body = listing({"id": "a", "supported_endpoint_types": ["openai"], "owned_by": "x", "created": "?"}, {"id": "b"})
    async with server(body) as (url, asked):
        assert await list_models(url, KEY) == (Listed("a", ("openai",), "x"), Listed("b"))
    assert asked[0].startswith("GET /v1/models HTTP/1.1\r\n")
    assert f"Authorization: Bearer {KEY}\r\n" in asked[0]


@pytest.mark.real
async def test_without_a_key_none_is_sent():
    async with server(listing()) as (url, asked):
        assert await list_models(url) == ()
    assert "uthorization" not in asked[0]


@pytest.mark.real
@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_server_without_a_list_is_no_error(status):
    async with server(b"no", status) as (url, _):
        assert await list_models(url) is None


@pytest.mark.real
@pytest.mark.parametrize(
    "body", [b"<html>hello</html>", b"", b"\xff", b"[]", b'{"data": [{"id": ""}]}', b'{"object": "list"}']
)
async def test_an_answer_that_is_no_list_is_none(body):
    async with server(body) as (url, _):
        assert await list_models(url) is None


@pytest.mark.real
@pytest.mark.parametrize("status", [401, 402, 403])
async def test_a_refused_key_is_told_without_repeating_it(status):
    async with server(KEY.encode(), status) as (url, _):
        with pytest.raises(RefusedError, match=f"HTTP {status}") as error:
            await list_models(url, KEY)
    assert "canary" not in str(error.value)


@pytest.mark.real
async def test_success_false_is_a_refusal_in_the_servers_words_without_the_key():
    async with server(listing(success=False, message=f"no group\nfor {KEY}")) as (url, _):
        with pytest.raises(RefusedError, match="lists no models: no group for") as error:
            await list_models(url, KEY)
    assert "canary" not in str(error.value)


@pytest.mark.real
async def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else():
    async with server(listing({"id": "stolen"})) as (elsewhere, asked):
        headers = [f"Location: {elsewhere}/v1/models"]
        async with server(status=302, headers=headers) as (url, _):
            with pytest.raises(UnreachableError, match="sends elsewhere"):
                await list_models(url, KEY)
    assert asked == []


@pytest.mark.real
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_in_trouble_is_unreachable(status):
    async with server(b"", status) as (url, _):
        with pytest.raises(UnreachableError, match=f"HTTP {status}"):
            await list_models(url)


@pytest.mark.real
async def test_a_silent_server_is_left_in_time():
    async with server(hangs=True) as (url, _):
        with pytest.raises(UnreachableError, match=r"within 0\.1 s"):
            await list_models(url, within_s=0.1)


@pytest.mark.real
async def test_a_list_without_end_is_cut(monkeypatch):
    monkeypatch.setattr(module, "LARGEST_LIST", 100)
    async with server(b"x" * 1000) as (url, _):
        with pytest.raises(UnreachableError, match="longer than 100 bytes"):
            await list_models(url)


@pytest.mark.real
async def test_nobody_there_is_unreachable(unused_tcp_port):
    with pytest.raises(UnreachableError, match=f"cannot reach http://127.0.0.1:{unused_tcp_port}: "):
        await list_models(f"http://127.0.0.1:{unused_tcp_port}", KEY)


@pytest.mark.real
async def test_a_proxy_of_the_environment_is_used_only_where_it_may(monkeypatch, unused_tcp_port):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_tcp_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with server(listing({"id": "a"})) as (url, _):
        assert await list_models(url, proxy=False) == (Listed("a"),)
        with pytest.raises(UnreachableError):
            await list_models(url)


# Choosing


def test_the_choice_tells_how_many_models_fit():
    first = preferences().roles["realtime"].first
    chosen = choose("realtime", [Listed("x-realtime"), Listed("chat"), Listed(first)], HERE)
    assert chosen == Choice("realtime", first, 2)


def test_without_a_list_the_first_preference_is_taken():
    chosen = choose("realtime", None, HERE)
    assert chosen == Choice("realtime", preferences().roles["realtime"].first, 0)


@pytest.mark.parametrize(
    ("role", "pin"), [("realtime", "VOICELOOP_REALTIME__MODEL=ID"), ("image", "voiceloop models$")]
)
def test_a_role_that_no_model_fits_is_named(role, pin):
    with pytest.raises(UnreachableError, match=rf"lists 1 models and none for the role {role}; .*{pin}") as error:
        choose(role, [Listed("chat")], HERE)
    assert error.value.exit_status == 5
