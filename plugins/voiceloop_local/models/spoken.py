"""Written text made speakable, and cut so that its first words sound soon; pure.

The English voice's own front end already reads numbers, years, times, dates, dollars and many units; what stands here
is what it reads wrongly, and the marks that chat models write but nobody says. Other languages: `aloud`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from voiceloop.languages.language import Language
from voiceloop.languages.sentences import sentences
from voiceloop.languages.shelf import english

__all__ = ["Clause", "addresses", "clauses", "said", "speakable", "tidied", "without_marks"]

SENTENCE_PAUSE_MS: Final = 260
CLAUSE_PAUSE_MS: Final = 110
_FIRST_CHARACTERS: Final = 60
_LONGEST_CHARACTERS: Final = 220
_SHORTEST_CHARACTERS: Final = 16
"""A cut before this leaves a scrap that sounds chopped off."""

_NUMBER: Final = r"\d+(?:,\d{3})*(?:\.\d+)?"
_UNITS: Final = {
    "m": "meter",
    "h": "hour",
    "s": "second",
    "g": "gram",
    "l": "liter",
    "L": "liter",
    "W": "watt",
    "V": "volt",
    "m/s": "meter per second",
    "kWh": "kilowatt hour",
    "dB": "decibel",
}
_SYMBOLS_SAID: Final = frozenset("°©®™^")
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
    return tidied(said(_codes(_units(_amounts(addresses(without_marks(text), english())))), english()))


def without_marks(text: str) -> str:
    """Return `text` without Markdown, emoji and control characters."""
    return _without_pictures(_without_markdown(text))


def tidied(text: str) -> str:
    """Return `text` with single spaces and without lines that hold nothing to say."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if any(character.isalnum() for character in line))


def said(text: str, language: Language) -> str:
    """Return `text` with the language's abbreviations in full."""
    for written, spoken in language.speech.abbreviations:
        text = re.sub(rf"(?<!\w){written}", spoken, text)
    return text


def _without_markdown(text: str) -> str:
    text = re.sub(r"```.*?(?:```|\Z)", " ", text, flags=re.DOTALL)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^\s*(?:#{1,6}|[-*+•>]|\d{1,2}[.)])\s+", "", text, flags=re.MULTILINE)
    return re.sub(r"(?<!\w)(\*\*\*|\*\*|__|~~|[*_`])(?=\S)(.+?)(?<=\S)\1(?!\w)", r"\2", text)


def _without_pictures(text: str) -> str:
    """Emoji and control characters go; a currency, mathematical or degree sign stays."""
    return "".join(
        character
        if character in _SYMBOLS_SAID or character.isspace() or unicodedata.category(character)[0] not in "SC"
        else character
        if unicodedata.category(character) in {"Sc", "Sm"}
        else " "
        for character in text
    )


def addresses(text: str, language: Language) -> str:
    """Return `text` with web and mail addresses in words."""
    web = r"\bhttps?://(?:www\.)?([^\s/?#]+)[^\s]*?(?=[.,;:!?)]*(?:\s|$))"
    text = re.sub(web, lambda found: _dotted(found.group(1), language), text)
    mail = r"\b([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)\b"
    at = language.speech.at
    return re.sub(
        mail, lambda found: f"{_dotted(found.group(1), language)}{at}{_dotted(found.group(2), language)}", text
    )


def _dotted(name: str, language: Language) -> str:
    words = language.speech
    marks = {".": words.dot, "-": words.dash, "_": words.underscore, ":": words.colon}
    return "".join(marks.get(character, character) for character in name)


def _amounts(text: str) -> str:
    """An amount before its sign is turned round, as the front end knows only "€12.50"."""
    text = re.sub(rf"(?<![\w.,])({_NUMBER})\s?([€$£])(?!\d)", r"\2\1", text)
    text = re.sub(rf"(?<![\w.,])({_NUMBER})\s?(?:EUR|USD|GBP)\b", lambda m: _sign(m.group(0)) + m.group(1), text)
    return re.sub(r"\b24/7\b", "twenty-four seven", text)


def _sign(amount: str) -> str:
    return {"EUR": "€", "USD": "$", "GBP": "£"}[amount[-3:]]


def _units(text: str) -> str:
    names = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
    return re.sub(rf"(?<![\w.,$€£])({_NUMBER})\s?({names})(?![\w/'\u2019])", _unit, text)


def _unit(found: re.Match[str]) -> str:
    amount, unit = found.group(1), _UNITS[found.group(2)]
    if amount != "1":
        head, space, tail = unit.partition(" per ")
        unit = f"{head}s{space}{tail}"
    return f"{amount} {unit}"


def _codes(text: str) -> str:
    """Digits with a leading zero, or more than six in a row, are a code: each is said."""
    return re.sub(r"(?<![\w.,:/-])(?:0\d+|\d{7,})(?![\w,:/-]|\.\d)", lambda m: " ".join(m.group()), text)
