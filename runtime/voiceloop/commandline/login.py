"""`voiceloop login`: keeps the key in the keyring of the system, so that it stands in no file."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping

from voiceloop.errors import SettingsError, UsageError
from voiceloop.keystore import forget_key, store_key
from voiceloop.sources import DEFAULT_BASE_URL, KEY_CHARACTERS, Origins, base_url, read_settings

__all__ = ["login"]

LONGEST_KEY = 4096


def login(environ: Mapping[str, str], url: str | None, *, forget: bool) -> int:
    """Keep the key for a base URL, or forget it; without `url` for the one that is in effect."""
    settings = read_settings(Origins(environ=environ)).settings
    place = base_url(url) if url is not None else settings.backend.base_url or DEFAULT_BASE_URL
    if forget:
        told = f"Forgot the key for {place}." if forget_key(place) else f"There was no key for {place}."
    else:
        told = (
            f"The key for {place} is kept in {store_key(place, asked_key(place))}; voiceloop login --forget removes it."
        )
    sys.stdout.write(f"{told}\n")
    if settings.backend.api_key is not None:
        sys.stdout.write("A key that is set in the environment, in .env or by --key-file wins over it.\n")
    return 0


def asked_key(place: str) -> str:
    """Ask for the key without showing it, or read it from standard input where no person sits there."""
    if sys.stdin.isatty():
        try:
            key = getpass.getpass(f"Key for {place} (not shown): ")
        except EOFError as error:
            raise UsageError("no key was typed; nothing was changed") from error
    else:
        key = sys.stdin.readline(LONGEST_KEY)
    key = key.strip()
    if not key:
        raise UsageError("no key was given; type it, or send it: voiceloop login < FILE")
    if not KEY_CHARACTERS.fullmatch(key):
        raise SettingsError("the key holds blanks, line breaks or letters that no key has; nothing was changed")
    return key
