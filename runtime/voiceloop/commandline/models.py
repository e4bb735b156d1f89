"""`voiceloop models`: what the backend has, what each model is good for, which are taken, and how to pin them."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator, Mapping, Sequence

from voiceloop.commandline.listings import print_rows
from voiceloop.commandline.probes import last_probes
from voiceloop.commandline.running import run
from voiceloop.dgrid.models import PIN, Listed, choose, list_models
from voiceloop.dgrid.preferences import ROLES, preferences
from voiceloop.errors import SettingsError, UnreachableError
from voiceloop.network.route import route_to
from voiceloop.overlay import Effective
from voiceloop.screen import clean
from voiceloop.sources import Origins, read_settings

__all__ = ["models"]

SETTINGS = {
    "realtime": (("realtime", "model"), ("agent", "models", "realtime")),
    "transcription": (("realtime", "transcription_model"), ("agent", "models", "transcription")),
    "chat": (("agent", "models", "chat"),),
    "speech": (("agent", "models", "speech"),),
}
"""What sets a role's model, the first one wins."""
UNSET = (None, "", "auto")


def models(origins: Origins, role: str | None) -> int:
    """Print the models of the backend, of one role or of all, and the choice for each role."""
    effective = read_settings(origins)
    backend = effective.settings.backend
    if backend.base_url is None:
        raise SettingsError(
            "there is no backend to ask: set DGRID_API_KEY or DGRID_BASE_URL; the embedded gateway takes any model id"
        )
    route = route_to(backend.base_url, os.environ, backend)
    url, key = backend.base_url, None if backend.api_key is None else backend.api_key.get_secret_value()
    found: list[Sequence[Listed] | None] = []

    async def ask() -> int:
        found.append(await list_models(url, key, route=route))
        return 0

    if status := run(ask):
        return status
    tell(effective, url, found[0], role, last_probes(origins.environ, url))
    return 0


def tell(
    effective: Effective, url: str, listed: Sequence[Listed] | None, role: str | None, probes: Mapping[str, str]
) -> None:
    """Print the list, how its models were last found, and the choices.

    Raises UnreachableError when the one role that was asked for has no model.
    """
    if listed is None:
        sys.stdout.write(f"{url} has no list of models; these are the first preferences of {preferences().file}.\n")
    elif shown := list(rows(listed, role, probes)):
        print_rows([("model", "endpoints", "fits", "last probe"), *shown])
    sys.stdout.write("\n")
    if role is not None:
        choose(role, listed, url)
    wanted = ROLES if role is None else (role,)
    print_rows(
        [("role", "model taken", "why, and how to pin another"), *(choice(effective, url, listed, r) for r in wanted)]
    )


def rows(listed: Sequence[Listed], role: str | None, probes: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for each model, or only for those that fit the role."""
    roles = preferences().roles
    for model in listed:
        fitting = [name for name in ROLES if roles[name].fits(model.id)]
        if role is None or role in fitting:
            kinds, probe = clean(", ".join(model.endpoint_types)), clean(probes.get(model.id, ""))
            yield clean(model.id), kinds or "-", ", ".join(fitting) or "-", probe or "-"


def choice(effective: Effective, url: str, listed: Sequence[Listed] | None, role: str) -> tuple[str, str, str]:
    """Return which model a role takes and why."""
    pin = f"{PIN[role]}=ID" if role in PIN else "voiceloop api takes it with --model"
    for path in SETTINGS.get(role, ()):
        value: object = functools.reduce(getattr, path, effective.settings)
        if value not in UNSET:
            return role, clean(str(value)), f"set by {effective.where(path)}"
    try:
        chosen = choose(role, listed, url)
    except UnreachableError:
        if role == "transcription":  # a realtime session can have models that no list tells of
            return role, preferences().roles[role].first, f"none is listed, so the first preference; {pin}"
        return role, "none", pin
    why = f"best of {chosen.fitting} that fit" if chosen.fitting else "first preference"
    return role, clean(chosen.model), f"{why}; {pin}"
