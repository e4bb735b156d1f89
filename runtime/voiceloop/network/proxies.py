"""Which proxy stands between us and a URL: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, as curl takes them.

Pure: the environment is handed in. A proxy's password is in no text that is made here.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

from typing_extensions import override

from voiceloop.errors import BackendError, RefusedError, SettingsError, UnreachableError

__all__ = ["Proxy", "proxy_for", "turned_away"]

PORTS = {"http": 80, "https": 443}
WEB = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
EXAMPLE = "http://user:password@proxy.example:3128"  # pragma: allowlist secret
SIGN_IN = 407
REFUSALS = dict.fromkeys((502, 503, 504), "cannot reach {target} (HTTP {status}): check the base URL, try again") | {
    403: "forbids {target}: ask who runs it to allow that, or list the host in NO_PROXY"
}


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy."""

    variable: str
    """The variable that names it."""
    scheme: str
    """http, or https for one that is spoken to over TLS."""
    host: str
    port: int
    user: str | None = None
    password: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """Its address without user and password."""
        return f"{self.scheme}://{bracketed(self.host)}:{self.port}"

    @property
    def authorization(self) -> str | None:
        """The value of `Proxy-Authorization`; a secret."""
        if self.user is None:
            return None
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    @override
    def __str__(self) -> str:
        return f"proxy {self.url} ({self.variable})"


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for a URL, None for the direct way; this machine itself is never behind one.

    Raises SettingsError for a variable that holds no address of an HTTP proxy, if it is the one that counts.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = WEB.get(parts.scheme, ""), parts.hostname, parts.port
    except ValueError as error:
        raise SettingsError(f"{url!r} is no URL: {error}; check the base URL") from error
    if not scheme or not host or is_loopback(host):
        return None
    variable = set_variable(environ, f"{scheme}_proxy") or set_variable(environ, "all_proxy")
    but_not = set_variable(environ, "no_proxy")
    if variable is None or (but_not is not None and bypasses(environ[but_not], host, port or PORTS[scheme])):
        return None
    return named_proxy(variable, environ[variable].strip())


def set_variable(environ: Mapping[str, str], name: str) -> str | None:
    """Return the spelling of a variable that is set and not empty; small letters win."""
    return next((spelling for spelling in (name, name.upper()) if environ.get(spelling, "").strip()), None)


def named_proxy(variable: str, text: str) -> Proxy:
    """Read a proxy's address; without a scheme it is http."""
    parts = split(text if "://" in text else f"http://{text}")
    if parts is not None and parts.scheme.startswith("socks"):
        raise SettingsError(
            f"{variable} names a SOCKS proxy, which is not supported:"
            f" name an HTTP proxy there, like {EXAMPLE}, or list the host in NO_PROXY"
        )
    if parts is None or parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise SettingsError(
            f"{variable} holds no address of a proxy: write it like {EXAMPLE}, signs such as @ / # in user and password"
            " as %40 %2F %23"
        )
    user = None if parts.username is None else unquote(parts.username)
    port = parts.port or PORTS[parts.scheme]
    return Proxy(variable, parts.scheme, parts.hostname, port, user, unquote(parts.password or ""))


def split(url: str) -> SplitResult | None:
    """Return the parts of a URL whose port is a port; the error of `urlsplit` would repeat what may be a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    return None if port == 0 or parts.fragment else parts


# Hosts without a proxy -----------------------------------------------------------------------------------------------


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name."""
    address, name = as_address(host), host.rstrip(".").lower()
    return address.is_loopback if address is not None else name == "localhost" or name.endswith(".localhost")


def bypasses(listed: str, host: str, port: int) -> bool:
    """Whether a `NO_PROXY` list holds a host: `*`, names with all below them, addresses, networks; each with a port."""
    return any(fits(entry, host.rstrip(".").lower(), port) for entry in re.split(r"[\s,]+", listed.lower()) if entry)


def fits(entry: str, host: str, port: int) -> bool:
    """Whether one entry means this host."""
    address = as_address(host)
    if "/" in entry:
        try:
            return address is not None and address in ip_network(entry, strict=False)
        except ValueError:
            return False
    name = entry
    if as_address(entry) is None and (parted := re.fullmatch(r"\[?([^\[\]]*)\]?:(\d+)", entry)):
        name, wanted_port = parted[1], int(parted[2])
        if wanted_port != port:
            return False
    if address is not None:
        return name == "*" or as_address(name) == address
    name = name.removeprefix("*").strip(".")
    return entry.startswith("*") if not name else host == name or host.endswith(f".{name}")


def as_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return an address that is written as one, in brackets or without."""
    try:
        return ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def bracketed(host: str) -> str:
    """Return a host as it stands before a port."""
    return f"[{host}]" if ":" in host else host


# Refusals ------------------------------------------------------------------------------------------------------------


def turned_away(proxy: Proxy, target: str, status: int, challenges: Sequence[str] = ()) -> BackendError:
    """Build the error for a proxy that did not open the way to `target`.

    `challenges` are its `Proxy-Authenticate` headers. A refused password is a RefusedError, not to be tried again:
    accounts are locked over that.
    """
    if status == SIGN_IN:
        return RefusedError(f"the {proxy} {_how_to_sign_in(proxy, challenges)}")
    told = REFUSALS.get(status, "answers HTTP {status} and opens no way to {target}: check {variable} and the base URL")
    return UnreachableError(f"the {proxy} " + told.format(status=status, target=target, variable=proxy.variable))


def _how_to_sign_in(proxy: Proxy, challenges: Sequence[str]) -> str:
    offered = [challenge.split()[0] for challenge in challenges if challenge.strip()]
    if offered and "basic" not in map(str.lower, offered):
        return (
            f"takes only {', '.join(offered)}, and only Basic is supported: run a helper that signs in to it, such as"
            f" px or cntlm, and name that in {proxy.variable}"
        )
    if proxy.user is None:
        return f"wants a user and a password: write them into {proxy.variable}, as in {EXAMPLE}"
    return f"refuses its user or password: check the proxy's user and password in {proxy.variable}"
