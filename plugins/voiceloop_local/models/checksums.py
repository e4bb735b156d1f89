"""Model files are what they were when they were chosen, or they are not loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from voiceloop.errors import DeviceError

__all__ = ["check_files", "pinned"]

_ADVICE = "reinstall it with: pip install --force-reinstall 'voiceloop[{extra}]'"


def pinned(package: str) -> dict[str, str]:
    """Return relative path -> SHA-256 of every pinned file of an import package."""
    listed = resources.files("voiceloop_local.models").joinpath("SHA256SUMS").read_text("ascii")
    sums: dict[str, str] = {}
    for line in listed.splitlines():
        digest, _, name = line.partition("  ")
        owner, _, path = name.partition("/")
        if owner == package:
            sums[path] = digest
    return sums


def check_files(root: Path, sums: Mapping[str, str], extra: str = "local") -> None:
    """Compare every listed file below `root`; a missing or different one raises DeviceError that names it.

    `extra` is the extra of voiceloop that brings the files.
    """
    advice = _ADVICE.format(extra=extra)
    if not sums:
        raise DeviceError(f"no checksums are pinned for the files in {root}; update voiceloop")
    for relative, expected in sums.items():
        path = root / relative
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DeviceError(f"model file {path} cannot be read ({error.strerror}); {advice}") from error
        if found != expected:
            raise DeviceError(f"model file {path} is not the one voiceloop was tested with; {advice}")
