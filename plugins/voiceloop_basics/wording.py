"""What the tools understand and say in other languages than English: one file for each in `words/`.

English stands in the tools themselves, where it is read beside what it is about; a file holds the others by it.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from voiceloop.languages.shelf import AUTO, primary_subtag

__all__ = ["Wording", "phrases", "speak_duration", "tell", "wording"]

ENGLISH_LENGTH = "[{hours} hour[s]] [and] [{minutes} minute[s]] [and] [{seconds} second[s]]"


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """One language. The defaults are English."""

    tag: str = "en"
    phrases: Mapping[str, Sequence[str]] | None = None
    """By tool; None takes those in the code."""
    said: Mapping[str, str] = field(default_factory=dict)
    """By the English text."""
    length: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sums: Sequence[tuple[str, str]] = ()
    """Patterns of sums and what stands for them in the notation of `arithmetic`."""
    agreements: Sequence[tuple[str, str]] = ()
    """Patterns of what is told and what stands for them, where a word depends on the value beside it."""
    places: Mapping[str, str] = field(default_factory=dict)
    """English names of places."""


@functools.cache
def wording(tag: str) -> Wording:
    """Return the wording of a language; English for one that has no file."""
    subtag = primary_subtag(tag)
    file = resources.files("voiceloop_basics").joinpath("words", f"{subtag}.toml")
    if not subtag or not file.is_file():
        return Wording()
    found = tomllib.loads(file.read_text("utf-8"))
    sums, agreements = found["sums"]["words"], found.get("agreements", {}).get("words", ())
    return Wording(
        subtag, found["phrases"], found["said"], found["length"], found["names"], sums, agreements, found["places"]
    )


def languages() -> list[str]:
    """Return the languages that have a file, sorted."""
    files = resources.files("voiceloop_basics").joinpath("words").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files)


def phrases(tag: str, name: str, english: Sequence[str]) -> list[str]:
    """Return what people say to a tool, in every language when the conversation's is not known yet."""
    if tag == AUTO:
        others = [phrase for other in languages() for phrase in phrases(other, name, ())]
        return [*_with_length(english, ENGLISH_LENGTH), *(phrase for phrase in others if "{day}" not in phrase)]
    words = wording(tag)
    found = english if words.phrases is None else words.phrases.get(name, ())
    return _with_length(found, words.length.get("phrase", ENGLISH_LENGTH))


def _with_length(texts: Sequence[str], length: str) -> list[str]:
    return [text.replace("{LENGTH}", length) for text in texts]


def tell(tag: str, english: str, **values: object) -> str:
    """Return a sentence in a language, its values filled in."""
    words = wording(tag)
    told = words.said.get(english, english).format(**values)
    for pattern, replacement in words.agreements:
        told = re.sub(pattern, replacement, told)
    return told


def speak_duration(seconds: float, tag: str = "en", *, joined: bool = False) -> str:
    """Write a length of time so that it can be spoken; `joined` as in "5 minute timer", where a language does so."""
    whole = max(1, round(seconds))
    counts = {"hour": whole // 3600, "minute": whole // 60 % 60, "second": whole % 60}
    forms = wording(tag).length
    if forms:
        parts = [f"{count} {forms[unit][count != 1]}" for unit, count in counts.items() if count]
        return str(forms["and"]).join(parts)
    parts = [f"{count} {unit}{'' if joined or count == 1 else 's'}" for unit, count in counts.items() if count]
    return " ".join(parts) if joined else " and ".join(parts)
