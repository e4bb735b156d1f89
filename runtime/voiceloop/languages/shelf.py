"""Finds the language of a BCP 47 tag among the data files that come with voiceloop."""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import Final

from voiceloop.errors import SettingsError
from voiceloop.languages.language import Language, parse_language

__all__ = ["AUTO", "english", "known_languages", "language_for", "primary_subtag"]

AUTO: Final = "auto"
_SUFFIX: Final = ".toml"
_TAG: Final = re.compile(r"([a-z]{2,3})(?:-[a-z0-9]{1,8})*", re.IGNORECASE)


@functools.cache
def known_languages() -> tuple[str, ...]:
    """Return the tags that have a data file, sorted."""
    names = (file.name for file in resources.files("voiceloop.languages").joinpath("data").iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def primary_subtag(tag: str) -> str:
    """Return "de" for "de-AT" and "DE_at"; empty for what is no BCP 47 tag."""
    found = _TAG.fullmatch(tag.strip().replace("_", "-"))
    return found[1].lower() if found else ""


@functools.cache
def language_for(tag: str) -> Language:
    """Return the language of a tag; regions and scripts are looked past, so "de-AT" is German.

    Raises SettingsError that names the tag, what is known and what to do.
    """
    wanted = primary_subtag(tag)
    for known in known_languages():
        if wanted == known or wanted in _read(known).also:
            return _read(known)
    listed = ", ".join(known_languages())
    raise SettingsError(f"there is no language {tag!r} here; known are {listed}: choose one of them or {AUTO}")


def english() -> Language:
    """Return the language of whoever names none."""
    return language_for("en")


@functools.cache
def _read(tag: str) -> Language:
    # A language file is a part of this package in another notation: the same call gives the same answer.
    name = f"{tag}{_SUFFIX}"
    return parse_language(resources.files("voiceloop.languages").joinpath("data", name).read_text("utf-8"), name)
