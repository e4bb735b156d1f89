"""Keys in the keyring of the operating system, one for each base URL. The only door to the package keyring.

A key is only ever given to the base URL it was stored for: pointing DGRID_BASE_URL elsewhere does not carry it along.
A note beside the application's files says for which base URLs there is one, so that nobody who keeps no key waits for
the keyring to load or is asked to unlock it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from pathlib import Path
from types import ModuleType

from voiceloop.errors import DeviceError
from voiceloop.machine import data_dir, private_file

__all__ = ["forget_key", "store_key", "stored_key"]

SERVICE = "voiceloop"
NOTE = "keys_kept.txt"
INSTEAD = "set DGRID_API_KEY in the environment or in .env instead, or use --key-file"


def stored_key(base_url: str) -> str | None:
    """Return the key that is kept for a base URL; None when there is none or no keyring. May ask the user to unlock."""
    if base_url not in _noted() or importlib.util.find_spec("keyring") is None:
        return None
    keyring = _keyring()
    try:
        key: str | None = keyring.get_password(SERVICE, base_url)
    except (keyring.errors.KeyringError, OSError, RuntimeError):  # without a keyring there is no key in it
        return None
    return key or None


def store_key(base_url: str, key: str) -> str:
    """Keep a key and return the keyring's name. Raises DeviceError where there is no keyring that keeps it."""
    keyring = _keyring()
    try:
        keyring.set_password(SERVICE, base_url, key)
        kept = keyring.get_password(SERVICE, base_url) == key
    except (keyring.errors.KeyringError, OSError, RuntimeError) as error:
        raise DeviceError(f"no keyring keeps the key ({_first_line(error)}); {INSTEAD}") from error
    if not kept:  # the null keyring takes everything and keeps nothing
        raise DeviceError(f"the keyring {keyring.get_keyring().name} keeps nothing; {INSTEAD}")
    _write_note(_noted() | {base_url})
    return str(keyring.get_keyring().name)


def forget_key(base_url: str) -> bool:
    """Remove the key of a base URL and return whether there was one. Raises DeviceError where there is no keyring."""
    keyring = _keyring()
    try:
        if keyring.get_password(SERVICE, base_url) is None:
            return False
        keyring.delete_password(SERVICE, base_url)
    except (keyring.errors.KeyringError, OSError, RuntimeError) as error:
        raise DeviceError(f"the key cannot be removed from the keyring: {_first_line(error)}") from error
    with contextlib.suppress(DeviceError):  # a note too many costs a look
        _write_note(_noted() - {base_url})
    return True


def _note() -> Path:
    return data_dir(os.environ) / NOTE


def _noted() -> frozenset[str]:
    try:
        return frozenset(_note().read_text("utf-8").splitlines())
    except (OSError, ValueError):
        return frozenset()


def _write_note(places: frozenset[str]) -> None:
    try:
        _note().parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(private_file(_note()), "w", encoding="utf-8") as file:
            file.writelines(f"{place}\n" for place in sorted(places))
    except OSError as error:
        raise DeviceError(f"the key is kept but cannot be noted in {_note()}: {error.strerror}; {INSTEAD}") from error


def _keyring() -> ModuleType:
    try:
        import keyring  # noqa: PLC0415 - an extra, and slow to load
        import keyring.errors  # noqa: PLC0415
    except ImportError as error:
        raise DeviceError(f"this needs pip install 'voiceloop[login]'; {INSTEAD}") from error
    return keyring


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
