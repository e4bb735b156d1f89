from __future__ import annotations

import errno
import gzip
import logging

import pytest

from dgrid.asker import BUSY, ENDLESS, FINE, GET, GONE, KEY, POST, SILENT, client, refusal, script
from office import NAME, WRITTEN, OfficeProxy, environment
from voiceloop.dgrid.client import Client, Request, Timeouts
from voiceloop.dgrid.failures import Kind
from voiceloop.dgrid.retries import Repeat, Retries
from voiceloop.errors import MisuseError, SettingsError
from voiceloop.network.route import route_to
from voiceloop.testing.rest import RestAnswer, ScriptedRest

pytestmark = pytest.mark.real

# What is sent and what comes back


async def test_the_request_is_what_was_asked_for_and_the_key():
    async with script(FINE, request=POST) as rest, client(rest) as asker:
        answer = await asker.ask(POST)
    (heard,) = rest.heard
    assert (heard.method, heard.path, heard.body) == ("POST", "/v1/x", b'{"a":1}')
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert heard.headers["content-type"] == "application/json"
    assert (answer.status, answer.body) == (200, b'{"fine": true}')
    assert answer.headers["content-type"] == "application/json"


async def test_headers_of_a_family_are_added_and_win():
    claude = Request("POST", "/v1/x", b"x", {"anthropic-version": "2023-06-01", "content-type": "text/x"})
    async with script(FINE, request=POST) as rest, client(rest) as asker:
        await asker.ask(claude)
    assert rest.heard[0].headers["anthropic-version"] == "2023-06-01"
    assert rest.heard[0].headers["content-type"] == "text/x"


async def test_without_a_key_and_a_body_nothing_is_said_of_them():
    async with script(FINE) as rest, Client(rest.base_url) as asker:
        assert (await asker.ask_json(GET)).raw == {"fine": True}
    assert not {"authorization", "content-type"} & rest.heard[0].headers.keys()


async def test_a_server_may_live_below_a_path():
    async with ScriptedRest({"GET /gateway/v1/x": [FINE]}) as rest, client(f"{rest.base_url}/gateway") as asker:
        assert (await asker.ask(GET)).status == 200


async def test_one_connection_serves_one_request_after_the_other():
    async with script(FINE, FINE, BUSY, FINE) as rest, client(rest) as asker:
        for _ in range(3):
            await asker.ask(GET)
    assert [heard.connection for heard in rest.heard] == [1, 1, 1, 1]


async def test_the_servers_name_for_a_request_is_kept():
    named = RestAnswer({"fine": True}, headers={"X-Request-Id": "req_7"})
    async with script(named, named, named) as rest, client(rest) as asker:
        assert (await asker.ask(GET)).request_id == "req_7"
        assert (await asker.ask_json(GET)).request_id == "req_7"
        async with asker.stream(GET) as answer:
            assert answer.request_id == "req_7"


async def test_a_packed_answer_is_unpacked():
    packed = RestAnswer(gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})
    async with script(packed) as rest, client(rest) as asker:
        assert (await asker.ask_json(GET)).raw == {}


# Failures


async def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else():
    async with script(FINE) as elsewhere:
        there = RestAnswer(status=307, headers={"Location": f"{elsewhere.base_url}/v1/x"})
        async with script(there) as rest, client(rest) as asker:
            failure = await refusal(asker.ask(GET))
    assert (failure.kind, failure.status) == (Kind.REDIRECTED, 307)
    assert elsewhere.heard == []


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 413, 422, 501])
async def test_what_another_try_cannot_help_is_asked_once_and_the_key_is_not_repeated(status):
    echo = RestAnswer({"error": {"message": f"no {KEY}", "code": KEY}}, status, {"X-Request-Id": KEY})
    async with script(echo, FINE) as rest, client(rest) as asker:
        failure = await refusal(asker.ask(GET))
    assert failure.status == status
    assert len(rest.heard) == 1


@pytest.mark.parametrize("code", ["insufficient_quota", "model_not_found"])
async def test_nor_is_a_quota_or_a_model_tried_again_whatever_the_status(code):
    async with script(RestAnswer({"error": {"code": code}}, 429), FINE) as rest, client(rest) as asker:
        assert (await refusal(asker.ask(GET))).code == code


async def test_trouble_passes_in_a_few_tries():
    async with script(BUSY, BUSY, FINE) as rest, client(rest) as asker:
        assert (await asker.ask(GET)).status == 200
    assert asker.waits == [0.5, 1.0]


async def test_after_the_last_try_the_last_trouble_is_told(caplog):
    with caplog.at_level(logging.DEBUG):
        async with script(BUSY, BUSY, RestAnswer(f"down {KEY}", 502)) as rest, client(rest) as asker:
            failure = await refusal(asker.ask(GET))
    assert (failure.kind, failure.status) == (Kind.SERVER_FAULT, 502)
    assert failure.message.startswith("down ")
    assert "again in 1.0 s" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize("asked", ["7", "Sun, 22 Nov 2026 00:00:07 GMT"])
async def test_a_server_that_asks_for_patience_gets_it(asked):
    limited = RestAnswer(status=429, headers={"Retry-After": asked})
    async with script(limited, FINE) as rest, client(rest) as asker:
        await asker.ask(GET)
    assert asker.waits == [7]


async def test_a_server_that_asks_for_an_hour_is_not_waited_for():
    limited = RestAnswer(status=429, headers={"Retry-After": "3600"})
    async with script(limited, FINE) as rest, client(rest) as asker:
        assert (await refusal(asker.ask(GET))).retry_after_s == 3600
    assert asker.waits == []


async def test_what_may_have_been_done_is_done_again_only_where_that_is_safe():
    async with script(GONE, FINE) as rest, client(rest) as asker:
        await asker.ask(GET)
    async with script(GONE, FINE, request=POST) as rest, client(rest) as asker:
        assert (await refusal(asker.ask(POST))).kind is Kind.DROPPED
    assert len(rest.heard) == 1


async def test_what_never_left_is_sent_again(unused_tcp_port):
    async with client(f"http://127.0.0.1:{unused_tcp_port}") as asker:
        failure = await refusal(asker.ask(POST))
    assert failure.kind is Kind.UNREACHABLE
    assert str(errno.ECONNREFUSED) in failure.message  # why, not only that it failed
    assert len(asker.waits) == 2


@pytest.mark.parametrize("url", ["https://127.0.0.1:{port}", "http://host.invalid"])
async def test_an_address_that_leads_nowhere(url):
    async with script(FINE) as rest:
        there = url.format(port=rest.base_url.rpartition(":")[2])
        async with client(there, retries=Retries(attempts=1), timeouts=Timeouts(connect_s=0.1)) as asker:
            assert (await refusal(asker.ask(GET))).kind in (Kind.UNREACHABLE, Kind.DROPPED)


async def test_silence_has_an_end():
    async with script(SILENT, FINE) as rest, client(rest, timeouts=Timeouts(silence_s=0.05)) as asker:
        assert (await refusal(asker.ask(GET))).kind is Kind.SILENT
    assert len(rest.heard) == 1


async def test_an_answer_that_trickles_has_an_end_too():
    async with script(ENDLESS) as rest, client(rest, timeouts=Timeouts(whole_s=0.05)) as asker:
        failure = await refusal(asker.ask(GET))
        await rest.heard[0].gone.wait()
    assert (failure.kind, failure.message) == (Kind.SILENT, "no whole answer within 0.05 s")


async def test_an_answer_that_breaks_off_is_asked_for_again():
    async with script(RestAnswer(b"{", ends="cut"), FINE) as rest, client(rest) as asker:
        assert (await asker.ask_json(GET)).raw == {"fine": True}


async def test_an_answer_without_end_is_broken_off():
    short = Request("GET", "/v1/x", largest_bytes=100)
    async with script(RestAnswer([b"x" * 101], ends="never")) as rest, client(rest) as asker:
        failure = await refusal(asker.ask(short))
        await rest.heard[0].gone.wait()
    assert (failure.kind, failure.message) == (Kind.BROKEN, "it is longer than 100 bytes")


async def test_an_error_without_end_is_broken_off_and_its_status_counts():
    async with script(RestAnswer([b"no", *[b"x" * 50_000] * 2], 400, ends="never")) as rest, client(rest) as asker:
        failure = await refusal(asker.ask(GET))
        await rest.heard[0].gone.wait()
    assert failure.kind is Kind.REFUSED
    assert failure.message.startswith("nox")


async def test_an_error_that_breaks_off_is_told_as_far_as_it_came():
    async with script(RestAnswer(b"no, because", 400, ends="cut")) as rest, client(rest) as asker:
        failure = await refusal(asker.ask(GET))
    assert (failure.kind, failure.message) == (Kind.REFUSED, "no, because")


async def test_an_answer_that_lies_about_its_packing_is_broken():
    lie = RestAnswer(b"plain", headers={"Content-Encoding": "gzip"})
    async with script(lie) as rest, client(rest) as asker:
        assert (await refusal(asker.ask(GET))).kind is Kind.BROKEN


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><title>Welcome</title></html>", "no JSON object but Welcome"),
        (b"", "no JSON object but nothing"),
        (b"[1]", "no JSON object but [1]"),
        (b"\xff", "no JSON object but \N{REPLACEMENT CHARACTER}"),
        (b"[" * 5_000, "no JSON object but " + "[" * 300),
    ],
)
async def test_an_answer_that_is_no_json_object_is_shown(body, words):
    async with script(RestAnswer(body)) as rest, client(rest) as asker:
        failure = await refusal(asker.ask_json(GET))
    assert (failure.kind, failure.message) == (Kind.BROKEN, words)


async def test_a_key_of_no_known_form_is_not_shown_either():
    async with script(RestAnswer("you sent canary-bird")) as rest, Client(rest.base_url, "canary-bird") as asker:
        assert (await refusal(asker.ask_json(GET))).message.startswith("no JSON object but you sent ")


async def test_a_success_that_is_none_is_raised():
    async with script(RestAnswer({"success": False, "message": f"no group for {KEY}"})) as rest, client(rest) as asker:
        failure = await refusal(asker.ask_json(GET))
    assert failure.message.startswith("no group for ")


@pytest.mark.parametrize("key", ["", "a b", "a\n", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_refused_without_repeating_it(key):
    with pytest.raises(SettingsError, match="the key is empty or holds blanks") as error:
        Client("http://127.0.0.1:1", key)
    assert error.value.__cause__ is None


async def test_a_client_is_used_while_it_is_open():
    with pytest.raises(MisuseError, match="enter it first"):
        await client("http://127.0.0.1:1").ask(GET)


def test_a_client_does_not_show_its_key():
    assert "canary" not in repr(client("http://127.0.0.1:1"))


# Proxies and certificates


def away(rest):
    """The same server at an address for which proxies are asked."""
    return rest.base_url.replace("127.0.0.1", "0.0.0.0")


async def test_the_environment_names_the_proxy_which_gets_its_password_and_no_key_of_its_own(monkeypatch):
    async with script(FINE) as rest, OfficeProxy(signs_in=True) as proxy:
        environment(monkeypatch, HTTP_PROXY=proxy.url(WRITTEN))
        async with client(away(rest)) as asker:
            assert (await asker.ask(GET)).status == 200
        async with client(rest) as asker:  # this machine is never behind one
            assert (await refusal(asker.ask(GET))).status == 404
    assert proxy.asked == [f"GET {away(rest)}/v1/x HTTP/1.1"]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses_the_password_is_asked_once_and_told_without_it(scheme):
    async with OfficeProxy(signs_in=True) as proxy:
        there = f"{scheme}://{NAME}"
        route = route_to(there, {"ALL_PROXY": proxy.url("ada:canary-wrong")})
        async with client(there, route=route) as asker:
            failure = await refusal(asker.ask(GET))
        assert len(proxy.asked) == 1
    assert failure.kind is Kind.PROXY_REFUSED
    assert "check the proxy's user and password in ALL_PROXY" in failure.message


@pytest.mark.parametrize(
    ("answer", "words"),
    [(b"HTTP/1.1 403 No\r\n\r\n", "(HTTPS_PROXY) forbids "), (b"SSH-2.0\r\n\r\n", "through the proxy ")],
)
async def test_a_proxy_that_opens_no_way_is_named(answer, words):
    async with OfficeProxy(answer=answer) as proxy:
        route = route_to(f"https://{NAME}", {"HTTPS_PROXY": proxy.url(WRITTEN)})
        async with client(f"https://{NAME}", route=route, retries=Retries(attempts=1)) as asker:
            failure = await refusal(asker.ask(GET))
    assert failure.kind in (Kind.UNREACHABLE, Kind.DROPPED)
    assert words in failure.message


async def test_settings_of_no_use_are_told_before_anything_is_sent(monkeypatch):
    environment(monkeypatch, SSL_CERT_FILE="/none.pem")
    with pytest.raises(SettingsError, match="cannot read"):
        await client("https://127.0.0.1:1").__aenter__()


# Streams


async def test_events_come_one_by_one():
    async with script(ENDLESS) as rest, client(rest) as asker, asker.stream(GET) as answer:
        event = await anext(answer.events())
    assert event.data == "1"


async def test_a_stream_ends_with_what_stood_there():
    whole = RestAnswer([b"data: 1\n", b"\ndata: ", "ü".encode()[:1], "ü".encode()[1:]])
    async with script(whole) as rest, client(rest) as asker, asker.stream(GET) as answer:
        assert [event.data async for event in answer.events()] == ["1", "ü"]


async def test_a_stream_is_opened_in_a_few_tries():
    async with script(BUSY, GONE, ENDLESS) as rest, client(rest) as asker, asker.stream(GET) as answer:
        assert await answer.chunk() == b"data: 1\n\n"


async def test_a_stream_that_is_refused_is_an_error_like_any_other():
    async with script(RestAnswer({"error": "no"}, 400)) as rest, client(rest) as asker:
        failure = await refusal(asker.stream(GET).__aenter__())
    assert (failure.kind, failure.message) == (Kind.REFUSED, "no")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (RestAnswer([b"data: 1\n\n"], ends="cut"), Kind.DROPPED),
        (ENDLESS, Kind.SILENT),
        (RestAnswer([b"data: " + b"x" * 200]), Kind.BROKEN),
    ],
)
async def test_what_goes_wrong_in_a_stream_is_raised_and_not_repeated(answer, kind):
    short = Request("GET", "/v1/x", repeat=Repeat.SAFE, largest_bytes=100)
    brief = Timeouts(silence_s=0.05)
    async with script(answer, FINE) as rest, client(rest, timeouts=brief) as asker, asker.stream(short) as opened:

        async def read():
            return [event async for event in opened.events()]

        assert (await refusal(read())).kind is kind
    assert len(rest.heard) == 1


async def test_an_event_without_end_is_broken_off(monkeypatch):
    monkeypatch.setattr("voiceloop.dgrid.sse.LONGEST", 20)
    async with script(RestAnswer([b"data: " + b"x" * 20])) as rest, client(rest) as asker, asker.stream(GET) as opened:
        failure = await refusal(anext(opened.events()))
    assert (failure.kind, failure.message) == (Kind.BROKEN, "an event of the stream is longer than 20 bytes")


async def test_leaving_early_closes_the_connection():
    async with script(ENDLESS) as rest, client(rest) as asker:
        async with asker.stream(GET) as answer:
            await answer.chunk()
        await rest.heard[0].gone.wait()
