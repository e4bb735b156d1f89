"""`voiceloop api token`: a secret that is worth little, for those who must not have the key."""

from __future__ import annotations

from voiceloop.choosing import with_model
from voiceloop.commandline.api_desk import Desk
from voiceloop.commandline.api_files import note, print_json, show
from voiceloop.dgrid.client import Client
from voiceloop.dgrid.tokens import EphemeralToken, mint_token
from voiceloop.sources import Origins

__all__ = ["token"]


def token(origins: Origins, model: str | None = None, *, as_json: bool = False) -> int:
    """Mint an ephemeral token and print it: nothing else goes to standard output."""
    desk = Desk(origins)

    async def mint(client: Client) -> None:
        taken = model or (await with_model(desk.settings, note)).realtime.model
        assert taken is not None, "one was chosen"
        tell(await mint_token(client, taken), as_json=as_json)

    return desk.run(mint)


def tell(minted: EphemeralToken, *, as_json: bool) -> None:
    """Print a token, which is what was asked for."""
    value, expires_at = minted.value.get_secret_value(), minted.expires_at
    if as_json:
        seconds = None if expires_at is None else int(expires_at.timestamp())
        print_json({"value": value, "expires_at": seconds, "model": minted.model})
        return
    show(value)
    until = "at a time it did not tell" if expires_at is None else f"at {expires_at:%Y-%m-%d %H:%M:%S} UTC"
    note(f"It starts sessions with {minted.model} and expires {until}.")
