"""`voiceloop api`: the server's endpoints by hand."""

from __future__ import annotations

import json
import os
import sys

from voiceloop.backend import with_model
from voiceloop.commandline.running import run
from voiceloop.dgrid.client import Client
from voiceloop.dgrid.tokens import EphemeralToken, mint_token
from voiceloop.errors import SettingsError
from voiceloop.network.route import route_to
from voiceloop.sources import Origins, read_settings

__all__ = ["token"]


def token(origins: Origins, model: str | None, *, as_json: bool) -> int:
    """Mint an ephemeral token and print it: nothing else goes to standard output."""
    settings = read_settings(origins).settings
    backend = settings.backend
    if backend.base_url is None:
        raise SettingsError("there is no server to ask for a token: set DGRID_API_KEY or DGRID_BASE_URL")
    url, key = backend.base_url, None if backend.api_key is None else backend.api_key.get_secret_value()

    async def mint() -> int:
        taken = model or (await with_model(settings, note)).realtime.model
        assert taken is not None, "one was chosen"
        async with Client(url, key, route=route_to(url, os.environ, backend)) as client:
            show(await mint_token(client, taken), as_json=as_json)
        return 0

    return run(mint)


def note(line: str) -> None:
    """Tell something beside the result."""
    sys.stderr.write(f"{line}\n")


def show(minted: EphemeralToken, *, as_json: bool) -> None:
    """Print a token, which is what was asked for."""
    value, expires_at = minted.value.get_secret_value(), minted.expires_at
    if as_json:
        seconds = None if expires_at is None else int(expires_at.timestamp())
        sys.stdout.write(json.dumps({"value": value, "expires_at": seconds, "model": minted.model}) + "\n")
        return
    sys.stdout.write(f"{value}\n")
    until = "at a time it did not tell" if expires_at is None else f"at {expires_at:%Y-%m-%d %H:%M:%S} UTC"
    note(f"It starts sessions with {minted.model} and expires {until}.")
