"""`GET /v1/models`: which models a server has, and which of them to take for a role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec

from voiceloop.dgrid.preferences import preferences
from voiceloop.errors import RefusedError, UnreachableError
from voiceloop.network.route import Route
from voiceloop.redact import Redactor

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
    """Return what a server lists; None when it has no list, or nothing readable in its place. It is asked once.

    `route` None takes proxy and certificates from the environment. Raises RefusedError when the key, the account or the
    proxy's password is refused, SettingsError for an environment of no use, UnreachableError for any other failure.
    Cancelling closes the connection.
    """
    # Most conversations name their model: they need no list, and none of what asks for one.
    from voiceloop.dgrid.client import Client, Request, Timeouts  # noqa: PLC0415
    from voiceloop.dgrid.failures import RequestRefusedError  # noqa: PLC0415
    from voiceloop.dgrid.retries import Retries  # noqa: PLC0415

    request = Request("GET", "/v1/models", headers={"Accept": "application/json"}, largest_bytes=LARGEST_LIST)
    patience, once = Timeouts(whole_s=within_s), Retries(attempts=1)
    try:
        async with Client(base_url, key, route=route, timeouts=patience, retries=once) as client:
            answer = await client.ask(request)
    except RequestRefusedError as error:
        if error.failure.status in NO_LIST:
            return None
        raise
    return _read(base_url, answer.body, Redactor([key] if key else []))


def _read(base_url: str, body: bytes, hide: Redactor) -> tuple[Listed, ...] | None:
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
