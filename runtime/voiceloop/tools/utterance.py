"""Cleans what speech recognition wrote down, so that it can be compared with phrases."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["MAX_CHARS", "Reading", "readings", "tolerant"]

MAX_CHARS = 400
"""Longer texts are no commands, and matching costs grow with length."""

UNITS = {"min": "minutes", "hr": "hours", "sec": "seconds"}
HESITATION = re.compile(r"\b(?:u+m+|u+h+|e+r+m*|h+m+|mm+)\b[,.]*", re.IGNORECASE)
OPENING = re.compile(
    r"(?:please|hey|hi|hello|okay|ok|oh|so|well|now|then|and|just|also|actually|right|alright|thanks|no wait|"
    r"go ahead and|(?:can|could|would|will) (?:you|we|i)|i(?:'d| would) like (?:you )?to|i want (?:you )?to|"
    r"i need (?:you )?to|let's|i wonder|do you know|(?:can|could) you tell me|tell me)\b[,.!;:]*\s+",
    re.IGNORECASE,
)
CLOSING = re.compile(
    r"[,.;:]*\s+(?:please|thanks|thank you(?: very much)?|for me|right now|now|okay|ok|will you|would you|can you)$",
    re.IGNORECASE,
)
AND_A_HALF = re.compile(r"\b(\w+) (\w+) and (a half|a quarter|three quarters)\b", re.IGNORECASE)
FOR_ME = re.compile(r" for me\b", re.IGNORECASE)
IS_AFTER = re.compile(r"\b(what|where|who|how|when|that|there)(?: is|'s)\b", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.?!])\s+")

REWRITES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile("[\u2018\u2019\u02bc]"), "'"),
    (re.compile("[\u2010-\u2012\u2212]"), "-"),
    (HESITATION, " "),
    (re.compile(r"(?<=\d),(?=\d{3}\b)"), ""),
    (re.compile(r"\b([ap])\.?\s?m\b\.?", re.IGNORECASE), r"\1m"),
    (re.compile(r"(?<=\d)\s*%"), " percent"),
    (re.compile(r"(?<=\d)\s*°\s*"), " degrees "),
    (re.compile(r"(?<=\d)(?=(?:[kcm]?m|[km]?g|lbs?|oz|m?l|mph|kph|km/h|ft|mins?|secs?|hrs?)\b)", re.IGNORECASE), " "),
    (re.compile(r"\b(min|hr|sec)s?\b\.?", re.IGNORECASE), lambda unit: UNITS[unit[1].lower()]),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to take what was said. Both texts have the same length, so a place in one is a place in the other."""

    spoken: str
    """As said, for values."""
    plain: str
    """With hyphens as spaces, for comparison."""


def tolerant(template: str) -> str:
    """Let a template match "what is" for "what's" and the reverse, and spaces for hyphens."""
    return IS_AFTER.sub(r"(\1 is|\1's|\1s)", template.replace("-", " "))


def readings(text: str) -> Iterator[tuple[Reading, ...]]:
    """Yield groups of readings, best group first: the whole text, then its sentences one by one.

    Within a group stand the text as it is, without words of courtesy in front and behind, and with "an hour and a
    half" as "an and a half hour".
    """
    cleaned = _clean(text)
    if not cleaned or len(cleaned) > MAX_CHARS:
        return
    yield _group(cleaned)
    sentences = SENTENCE_END.split(cleaned)
    if len(sentences) > 1:
        for sentence in sentences:
            yield _group(sentence)


def _clean(text: str) -> str:
    cleaned = unicodedata.normalize("NFC", text)
    for pattern, replacement in REWRITES:
        cleaned = pattern.sub(replacement, cleaned)
    return cleaned.strip()


def _group(sentence: str) -> tuple[Reading, ...]:
    start = _trim(sentence)
    found = dict.fromkeys(version for opened in _opened(start) for version in (opened, *_closed(opened)))
    for version in tuple(found):
        found[FOR_ME.sub("", AND_A_HALF.sub(r"\1 and \3 \2", version))] = None
    return tuple(Reading(version, re.sub(r"(?<=\w)-", " ", version)) for version in found)


def _trim(sentence: str) -> str:
    return sentence.strip(' ,.;:?!"')


def _opened(sentence: str) -> Iterator[str]:
    """Yield the sentence, then with one opening less each time."""
    yield sentence
    while found := OPENING.match(sentence):
        sentence = _trim(sentence[found.end() :])
        yield sentence


def _closed(sentence: str) -> Iterator[str]:
    while found := CLOSING.search(sentence):
        sentence = _trim(sentence[: found.start()])
        yield sentence
