"""How connections to one server leave this machine: a value, decided before anything is opened."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from voiceloop.network.certificates import identified, trusting
from voiceloop.network.proxies import Proxy, proxy_for
from voiceloop.settings import BackendSettings

__all__ = ["Route", "route_to"]

SECURE = frozenset({"https", "wss"})


@dataclass(frozen=True, slots=True)
class Route:
    """The way to a server."""

    proxy: Proxy | None
    tls: ssl.SSLContext | None
    """For the server; None where the URL is plaintext."""
    proxy_tls: ssl.SSLContext | None
    """For the proxy, which is never shown the client certificate; None unless its own address is https."""


def route_to(url: str, environ: Mapping[str, str], backend: BackendSettings | None = None) -> Route:
    """Return the way to a URL (http, https, ws or wss). Reads the files that are named; nothing else is opened.

    Raises SettingsError for files, variables and URLs that are of no use.
    """
    backend = backend or BackendSettings()
    proxy = proxy_for(url, environ)
    return Route(
        proxy,
        identified(backend, environ) if urlsplit(url).scheme in SECURE else None,
        trusting(backend, environ) if proxy is not None and proxy.scheme in SECURE else None,
    )
