"""`GET /v1/models`: which models a server has, and which of them to take for a role."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from voiceloop.dgrid.preferences import preferences
from voiceloop.errors import UnreachableError
from voiceloop.network.route import Route
from voiceloop.wire.lenient import listing, optional_text, text

if TYPE_CHECKING:
    from voiceloop.dgrid.client import Client

__all__ = ["OURS", "PIN", "Choice", "Listed", "choose", "list_models", "list_over"]

LIST_WITHIN_S = 5.0
LARGEST_LIST = 4 * 1024 * 1024
LONGEST_ID = 400
"""Characters; what is longer names no model."""

PIN = {
    "realtime": "VOICELOOP_REALTIME__MODEL",
    "transcription": "VOICELOOP_AGENT__MODELS__TRANSCRIPTION",
    "chat": "VOICELOOP_AGENT__MODELS__CHAT",
    "speech": "VOICELOOP_AGENT__MODELS__SPEECH",
}
"""The variable that pins a role's model, where there is one yet."""

NO_LIST = frozenset({404, 405, 410, 501})


OURS: Final = "voiceloop"
"""Who owns the models of an embedded gateway; what thinks there knows sentences, and sums nothing up."""


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


async def list_models(
    base_url: str, key: str | None = None, *, route: Route | None = None, within_s: float = LIST_WITHIN_S
) -> tuple[Listed, ...] | None:
    """Return what a server lists over a connection of its own: see `list_over`. It is asked once.

    `route` None takes proxy and certificates from the environment; SettingsError is raised for one of no use.
    """
    # Most conversations name their model: they need no list, and none of what asks for one.
    from voiceloop.dgrid.client import Client  # noqa: PLC0415
    from voiceloop.dgrid.retries import Retries  # noqa: PLC0415

    async with Client(base_url, key, route=route, retries=Retries(attempts=1)) as client:
        return await list_over(client, within_s=within_s)


async def list_over(client: Client, *, within_s: float = LIST_WITHIN_S) -> tuple[Listed, ...] | None:
    """Return what a client's server lists; None when it has no list, or nothing readable in its place.

    A `success` that is false, as DGrid documents it, is a refusal under HTTP 200; its absence says nothing.

    Raises RefusedError when the key, the account or the proxy's password is refused, UnreachableError for any other
    failure. Cancelling closes the connection, an answer leaves it to whatever is asked next.
    """
    from voiceloop.dgrid.client import Request  # noqa: PLC0415 - as above
    from voiceloop.dgrid.failures import Failure, Kind, RequestRefusedError  # noqa: PLC0415

    request = Request("GET", "/v1/models", headers={"Accept": "application/json"}, largest_bytes=LARGEST_LIST)
    try:
        async with asyncio.timeout(within_s):
            answer = await client.ask(request)
    except TimeoutError:
        raise client.error(Failure(Kind.SILENT, f"no whole answer within {within_s:g} s")) from None
    except RequestRefusedError as error:
        if error.failure.status in NO_LIST:
            return None
        raise
    try:
        raw = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):  # a page for people, say: it lists nothing
        return None
    try:
        client.check(raw, answer)
    except RequestRefusedError as error:
        said = error.failure.message or "no reason given"
        line = f"{client.base_url} lists no models: {said}; check DGRID_API_KEY and the account"
        raise RequestRefusedError(line, error.failure) from None
    return read_list(raw)


def read_list(raw: object) -> tuple[Listed, ...] | None:
    """Return the models of a decoded answer; None where it is no list. Entries without an id are left out."""
    entries = raw.get("data") if isinstance(raw, dict) else None
    if not isinstance(entries, list):
        return None
    models = tuple(
        Listed(model_id, tuple(map(str, listing(entry, "supported_endpoint_types"))), text(entry, "owned_by"))
        for entry in entries
        if isinstance(entry, dict) and (model_id := optional_text(entry, "id")) and len(model_id) <= LONGEST_ID
    )
    return models if models or not entries else None


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
