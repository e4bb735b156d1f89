from __future__ import annotations

import asyncio
import logging
import socket as sockets
import ssl
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from engines.wires import CERTIFICATE, Heard, echo, raw_server, reset, stock_server
from office import CA, CLIENT, KEY, NAME, USER, WRITTEN, OfficeProxy, environment, server_tls
from voiceloop.engines.socket import connect
from voiceloop.errors import RefusedError, SettingsError, UnreachableError
from voiceloop.network.route import route_to
from voiceloop.settings import BackendSettings

pytestmark = pytest.mark.real

OFFICE = BackendSettings(ca_file=CA)
KNOWN = BackendSettings(ca_file=CA, client_cert=CLIENT, client_key=KEY)


def port_of(url):
    return int(url.split(":")[2].split("/")[0])


def named(url, name=NAME):
    """A server's URL as the office knows it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.replace('127.0.0.1', name, 1)}"


def secure(url):
    return named(url).replace("ws:", "wss:")


async def echoed(url, way, **options):
    """Connect, send, hear the echo, close; returns what was heard."""
    heard = Heard()
    socket = await connect(url, headers={}, route=way, **heard.callbacks, **options)
    option = socket._transport.get_extra_info("socket").getsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY)
    assert option != 0, "small messages wait"
    assert socket.send(b"hello" * 50_000)
    await heard.until(lambda: heard.messages)
    await socket.close(1.0)
    assert heard.messages == [b"hello" * 50_000]
    assert heard.closes == [(1000, "")]


# Through a proxy


async def test_tls_to_the_server_goes_inside_the_tunnel():
    async with stock_server(echo, ssl=server_tls()) as url, OfficeProxy() as proxy:
        way = route_to(secure(url), {"HTTPS_PROXY": proxy.url()}, OFFICE)
        await echoed(secure(url), way)
        assert proxy.asked == [f"CONNECT {NAME}:{port_of(url)} HTTP/1.1"]


async def test_plaintext_goes_through_a_tunnel_too():
    async with stock_server(echo) as url, OfficeProxy() as proxy:
        await echoed(named(url), route_to(named(url), {"http_proxy": proxy.url()}))
        assert len(proxy.asked) == 1


async def test_a_proxy_can_be_spoken_to_over_tls_and_is_shown_no_certificate():
    async with (
        stock_server(echo, ssl=server_tls(knows_clients=True)) as url,
        OfficeProxy(tls=server_tls(), signs_in=True) as proxy,
    ):
        environ = {"HTTPS_PROXY": proxy.url(WRITTEN), "HTTP_PROXY": proxy.url(WRITTEN)}
        await echoed(secure(url), route_to(secure(url), environ, KNOWN))


async def test_plaintext_through_a_proxy_over_tls():
    async with stock_server(echo) as url, OfficeProxy(tls=server_tls()) as proxy:
        await echoed(named(url), route_to(named(url), {"HTTP_PROXY": proxy.url()}, OFFICE))


async def test_user_and_password_are_sent_decoded():
    async with stock_server(echo, ssl=server_tls()) as url, OfficeProxy(signs_in=True) as proxy:
        await echoed(secure(url), route_to(secure(url), {"ALL_PROXY": proxy.url(WRITTEN)}, OFFICE))


async def test_without_a_route_the_environment_is_asked(monkeypatch):
    async with stock_server(echo, ssl=server_tls()) as url, OfficeProxy() as proxy:
        environment(monkeypatch, https_proxy=proxy.url(), no_proxy="other.test", SSL_CERT_FILE=CA)
        await echoed(secure(url), None)
        assert len(proxy.asked) == 1


async def test_a_host_of_no_proxy_is_reached_without_it():
    async with stock_server(echo) as url, OfficeProxy() as proxy:
        there = named(url, "0.0.0.0")  # this machine, at an address that does not look so
        environ = {"HTTP_PROXY": proxy.url()}
        await echoed(there, route_to(there, environ | {"NO_PROXY": "10.0.0.0/8,0.0.0.0/31"}))
        assert proxy.asked == []
        await echoed(there, route_to(there, environ | {"NO_PROXY": "10.0.0.0/8"}))
        assert len(proxy.asked) == 1


async def test_this_machine_is_reached_without_a_proxy():
    async with stock_server(echo) as url:
        await echoed(url, route_to(url, {"ALL_PROXY": "http://127.0.0.1:1"}))


# A certificate of ours


async def test_a_server_that_wants_to_know_us_is_shown_our_certificate():
    async with stock_server(echo, ssl=server_tls(knows_clients=True)) as url:
        there = url.replace("ws:", "wss:")
        await echoed(there, route_to(there, {}, KNOWN))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("shown", [None, str(CERTIFICATE)])
async def test_who_shows_none_or_a_strange_one_is_told_what_to_set(version, shown):
    with turning_away_strangers(version) as url:
        way = route_to(url, {}, BackendSettings(ca_file=CA, client_cert=shown))
        with pytest.raises(UnreachableError, match=r"wants a client certificate .* check backend\.client_cert"):
            await connect(url, headers={}, route=way, **Heard().callbacks)


@contextmanager
def turning_away_strangers(version):
    """A server in a thread: asyncio's would hang up without the alert that says why."""
    context = server_tls(knows_clients=True)
    context.minimum_version = context.maximum_version = version

    def serve():
        connection, _ = listening.accept()
        with suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True):
            pytest.fail("a stranger was let in")

    with sockets.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve)
        yield f"wss://127.0.0.1:{listening.getsockname()[1]}/"
        served.result(5)


async def test_an_untrusted_server_behind_a_proxy_is_named_with_the_proxy():
    async with stock_server(echo, ssl=server_tls()) as url, OfficeProxy() as proxy:
        way = route_to(secure(url), {"HTTPS_PROXY": proxy.url()})
        with pytest.raises(UnreachableError, match=rf"certificate of {NAME}:\d+ through the proxy .* backend\.ca_file"):
            await connect(secure(url), headers={}, route=way, **Heard().callbacks)


async def test_an_untrusted_proxy_is_named_alone():
    async with OfficeProxy(tls=server_tls()) as proxy:
        error = await refused_by(proxy.url(), OFFICE.model_copy(update={"ca_file": None}))
    assert str(error).startswith("the certificate of the proxy https://localhost:")


# Proxies in the way


async def refused_by(address, backend=OFFICE, **options):
    """The error of a connection by way of a proxy that opens none."""
    url = f"wss://{NAME}/v1/realtime"
    way = route_to(url, {"HTTPS_PROXY": address}, backend)
    heard = Heard()
    with pytest.raises((UnreachableError, RefusedError)) as error:
        await connect(url, headers={}, route=way, **heard.callbacks, **options)
    assert heard.closes == []
    assert "\n" not in str(error.value)
    return error.value


async def test_a_wrong_password_is_refused_for_good_and_shown_nowhere(caplog):
    caplog.set_level(logging.DEBUG)
    async with OfficeProxy(signs_in=True) as proxy:
        error = await refused_by(proxy.url(f"{USER}:canary-wrong"))
        assert len(proxy.asked) == 1
    assert isinstance(error, RefusedError)
    assert "check the proxy's user and password in HTTPS_PROXY" in str(error)
    for secret in ("canary", b64encode(f"{USER}:canary-wrong".encode()).decode()):
        assert secret not in str(error) + caplog.text


async def test_a_proxy_that_wants_to_know_who_asks():
    async with OfficeProxy(signs_in=True) as proxy:
        assert "wants a user and a password: write them into HTTPS_PROXY" in str(await refused_by(proxy.url()))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n<html>", f"forbids {NAME}:443"),
        (b"HTTP/1.0 502 Bad Gateway\r\n\r\n", f"cannot reach {NAME}:443 (HTTP 502)"),
        (b"HTTP/1.1 302 Found\r\nLocation: https://login.test\r\n\r\n", "answers HTTP 302"),
        (
            b"HTTP/1.1 407 No\r\nPROXY-AUTHENTICATE: Negotiate\r\nproxy-authenticate:NTLM\r\n\r\n",
            "only Negotiate, NTLM,",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not answer as an HTTP proxy does: check HTTPS_PROXY"),
        (b"HTTP/1.1 200 OK\r\nVia: x\r\n", "does not answer as an HTTP proxy does"),
        (b"HTTP/2 200 OK\r\n\r\n", "does not answer as an HTTP proxy does"),
        (b"x" * 100_000, "does not answer as an HTTP proxy does"),
        (b"", "dropped the connection before it was open: try again, check HTTPS_PROXY"),
    ],
)
async def test_each_way_of_not_opening_one_is_a_line_that_names_the_proxy(answer, words):
    async with OfficeProxy(answer=answer) as proxy:
        error = await refused_by(proxy.url(f"{USER}:canary"))
    assert words in str(error)
    assert f"the proxy http://127.0.0.1:{proxy.port} (HTTPS_PROXY)" in str(error)
    assert "canary" not in str(error)


async def test_an_answer_without_end_is_cut():
    async def babble(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"X-More: " + b"x" * 4096 + b"\r\n")
            await writer.drain()

    async with raw_server(babble) as url:
        error = await refused_by(f"http://127.0.0.1:{port_of(url)}")
    assert "does not answer as an HTTP proxy does" in str(error)


async def test_nobody_at_the_proxys_address():
    with sockets.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = await refused_by(f"http://127.0.0.1:{port}")
    assert str(error) == (
        f"the proxy http://127.0.0.1:{port} (HTTPS_PROXY) refuses connections: check that it runs and HTTPS_PROXY"
    )


async def test_a_proxy_nobody_knows():
    error = await refused_by("http://no-such-host.invalid:3128")
    assert str(error).startswith("the proxy http://no-such-host.invalid:3128 (HTTPS_PROXY) is not known: check HTTPS")


async def test_no_tls_at_a_proxy_that_should_speak_it():
    async def complain(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with raw_server(complain) as url:
        error = await refused_by(f"https://127.0.0.1:{port_of(url)}")
    assert str(error).startswith("no TLS with the proxy https://127.0.0.1:")


async def test_a_proxy_that_never_answers_is_named_when_time_is_up():
    async def silent(reader, writer):
        return

    async with raw_server(silent) as url:
        error = await refused_by(f"http://127.0.0.1:{port_of(url)}", timeout_s=0.05)
    assert f"no answer from {NAME}:443 through the proxy http://127.0.0.1:" in str(error)
    assert "within 0.05 s: check the network and the base URL and HTTPS_PROXY" in str(error)


async def test_what_a_proxy_sends_behind_its_answer_is_not_taken_for_the_server():
    heard = Heard()

    async def push(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        reset(writer)

    async with raw_server(push) as url:
        way = route_to(f"ws://{NAME}/", {"HTTP_PROXY": f"http://127.0.0.1:{port_of(url)}"})
        with pytest.raises(UnreachableError, match="dropped the connection"):
            await connect(f"ws://{NAME}/", headers={}, route=way, **heard.callbacks)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_cancelling_leaves_nothing_open_at_either_step(answer):
    asked, gone = asyncio.Event(), asyncio.Event()

    async def wait_for_end(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if answer:
            await reader.read(1)  # TLS has begun
        asked.set()
        while await reader.read(100):
            pass
        gone.set()

    async with raw_server(wait_for_end) as url, asyncio.timeout(5):
        there, proxy = f"wss://{NAME}/", f"http://127.0.0.1:{port_of(url)}"
        way = route_to(there, {"HTTPS_PROXY": proxy})
        loop = asyncio.get_running_loop()
        opening = loop.create_task(connect(there, headers={}, route=way, **Heard().callbacks))
        await asked.wait()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await gone.wait()


async def test_wrong_files_and_variables_are_settings_errors(monkeypatch):
    environment(monkeypatch, ALL_PROXY=f"socks5://{USER}:canary@127.0.0.1:1080")  # pragma: allowlist secret
    with pytest.raises(SettingsError, match=r"^ALL_PROXY names a SOCKS proxy") as error:
        await connect(f"wss://{NAME}/", headers={}, **Heard().callbacks)
    assert "canary" not in str(error.value)
    environment(monkeypatch, SSL_CERT_FILE="/no/such.pem")
    with pytest.raises(SettingsError, match=r"SSL_CERT_FILE: cannot read /no/such\.pem"):
        await connect(f"wss://{NAME}/", headers={}, **Heard().callbacks)
