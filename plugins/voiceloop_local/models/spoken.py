"""Written text made speakable, and cut so that its first words sound soon; pure.

The English voice's own front end already reads numbers, years, times, dates, dollars and many units; what stands here
is what it reads wrongly, and the marks that chat models write but nobody says. Other languages: `aloud`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from voiceloop.languages.language import Language
from voiceloop.languages.marks import without_marks
from voiceloop.languages.readable import addresses, amounts, said, tidied
from voiceloop.languages.sentences import sentences
from voiceloop.languages.shelf import english

__all__ = ["Clause", "clauses", "speakable"]

SENTENCE_PAUSE_MS: Final = 260
CLAUSE_PAUSE_MS: Final = 110
_FIRST_CHARACTERS: Final = 60
_LONGEST_CHARACTERS: Final = 220
_SHORTEST_CHARACTERS: Final = 16
"""A cut before this leaves a scrap that sounds chopped off."""

_COMMAS: Final = ",\u3001\uff0c\u060c"
_WIDE_BREAKS: Final = "\uff1b\uff1a\u061b"
_ENGLISH_CHAR_MS: Final = 55
"""The lengths above are for English; other languages say more or less with as many characters."""


@dataclass(frozen=True, slots=True)
class Clause:
    """Words to synthesise in one go, and the silence after them."""

    text: str
    pause_ms: int


def clauses(text: str, language: Language | None = None) -> Iterator[Clause]:
    """Cut speakable `text` into sentences; the first piece is short, and no piece is longer than a breath."""
    language = language or english()
    first, longest, shortest = (
        max(1, characters * _ENGLISH_CHAR_MS // language.sentences.char_ms)
        for characters in (_FIRST_CHARACTERS, _LONGEST_CHARACTERS, _SHORTEST_CHARACTERS)
    )
    limit = first
    for sentence in sentences(text, language):
        rest = sentence
        while len(rest) > limit:
            cut = _best_cut(rest, limit, shortest, _breaks(language))
            if cut is None:
                break
            yield Clause(rest[:cut].rstrip(), CLAUSE_PAUSE_MS)
            rest, limit = rest[cut:].lstrip(), longest
        yield Clause(rest, SENTENCE_PAUSE_MS)
        limit = longest


def _best_cut(text: str, limit: int, shortest: int, kinds: Iterable[re.Pattern[str]]) -> int | None:
    """Return where the second piece starts: at the strongest break before `limit` that leaves no scrap."""
    for breaks in kinds:
        cuts = [found.end() for found in breaks.finditer(text, shortest, limit) if len(text) - found.end() >= shortest]
        if cuts:
            return cuts[-1]
    return None


@functools.cache
def _breaks(language: Language) -> tuple[re.Pattern[str], ...]:
    """Return what a sentence may be cut at, the strongest first."""
    rules = language.sentences
    conjunctions, words = ("|".join(map(re.escape, each)) or "(?!)" for each in (rules.conjunctions, rules.breaks))
    space = r"\s+" if rules.spaced else r"\s*"
    behind = " " if rules.spaced else ""
    return (
        re.compile(rf"[;:\u2013\u2014]\s+|[{_WIDE_BREAKS}]\s*|[{_COMMAS}]{space}(?=(?:{conjunctions}){behind})"),
        re.compile(rf",\s+|[{_COMMAS[1:]}]\s*"),
        re.compile(rf"\s+(?=(?:{words}){behind})"),
        re.compile(r"\s+"),
    )


def speakable(text: str) -> str:
    """Return English `text` as it should be read aloud; lines stay lines. Nothing sayable gives an empty string."""
    return tidied(said(amounts(addresses(without_marks(text, english()), english())), english()))
