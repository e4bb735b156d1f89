from __future__ import annotations

import base64

import pytest

from voiceloop.errors import RefusedError, SettingsError, UnreachableError
from voiceloop.network.proxies import Proxy, proxy_for, turned_away

PROXY = "http://proxy.office:3128"
WSS, WS = "wss://models.office.example/v1/realtime?model=m", "ws://models.office.example/v1/realtime"
CANARY = "canary-4711"


def variable_for(url, **environ):
    proxy = proxy_for(url, environ)
    return None if proxy is None else proxy.variable


# Which variable


@pytest.mark.parametrize(
    ("url", "environ", "variable"),
    [
        (WSS, {"HTTPS_PROXY": PROXY}, "HTTPS_PROXY"),
        ("https://models.office.example", {"HTTPS_PROXY": PROXY}, "HTTPS_PROXY"),
        (WSS, {"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, "https_proxy"),
        (WSS, {"https_proxy": " ", "HTTPS_PROXY": PROXY}, "HTTPS_PROXY"),
        (WSS, {"HTTP_PROXY": PROXY}, None),
        (WS, {"HTTP_PROXY": PROXY}, "HTTP_PROXY"),
        ("http://models.office.example", {"http_proxy": PROXY}, "http_proxy"),
        (WS, {"HTTPS_PROXY": PROXY}, None),
        (WSS, {"ALL_PROXY": PROXY}, "ALL_PROXY"),
        (WS, {"all_proxy": PROXY}, "all_proxy"),
        (WSS, {"ALL_PROXY": "http://other:1", "HTTPS_PROXY": PROXY}, "HTTPS_PROXY"),
        (WSS, {}, None),
        (WSS, {"HTTPS_PROXY": ""}, None),
        ("nonsense", {"ALL_PROXY": PROXY}, None),
    ],
)
def test_the_variable_of_the_scheme_counts_and_then_the_one_for_all(url, environ, variable):
    assert variable_for(url, **environ) == variable


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://proxy.office:3128", "http://proxy.office:3128"),
        ("proxy.office:3128", "http://proxy.office:3128"),
        ("http://proxy.office", "http://proxy.office:80"),
        ("HTTPS://Proxy.Office/", "https://proxy.office:443"),
        ("http://[fd00::1]:8080", "http://[fd00::1]:8080"),
        (" http://127.0.0.1:3128 ", "http://127.0.0.1:3128"),
    ],
)
def test_an_address_may_be_written_short(text, url):
    assert proxy_for(WSS, {"HTTPS_PROXY": text}).url == url


def test_user_and_password_are_decoded_and_stand_in_no_text():
    proxy = proxy_for(WSS, {"HTTPS_PROXY": f"http://ada%40office:{CANARY}%3A%2F@proxy.office:3128"})
    assert proxy.authorization == "Basic " + base64.b64encode(f"ada@office:{CANARY}:/".encode()).decode()
    assert CANARY not in f"{proxy} {proxy!r} {proxy.url}"
    assert str(proxy) == "proxy http://proxy.office:3128 (HTTPS_PROXY)"


def test_a_user_without_password_and_nobody_at_all():
    assert proxy_for(WSS, {"HTTPS_PROXY": "http://ada@p:1"}).authorization == "Basic YWRhOg=="
    assert proxy_for(WSS, {"HTTPS_PROXY": "http://p:1"}).authorization is None


@pytest.mark.parametrize(
    "text",
    [
        f"http://ada:{CANARY}#more@proxy.office:3128",
        f"http://ada:{CANARY}/more@proxy.office:3128",
        f"http://ada:{CANARY}@proxy.office:port",
        f"ftp://ada:{CANARY}@proxy.office:21",
        f"http://ada:{CANARY}@:3128",
        "http://proxy.office:0",
        "http://proxy.office:3128/path",
        "http://[proxy.office",
    ],
)
def test_what_is_no_address_is_a_settings_error_that_repeats_nothing(text):
    with pytest.raises(SettingsError, match="HTTPS_PROXY holds no address of a proxy: write it like http://") as error:
        proxy_for(WSS, {"HTTPS_PROXY": text})
    assert CANARY not in str(error.value)
    assert error.value.__context__ is None


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "socks"])
def test_socks_is_an_error_that_names_the_variable_and_only_where_it_counts(scheme):
    with pytest.raises(SettingsError, match=r"^ALL_PROXY names a SOCKS proxy"):
        proxy_for(WSS, {"ALL_PROXY": f"{scheme}://ada:{CANARY}@p:1080"})
    assert variable_for(WSS, ALL_PROXY=f"{scheme}://p:1080", HTTPS_PROXY=PROXY) == "HTTPS_PROXY"
    assert variable_for("ws://127.0.0.1:1", ALL_PROXY=f"{scheme}://p:1080") is None


def test_a_url_with_an_impossible_port_is_a_settings_error():
    with pytest.raises(SettingsError, match="check the base URL"):
        proxy_for("wss://h:99999/", {})


# Hosts without a proxy


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost.", "gateway.localhost", "127.0.0.1", "127.8.9.1", "[::1]"]
)
def test_this_machine_is_never_behind_a_proxy(host):
    assert variable_for(f"ws://{host}:8080/v1", ALL_PROXY=PROXY) is None


@pytest.mark.parametrize("host", ["localhost.example", "notlocalhost", "128.0.0.1", "0.0.0.0", "[::2]"])
def test_what_only_looks_like_this_machine_is_not_it(host):
    assert variable_for(f"ws://{host}:8080/v1", ALL_PROXY=PROXY) == "ALL_PROXY"


@pytest.mark.parametrize(
    ("listed", "host", "bypassed"),
    [
        ("*", "models.office.example", True),
        ("other.example, *", "10.1.2.3", True),
        ("models.office.example", "models.office.example", True),
        ("MODELS.office.EXAMPLE", "models.office.example", True),
        ("models.office.example.", "models.office.example", True),
        ("models.office.example", "models.office.example.", True),
        ("office.example", "models.office.example", True),
        (".office.example", "models.office.example", True),
        (".office.example", "office.example", True),
        ("*.office.example", "models.office.example", True),
        ("fice.example", "office.example", False),
        ("models.office.example", "office.example", False),
        ("a.example b.example", "b.example", True),
        ("a.example,,b.example", "b.example", True),
        ("", "a.example", False),
        (".", "a.example", False),
        ("a.example:443", "a.example", True),
        ("a.example:8443", "a.example", False),
        (".example:443", "a.example", True),
        ("*:443", "a.example", True),
        ("*:8443", "a.example", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3:443", "10.1.2.3", True),
        ("10.1.2.3:80", "10.1.2.3", False),
        ("1.2.3", "10.1.2.3", False),
        ("2.3", "10.1.2.3", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.1.2.9/24", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", "ten.example", False),
        ("10.0.0.0/99", "10.1.2.3", False),
        ("fd00::/8", "[fd00::7]", True),
        ("fd00::/8", "10.1.2.3", False),
        ("fd00:0::7", "[fd00::7]", True),
        ("[fd00::7]", "[fd00::7]", True),
        ("[fd00::7]:443", "[fd00::7]", True),
        ("[fd00::7]:80", "[fd00::7]", False),
    ],
)
def test_no_proxy_holds_names_with_all_below_them_addresses_networks_and_ports(listed, host, bypassed):
    assert (variable_for(f"wss://{host}/v1", HTTPS_PROXY=PROXY, NO_PROXY=listed) is None) == bypassed


def test_the_port_of_a_url_is_the_one_that_is_listed():
    assert variable_for("ws://a.example/", HTTP_PROXY=PROXY, NO_PROXY="a.example:80") is None
    assert variable_for("wss://a.example:8443/", HTTPS_PROXY=PROXY, NO_PROXY="a.example:8443") is None


def test_small_letters_win_for_no_proxy_too():
    assert variable_for(WSS, HTTPS_PROXY=PROXY, no_proxy="other.example", NO_PROXY="*") == "HTTPS_PROXY"


# Refusals

AT = "a.example:443"
NAMED = Proxy("HTTPS_PROXY", "http", "p", 3128, "ada", CANARY)


def test_a_refused_password_is_not_to_be_tried_again_and_not_shown():
    error = turned_away(NAMED, AT, 407, ['Basic realm="office"'])
    assert isinstance(error, RefusedError)
    assert "check the proxy's user and password in HTTPS_PROXY" in str(error)
    assert CANARY not in str(error)


def test_who_did_not_sign_in_is_told_how():
    error = turned_away(Proxy("https_proxy", "http", "p", 3128), AT, 407)
    assert "the proxy http://p:3128 (https_proxy) wants a user and a password" in str(error)


def test_a_proxy_that_wants_another_way_to_sign_in_is_told_with_what_helps():
    error = turned_away(NAMED, AT, 407, ["Negotiate", "NTLM", ""])
    assert "takes only Negotiate, NTLM, and only Basic is supported: run a helper" in str(error)
    assert "check the proxy's user" in str(turned_away(NAMED, AT, 407, ["NTLM", 'BASIC realm="x"']))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "forbids a.example:443"),
        (502, "cannot reach a.example:443"),
        (503, "HTTP 503"),
        (504, "HTTP 504"),
        (400, "HTTP 400"),
        (302, "HTTP 302"),
    ],
)
def test_each_other_refusal_names_proxy_and_target(status, words):
    error = turned_away(NAMED, AT, status)
    assert isinstance(error, UnreachableError)
    assert words in str(error)
    assert str(error).startswith("the proxy http://p:3128 (HTTPS_PROXY) ")
    assert "\n" not in str(error)
