"""`GET /v1/models`: which models a server has, and which of them to take for a role.

A redirect is never followed, because the key would go with it. The answer is bounded in size and time.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec

from voiceloop.dgrid.preferences import preferences
from voiceloop.errors import RefusedError, UnreachableError
from voiceloop.network.proxies import turned_away
from voiceloop.network.route import Route, route_to
from voiceloop.redact import Redactor

if TYPE_CHECKING:
    import httpx

__all__ = ["PIN", "Choice", "Listed", "choose", "list_models"]

LIST_WITHIN_S = 5.0
LARGEST_LIST = 4 * 1024 * 1024
SHOWN = 200
"""Characters of a server's own words that are shown."""

PIN = {
    "realtime": "VOICELOOP_REALTIME__MODEL",
    "transcription": "VOICELOOP_REALTIME__TRANSCRIPTION_MODEL",
    "chat": "VOICELOOP_AGENT__MODELS__CHAT",
}
"""The variable that pins a role's model, where there is one yet."""

NO_LIST = frozenset({404, 405, 410, 501})
REFUSED = frozenset({401, 402, 403})
PROXY_REFUSES = 407


@dataclass(frozen=True, slots=True)
class Listed:
    """One model of a list."""

    id: str
    endpoint_types: tuple[str, ...] = ()
    """What the server says it is for, in words of its own; no documented word marks realtime or speech."""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A model for a role, and why this one."""

    role: str
    model: str
    fitting: int
    """How many of the server's models fit; 0 when there was no list and the first preference was taken."""


class _Entry(msgspec.Struct):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
    supported_endpoint_types: list[str] | None = None
    owned_by: str | None = None


class _List(msgspec.Struct):
    data: list[_Entry] | None = None
    success: bool = True
    message: str | None = None


async def list_models(
    base_url: str, key: str | None = None, *, route: Route | None = None, within_s: float = LIST_WITHIN_S
) -> tuple[Listed, ...] | None:
    """Return what a server lists; None when it has no list, or nothing readable in its place.

    `route` None takes proxy and certificates from the environment. Raises RefusedError when the key, the account or the
    proxy's password is refused, SettingsError for an environment of no use, UnreachableError for any other failure.
    Cancelling closes the connection.
    """
    import httpx  # noqa: PLC0415 - 100 ms, needed only here

    route = route or route_to(base_url, os.environ)
    hide = Redactor([key] if key else [])
    try:
        async with (
            asyncio.timeout(within_s),
            _client(route, base_url, key, within_s) as client,
            client.stream("GET", f"{base_url}/v1/models") as answer,
        ):
            if route.proxy is not None and answer.status_code == PROXY_REFUSES:  # it is asked plainly for http URLs
                challenges = answer.headers.get_list("proxy-authenticate")
                raise turned_away(route.proxy, base_url, answer.status_code, challenges)
            body = await _body(answer)
    except TimeoutError as error:
        raise UnreachableError(f"{base_url} did not list its models within {within_s:g} s; try again") from error
    except httpx.ProxyError as error:
        status = str(error)[:3]
        if route.proxy is not None and status.isdecimal():  # its answer to CONNECT
            raise turned_away(route.proxy, base_url, int(status)) from error
        raise _unreachable(base_url, route, error, hide) from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise _unreachable(base_url, route, error, hide) from error
    return _read(base_url, answer.status_code, body, hide)


def _client(route: Route, base_url: str, key: str | None, within_s: float) -> httpx.AsyncClient:
    import httpx  # noqa: PLC0415 - see list_models

    proxy = None
    if route.proxy is not None:
        auth = None if route.proxy.user is None else (route.proxy.user, route.proxy.password)
        proxy = httpx.Proxy(route.proxy.url, auth=auth, ssl_context=route.proxy_tls)
    return httpx.AsyncClient(
        headers={"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {}),
        timeout=within_s,
        verify=route.tls or base_url.startswith("https:"),  # for http none of the system's certificates are loaded
        proxy=proxy,
        trust_env=False,
    )


def _unreachable(base_url: str, route: Route, error: Exception, hide: Redactor) -> UnreachableError:
    reason = hide(" ".join(str(error).split()) or type(error).__name__)
    if route.proxy is None:
        return UnreachableError(f"cannot reach {base_url}: {reason}; check DGRID_BASE_URL and the network")
    return UnreachableError(
        f"cannot reach {base_url} through the {route.proxy}: {reason};"
        f" check DGRID_BASE_URL, {route.proxy.variable} and the network"
    )


async def _body(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > LARGEST_LIST:
            raise ValueError(f"its list of models is longer than {LARGEST_LIST} bytes")
    return bytes(body)


def _read(base_url: str, status: int, body: bytes, hide: Redactor) -> tuple[Listed, ...] | None:
    if status in NO_LIST:
        return None
    if status in REFUSED:
        raise RefusedError(f"{base_url} refuses the key or the account (HTTP {status}); check DGRID_API_KEY")
    if 300 <= status < 400:  # noqa: PLR2004 - the redirects
        raise UnreachableError(f"{base_url} sends elsewhere (HTTP {status}), where the key must not go; set that URL")
    if status != 200:  # noqa: PLR2004 - OK
        raise UnreachableError(f"{base_url} answers /v1/models with HTTP {status}; try again later")
    try:
        found = msgspec.json.decode(body, type=_List)
    except (msgspec.DecodeError, UnicodeDecodeError):  # a page for people, say: a server that lists nothing
        return None
    if not found.success:
        said = hide(" ".join((found.message or "no reason given").split()))[:SHOWN]
        raise RefusedError(f"{base_url} lists no models: {said}; check DGRID_API_KEY and the account")
    if found.data is None:
        return None
    return tuple(
        Listed(entry.id, tuple(entry.supported_endpoint_types or ()), entry.owned_by or "") for entry in found.data
    )


def choose(role: str, listed: Sequence[Listed] | None, base_url: str) -> Choice:
    """Return the model to take for a role. Raises UnreachableError, which names the role, when none fits."""
    known = preferences()
    wanted = known.roles[role]
    if listed is None:
        return Choice(role, wanted.first, 0)
    ids = [model.id for model in listed]
    model = wanted.choose(ids)
    if model is None:
        raise UnreachableError(
            f"{base_url} lists {len(ids)} models and none for the role {role}; see them with voiceloop models"
            + (f" and pin one that you know to fit: {PIN[role]}=ID" if role in PIN else "")
        )
    return Choice(role, model, sum(map(wanted.fits, ids)))
