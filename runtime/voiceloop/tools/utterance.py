"""Cleans what speech recognition wrote down, so that it can be compared with phrases."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from voiceloop.languages.language import Language
from voiceloop.languages.shelf import english

__all__ = ["MAX_CHARS", "Reading", "readings", "tolerant"]

MAX_CHARS = 400
"""Longer texts are no commands, and matching costs grow with length."""

SENTENCE_END = re.compile(r"(?<=[.?!])\s+|(?<=[\u3002\uff01\uff1f\u061f])\s*")
SAME_EVERYWHERE = ((re.compile("[\u2018\u2019\u02bc]"), "'"), (re.compile("[\u2010-\u2012\u2212]"), "-"))
EDGES = ' ,.;:?!"\u00a1\u00bf\u3002\uff01\uff1f\u061f\u060c\uff0c'

Rewrites = tuple[tuple[re.Pattern[str], str], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to take what was said. Both texts have the same length, so a place in one is a place in the other."""

    spoken: str
    """As said, for values."""
    plain: str
    """With hyphens as spaces, for comparison."""


@dataclass(frozen=True, slots=True, eq=False)
class _Manners:
    """What a language's data says about recognised text, ready to be matched."""

    rewrites: Rewrites
    variants: Rewrites
    templates: Rewrites
    opening: re.Pattern[str]
    closing: re.Pattern[str]


@functools.cache
def _manners(language: Language) -> _Manners:
    heard = language.heard
    # Words that have no spaces need none around courtesies either.
    before, after = (r"\b[,.!;:]*\s+", r"[,.;:]*\s+") if language.sentences.spaced else (r"[\s,.!;:]*", r"[\s,.;:]*")
    return _Manners(
        (
            *SAME_EVERYWHERE,
            (_optional(rf"\b(?:{heard.hesitations})\b[,.]*", heard.hesitations), " "),
            *_compiled(heard.rewrites),
        ),
        _compiled(heard.variants),
        _compiled(heard.templates),
        _optional(rf"(?:{heard.openings}){before}", heard.openings),
        _optional(rf"{after}(?:{heard.closings})$", heard.closings),
    )


def _optional(pattern: str, words: str) -> re.Pattern[str]:
    """Compile `pattern`; without words of which it is made it matches nowhere."""
    return re.compile(pattern if words else "(?!)", re.IGNORECASE)


def _compiled(rewrites: tuple[tuple[str, str], ...]) -> Rewrites:
    return tuple((re.compile(pattern, re.IGNORECASE), replacement) for pattern, replacement in rewrites)


def tolerant(template: str, language: Language | None = None) -> str:
    """Let a template match "what is" for "what's" and the reverse, and spaces for hyphens. English by default."""
    return _rewritten(template.replace("-", " "), _manners(language or english()).templates)


def readings(text: str, language: Language | None = None) -> Iterator[tuple[Reading, ...]]:
    """Yield groups of readings, best group first: the whole text, then its sentences one by one.

    Within a group stand the text as it is, without words of courtesy in front and behind, and with "an hour and a
    half" as "an and a half hour". English by default.
    """
    manners = _manners(language or english())
    cleaned = " ".join(_rewritten(unicodedata.normalize("NFC", text), manners.rewrites).split())
    if not cleaned or len(cleaned) > MAX_CHARS:
        return
    yield _group(cleaned, manners)
    sentences = [sentence for sentence in SENTENCE_END.split(cleaned) if sentence]
    if len(sentences) > 1:
        for sentence in sentences:
            yield _group(sentence, manners)


def _rewritten(text: str, rewrites: Rewrites) -> str:
    for pattern, replacement in rewrites:
        text = pattern.sub(replacement, text)
    return text


def _group(sentence: str, manners: _Manners) -> tuple[Reading, ...]:
    start = sentence.strip(EDGES)
    opened = list(_opened(start, manners.opening))
    found = dict.fromkeys(version for each in opened for version in (each, *_closed(each, manners.closing)))
    for version in tuple(found):
        found[_rewritten(version, manners.variants)] = None
    return tuple(Reading(version, re.sub(r"(?<=\w)-", " ", version)) for version in found)


def _opened(sentence: str, opening: re.Pattern[str]) -> Iterator[str]:
    """Yield the sentence, then with one opening less each time."""
    yield sentence
    while found := opening.match(sentence):
        sentence = sentence[found.end() :].strip(EDGES)
        yield sentence


def _closed(sentence: str, closing: re.Pattern[str]) -> Iterator[str]:
    while found := closing.search(sentence):
        sentence = sentence[: found.start()].strip(EDGES)
        yield sentence
