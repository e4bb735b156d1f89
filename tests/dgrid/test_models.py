from __future__ import annotations

import asyncio
import json
import logging
from contextlib import asynccontextmanager

import pytest

from office import CA, CLIENT, NAME, WRITTEN, OfficeProxy, encrypted, environment, server_tls
from office import KEY as KEY_FILE
from voiceloop.dgrid import models as module
from voiceloop.dgrid.failures import Kind
from voiceloop.dgrid.models import Choice, Listed, choose, list_models, read_list
from voiceloop.dgrid.preferences import preferences
from voiceloop.errors import RefusedError, UnreachableError
from voiceloop.network.route import route_to
from voiceloop.settings import BackendSettings

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
@pytest.mark.parametrize("flag", [{}, {"success": True}, {"success": None}, {"success": "false"}])
async def test_only_a_flag_that_says_so_is_a_refusal(flag):
    async with server(listing({"id": "a"}, **flag)) as (url, _):
        assert await list_models(url) == (Listed("a"),)


@pytest.mark.real
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"success": false}', Kind.REFUSED, 4),
        (b'{"success": false, "message": "invalid api key"}', Kind.BAD_KEY, 4),
        (b'{"error": {"message": "no credit", "code": "insufficient_quota"}}', Kind.QUOTA, 4),
        (b'{"error": {"message": "busy", "type": "overloaded_error"}}', Kind.SERVER_FAULT, 5),
    ],
)
async def test_a_failure_under_the_status_of_a_success_says_what_it_is(body, kind, status):
    async with server(body) as (url, _):
        with pytest.raises((RefusedError, UnreachableError)) as error:
            await list_models(url)
    assert (error.value.failure.kind, error.value.exit_status) == (kind, status)


def test_entries_that_name_no_model_are_left_out():
    odd = [None, 7, "a", {}, {"id": ""}, {"id": 7}, {"id": "x" * 401}]
    assert read_list({"data": [*odd, {"id": "a", "supported_endpoint_types": None}]}) == (Listed("a"),)
    assert read_list({"data": odd}) is None


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
    with pytest.raises(UnreachableError, match=f"^http://127.0.0.1:{unused_tcp_port} cannot be reached: "):
        await list_models(f"http://127.0.0.1:{unused_tcp_port}", KEY)


# In offices


def port_of(url):
    return int(url.rpartition(":")[2])


@pytest.mark.real
async def test_the_environment_names_proxy_and_authorities_and_this_machine_needs_no_proxy(monkeypatch):
    async with (
        server(listing({"id": "a"})) as (url, _),
        encrypted(port_of(url), server_tls()) as port,
        OfficeProxy() as proxy,
    ):
        environment(monkeypatch, ALL_PROXY=proxy.url(), SSL_CERT_FILE=CA)
        assert await list_models(f"https://{NAME}:{port}", KEY) == (Listed("a"),)
        assert await list_models(url) == (Listed("a"),)
        assert proxy.asked == [f"CONNECT {NAME}:{port} HTTP/1.1"]


@pytest.mark.real
@pytest.mark.parametrize("tls", [None, server_tls()])
async def test_a_certificate_of_ours_and_a_proxys_password_are_shown_where_they_belong(tls):
    backend = BackendSettings(ca_file=CA, client_cert=CLIENT, client_key=KEY_FILE)
    known = server_tls(knows_clients=True)
    async with (
        server(listing({"id": "a"})) as (url, asked),
        encrypted(port_of(url), known) as port,
        OfficeProxy(tls=tls, signs_in=True) as proxy,
    ):
        there = f"https://{NAME}:{port}"
        route = route_to(there, {"HTTPS_PROXY": proxy.url(WRITTEN)}, backend)
        assert await list_models(there, KEY, route=route) == (Listed("a"),)
    assert "roxy-" not in asked[0]


@pytest.mark.real
async def test_a_plaintext_server_is_asked_for_through_a_proxy_and_without_one_by_no_proxy():
    async with server(listing({"id": "a"})) as (url, asked), OfficeProxy(signs_in=True) as proxy:
        there = url.replace("127.0.0.1", "0.0.0.0")  # this machine, at an address that does not look so
        environ = {"http_proxy": proxy.url(WRITTEN)}
        assert await list_models(there, route=route_to(there, environ)) == (Listed("a"),)
        assert proxy.asked == [f"GET {there}/v1/models HTTP/1.1"]
        assert await list_models(there, route=route_to(there, environ | {"no_proxy": "0.0.0.0"})) == (Listed("a"),)
        assert len(proxy.asked) == 1
    assert len(asked) == 2


@pytest.mark.real
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses_the_password_is_told_without_it(scheme, caplog):
    caplog.set_level(logging.DEBUG)
    async with OfficeProxy(signs_in=True) as proxy:
        there = f"{scheme}://{NAME}"
        route = route_to(there, {"ALL_PROXY": proxy.url("ada:canary-wrong")})
        with pytest.raises(RefusedError, match="check the proxy's user and password in ALL_PROXY") as error:
            await list_models(there, KEY, route=route)
        assert len(proxy.asked) == 1
    assert "httpcore" in {record.name.split(".")[0] for record in caplog.records}
    for secret in ("canary", route.proxy.authorization.removeprefix("Basic ")):
        assert secret not in str(error.value) + caplog.text


@pytest.mark.real
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            b"HTTP/1.1 403 No\r\n\r\n",
            rf"^https://{NAME} .*: the proxy http://127.0.0.1:\d+ \(HTTPS_PROXY\) forbids https://{NAME}: ",
        ),
        (b"HTTP/1.1 502 No\r\n\r\n", rf"cannot reach https://{NAME} \(HTTP 502\)"),
        (b"SSH-2.0\r\n\r\n", rf"^https://{NAME} .*: through the proxy http://127.0.0.1:\d+ \(HTTPS_PROXY\): "),
        (b"", r"through the proxy .* \(HTTPS_PROXY\): "),
    ],
)
async def test_a_proxy_that_opens_no_way_is_named(answer, words):
    async with OfficeProxy(answer=answer) as proxy:
        route = route_to(f"https://{NAME}", {"HTTPS_PROXY": proxy.url(WRITTEN)})
        with pytest.raises(UnreachableError, match=words) as error:
            await list_models(f"https://{NAME}", KEY, route=route)
    assert "canary" not in str(error.value)


@pytest.mark.real
async def test_a_server_that_is_not_trusted_is_told_with_the_reason():
    async with server(listing()) as (url, _), encrypted(port_of(url), server_tls()) as port:
        with pytest.raises(UnreachableError, match="certificate verify failed"):
            await list_models(f"https://localhost:{port}", KEY)


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
