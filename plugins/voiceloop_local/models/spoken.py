"""Written text made speakable, and cut so that its first words sound soon. English; pure.

The voice's own front end already reads numbers, years, times, dates, dollars and many units; what stands here is what
it reads wrongly, and the marks that chat models write but nobody says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Clause", "clauses", "speakable"]

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
_ABBREVIATIONS: Final = {
    r"e\.g\.": "for example",
    r"i\.e\.": "that is",
    r"etc\.(?=\s+[A-Z]|\s*$)": "et cetera.",
    r"etc\.": "et cetera",
}
_NOT_AN_END: Final = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "vs", "approx", "e.g", "i.e", "fig", "vol", "gen", "sen", "mt"}
)
_SENTENCE_END: Final = re.compile(r"[.!?…]+[\"\u201d\u2019)\]]*(?=\s+\S)")
_BREAKS: Final = (
    re.compile(r"[;:\u2013\u2014]\s+|,\s+(?=and |but |or |so |because )"),
    re.compile(r",\s+"),
    re.compile(r"\s+(?=(?:and|but|or|so|because|which|that|when|while|if|with|for) )"),
    re.compile(r"\s+"),
)


@dataclass(frozen=True, slots=True)
class Clause:
    """Words to synthesise in one go, and the silence after them."""

    text: str
    pause_ms: int


def clauses(text: str) -> Iterator[Clause]:
    """Cut speakable `text` into sentences; the first piece is short, and no piece is longer than a breath."""
    limit = _FIRST_CHARACTERS
    for sentence in _sentences(text):
        rest = sentence
        while len(rest) > limit:
            cut = _best_cut(rest, limit)
            if cut is None:
                break
            yield Clause(rest[:cut].rstrip(), CLAUSE_PAUSE_MS)
            rest, limit = rest[cut:].lstrip(), _LONGEST_CHARACTERS
        yield Clause(rest, SENTENCE_PAUSE_MS)
        limit = _LONGEST_CHARACTERS


def _sentences(text: str) -> Iterator[str]:
    for line in text.splitlines():
        start = 0
        for end in _SENTENCE_END.finditer(line):
            if _ends_sentence(line, start, end):
                yield line[start : end.end()].strip()
                start = end.end()
        if rest := line[start:].strip():
            yield rest


def _ends_sentence(line: str, start: int, end: re.Match[str]) -> bool:
    following = line[end.end() :].lstrip()[:1]
    if following.islower():
        return False
    if not end.group().startswith(".") or end.group().startswith(".."):
        return True
    word = line[start : end.start()].split()[-1:] or [""]
    last = word[0].lstrip("(\"'\u201c\u2018")
    initial = len(last) == 1 and last.isalpha() and last != "I"
    return not (last.lower() in _NOT_AN_END or initial)


def _best_cut(text: str, limit: int) -> int | None:
    """Return where the second piece starts: at the strongest break before `limit` that leaves no scrap."""
    for breaks in _BREAKS:
        cuts = [
            found.end()
            for found in breaks.finditer(text, _SHORTEST_CHARACTERS, limit)
            if len(text) - found.end() >= _SHORTEST_CHARACTERS
        ]
        if cuts:
            return cuts[-1]
    return None


def speakable(text: str) -> str:
    """Return `text` as it should be read aloud; lines stay lines. Nothing sayable gives an empty string."""
    for rewrite in _REWRITES:
        text = rewrite(text)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if any(character.isalnum() for character in line))


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


def _addresses(text: str) -> str:
    text = re.sub(r"\bhttps?://(?:www\.)?([^\s/?#]+)[^\s]*?(?=[.,;:!?)]*(?:\s|$))", lambda m: _dotted(m.group(1)), text)
    return re.sub(
        r"\b([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)\b", lambda m: f"{_dotted(m.group(1))} at {_dotted(m.group(2))}", text
    )


def _dotted(name: str) -> str:
    return re.sub(r"[.]", " dot ", name).replace("-", " dash ").replace("_", " underscore ").replace(":", " colon ")


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


def _abbreviations(text: str) -> str:
    for written, said in _ABBREVIATIONS.items():
        text = re.sub(rf"(?<!\w){written}", said, text)
    return text


_REWRITES: Final[tuple[Callable[[str], str], ...]] = (
    _without_markdown,
    _without_pictures,
    _addresses,
    _amounts,
    _units,
    _codes,
    _abbreviations,
)
