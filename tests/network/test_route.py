from __future__ import annotations

import pytest

from office import CA
from voiceloop.network.proxies import Proxy
from voiceloop.network.route import Route, route_to
from voiceloop.settings import BackendSettings

OFFICE = BackendSettings(ca_file=CA)


def test_the_way_to_this_machine_is_plain_and_reads_no_file():
    backend = BackendSettings(ca_file="/no/such", client_cert="/no/such")
    assert route_to("http://127.0.0.1:8080", {"ALL_PROXY": "http://p:1"}, backend) == Route(None, None, None)


@pytest.mark.parametrize("url", ["https://models.example", "wss://models.example/v1/realtime"])
def test_a_secure_url_gets_tls_and_its_proxy_only_where_that_is_spoken_to_over_tls(url):
    plain = route_to(url, {"HTTPS_PROXY": "http://p:3128"}, OFFICE)
    assert plain.proxy == Proxy("HTTPS_PROXY", "http", "p", 3128)
    assert plain.tls is not None
    assert plain.proxy_tls is None
    assert route_to(url, {"HTTPS_PROXY": "https://p"}, OFFICE).proxy_tls is not None


def test_a_plaintext_url_behind_a_proxy_over_tls():
    way = route_to("ws://models.example", {"HTTP_PROXY": "https://p"}, OFFICE)
    assert way.tls is None
    assert way.proxy_tls is not None


def test_without_settings_the_environment_decides():
    way = route_to("wss://models.example", {"SSL_CERT_FILE": CA})
    assert len(way.tls.get_ca_certs()) == 1
    assert way.proxy is None
