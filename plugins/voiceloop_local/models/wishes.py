"""Cuts one utterance into the several things it asks for; pure.

"What time is it and set a timer for five minutes" is two wishes, "add milk and bread" is one: only a caller that knows
what can be understood can tell, so every way to cut is tried and the one that leaves least unexplained wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from typing import Final, Generic, TypeVar

from voiceloop.languages.language import Language
from voiceloop.languages.sentences import SURE_ENDS
from voiceloop.languages.shelf import english

__all__ = ["Wishes", "understood"]

_SENTENCE_END: Final = re.compile(rf"[.?!;]+(?=\s)|[{SURE_ENDS}]+(?=.)")
_MOST_PARTS: Final = 5
"""Five parts can be joined in 16 ways from 15 different stretches; more would be a speech, not a request."""

Meaning = TypeVar("Meaning")


@dataclass(frozen=True, slots=True)
class Wishes(Generic[Meaning]):
    """What an utterance asks for, in order, and the words that nobody understood."""

    meanings: tuple[Meaning, ...]
    unexplained: tuple[str, ...] = ()


def understood(
    text: str, understand: Callable[[str], Meaning | None], language: Language | None = None
) -> Wishes[Meaning]:
    """Find the cut of `text` of which `understand` explains most, preferring more and shorter wishes.

    `understand` is called at most once for each stretch.
    """
    text = text.strip()
    spans = _parts(text, _separator(language or english()))
    explain = cache(understand)
    best: Wishes[Meaning] = Wishes((), (text,) if text else ())
    best_rank = (-len(text), 0)
    for cut in _cuts(spans):
        pieces = [_SENTENCE_END.sub("", text[start:end]) for start, end in cut]
        meanings = [explain(piece) for piece in pieces]
        unexplained = tuple(piece for piece, meaning in zip(pieces, meanings, strict=True) if meaning is None)
        rank = (-sum(map(len, unexplained)), len(pieces) if not unexplained else -len(pieces))
        if rank > best_rank and len(unexplained) < len(pieces):
            best_rank = rank
            best = Wishes(tuple(meaning for meaning in meanings if meaning is not None), unexplained)
    return best


@cache
def _separator(language: Language) -> re.Pattern[str]:
    """Match what may stand between two wishes: the end of a sentence, a comma, a word that joins."""
    joiners = [re.escape(joiner) for joiner in language.words.joiners]
    single = "|".join(joiner for joiner in joiners if "\\ " not in joiner)
    sure = rf"[{SURE_ENDS}\uff0c\u060c]+\s*"
    if not language.sentences.spaced:
        return re.compile(rf"(?:{sure}|[.?!;,]+\s*)(?:{single})*|\s*(?:{'|'.join(joiners)})\s*")
    behind = rf"(?:[.?!;]+\s+|,\s+|{sure})(?:(?:{single})\s+)*"
    return re.compile(rf"{behind}|\s+(?:{'|'.join(joiners)})\s+", re.IGNORECASE)


def _parts(text: str, separators: re.Pattern[str]) -> list[tuple[int, int]]:
    """Return where the smallest parts stand; the last one holds all that is left when there are too many."""
    spans: list[tuple[int, int]] = []
    start = 0
    for separator in separators.finditer(text):
        if separator.start() > start and len(spans) < _MOST_PARTS - 1:
            spans.append((start, separator.start()))
            start = separator.end()
    if start < len(text):
        spans.append((start, len(text)))
    return spans


def _cuts(spans: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Yield every way to join neighbouring parts, from one piece to all apart."""
    for count in range(len(spans)):
        for borders in combinations(range(1, len(spans)), count):
            edges = (0, *borders, len(spans))
            yield [(spans[a][0], spans[b - 1][1]) for a, b in pairwise(edges)]
