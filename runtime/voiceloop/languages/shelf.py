"""Finds the language of a BCP 47 tag among the data files that come with voiceloop."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Final

from voiceloop.errors import SettingsError
from voiceloop.languages.language import Language, parse_language
from voiceloop.languages.tags import AUTO, primary_subtag

__all__ = ["AUTO", "english", "known_languages", "language_for", "primary_subtag"]

_SUFFIX: Final = ".toml"
_READ: Final[dict[str, Language]] = {}


@functools.cache
def known_languages() -> tuple[str, ...]:
    """Return the tags that have a data file, sorted."""
    names = (file.name for file in resources.files("voiceloop.languages").joinpath("data").iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


@functools.cache
def language_for(tag: str) -> Language:
    """Return the language of a tag; regions and scripts are looked past, so "de-AT" is German.

    Raises SettingsError that names the tag, what is known and what to do.
    """
    wanted = primary_subtag(tag)
    if wanted in known_languages():  # the usual case reads one file
        return _read(wanted)
    for known in known_languages():
        if wanted in _read(known).also:
            return _read(known)
    listed = ", ".join(known_languages())
    raise SettingsError(f"there is no language {tag!r} here; known are {listed}: choose one of them or {AUTO}")


def english() -> Language:
    """Return the language of whoever names none."""
    return language_for("en")


def _read(tag: str) -> Language:
    # A language file is a part of this package in another notation: the same call gives the same answer. Threads that
    # ask at the same time may both read it, and `setdefault` lets them have one object all the same.
    if tag not in _READ:
        name = f"{tag}{_SUFFIX}"
        text = resources.files("voiceloop.languages").joinpath("data", name).read_text("utf-8")
        _READ.setdefault(tag, parse_language(text, name))
    return _READ[tag]
