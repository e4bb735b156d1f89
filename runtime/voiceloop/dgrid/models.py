"""`GET /v1/models`: which models a server has, and which of them to take for a role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from voiceloop.dgrid.preferences import preferences
from voiceloop.errors import UnreachableError
from voiceloop.network.route import Route
from voiceloop.wire.lenient import listing, optional_text, text

__all__ = ["OURS", "PIN", "Choice", "Listed", "choose", "list_models"]

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
    """Return what a server lists; None when it has no list, or nothing readable in its place. It is asked once.

    A `success` that is false, as DGrid documents it, is a refusal under HTTP 200; its absence says nothing.

    `route` None takes proxy and certificates from the environment. Raises RefusedError when the key, the account or the
    proxy's password is refused, SettingsError for an environment of no use, UnreachableError for any other failure.
    Cancelling closes the connection.
    """
    # Most conversations name their model: they need no list, and none of what asks for one.
    from voiceloop.dgrid.client import Client, Request, Timeouts  # noqa: PLC0415
    from voiceloop.dgrid.failures import REFUSALS, RequestRefusedError, error_of, failure_in  # noqa: PLC0415
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
    try:
        raw = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):  # a page for people, say: it lists nothing
        return None
    failure = failure_in(raw, [key] if key else [], answer.status, answer.headers)
    if failure is None:
        return read_list(raw)
    if failure.kind not in REFUSALS:
        raise error_of(failure, base_url)
    said = failure.message or "no reason given"
    raise RequestRefusedError(f"{base_url} lists no models: {said}; check DGRID_API_KEY and the account", failure)


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
