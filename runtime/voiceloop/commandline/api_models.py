"""`voiceloop api models`: what the server lists, as it lists it."""

from __future__ import annotations

from voiceloop.commandline.api_desk import Desk
from voiceloop.commandline.api_files import print_json
from voiceloop.commandline.listings import print_rows
from voiceloop.commandline.running import run
from voiceloop.dgrid.models import list_models
from voiceloop.errors import RefusedError
from voiceloop.screen import clean
from voiceloop.sources import Origins

__all__ = ["models"]


def models(origins: Origins, *, as_json: bool = False) -> int:
    """Print the models that the key may use."""
    desk = Desk(origins)

    async def ask() -> int:
        listed = await list_models(desk.url, desk.key, route=desk.route)
        if listed is None:
            raise RefusedError(f"{desk.url} has no list of models: name one with --model where you need it")
        if as_json:
            told = [{"id": m.id, "endpoint_types": list(m.endpoint_types), "owner": m.owner} for m in listed]
            print_json({"models": told})
        else:
            rows = [(clean(m.id), clean(", ".join(m.endpoint_types)) or "-", clean(m.owner) or "-") for m in listed]
            print_rows([("model", "endpoints", "owner"), *rows])
        return 0

    return run(ask)
