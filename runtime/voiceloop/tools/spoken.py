"""English numbers as people say them and as speech recognition writes them: "twenty five", "2 and a half", "4711"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["NumberSpan", "as_number", "numbers_in", "parse_number"]

TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
DIGIT_NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TENS_NAMES = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ONES = {word: value for value, word in enumerate(DIGIT_NAMES + TEENS)}
TENS = {word: 10 * value for value, word in enumerate(TENS_NAMES, start=2)} | {"fourty": 40}
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
FRACTIONS = {
    "half": Fraction(1, 2),
    "halves": Fraction(1, 2),
    "third": Fraction(1, 3),
    "thirds": Fraction(1, 3),
    "quarter": Fraction(1, 4),
    "quarters": Fraction(1, 4),
    "fifth": Fraction(1, 5),
    "fifths": Fraction(1, 5),
    "tenth": Fraction(1, 10),
    "tenths": Fraction(1, 10),
}
ARTICLES = frozenset({"a", "an"})
SIGNS = frozenset({"minus", "negative"})
DIGIT_WORDS = {word: value for value, word in enumerate(DIGIT_NAMES)} | {"oh": 0, "o": 0}
GLUE = frozenset({"and", "point", "of", "couple", "dozen", "hundred"})
WORDS = frozenset(ONES) | set(TENS) | set(SCALES) | set(FRACTIONS) | ARTICLES | SIGNS | set(DIGIT_WORDS) | GLUE

NUMERAL = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?")
MAX_WORDS = 16
"""Longest number looked for; "minus two hundred and thirty five thousand ..." stays below it."""


@dataclass(frozen=True, slots=True)
class NumberSpan:
    """A number found in a sentence: words `start` up to, not including, `end`."""

    start: int
    end: int
    value: Fraction


def as_number(value: Fraction) -> int | float:
    """Turn an exact value into the int or float people expect."""
    return int(value) if value.denominator == 1 else float(value)


def numbers_in(words: Sequence[str]) -> Iterator[NumberSpan]:
    """Yield every run of words that can be read as one number, parts of longer numbers included."""
    for start in range(len(words)):
        for end in range(start + 1, min(start + MAX_WORDS, len(words)) + 1):
            if not _numeric(words[end - 1]):
                break
            value = parse_number(words[start:end])
            if value is not None:
                yield NumberSpan(start, end, value)


def _numeric(word: str) -> bool:
    return word.lower() in WORDS or NUMERAL.fullmatch(word) is not None


def parse_number(words: Sequence[str]) -> Fraction | None:
    """Read all `words` as one number; None when they are not one. Case does not matter."""
    lowered = [word.lower() for word in words]
    if lowered and lowered[0] in SIGNS:
        value = _magnitude(lowered[1:])
        return None if value is None else -value
    return _magnitude(lowered)


def _magnitude(words: Sequence[str]) -> Fraction | None:
    for reading in (_plain, _mixed, _fraction, _decimal, _dozens, _digits, _pair):
        value = reading(words)
        if value is not None:
            return value
    return None


def _plain(words: Sequence[str]) -> Fraction | None:
    """A numeral, "a", or a cardinal."""
    if len(words) == 1 and NUMERAL.fullmatch(words[0]):
        return Fraction(words[0])
    if len(words) == 1 and words[0] in ARTICLES:
        return Fraction(1)
    return _cardinal(words)


def _mixed(words: Sequence[str]) -> Fraction | None:
    """Two and a half, three and three quarters."""
    if "and" not in words:
        return None
    cut = len(words) - 1 - list(reversed(words)).index("and")
    whole, part = _plain(words[:cut]), _fraction(words[cut + 1 :])
    return None if whole is None or part is None or part >= 1 else whole + part


def _fraction(words: Sequence[str]) -> Fraction | None:
    """Half, a half, half an, three quarters, a quarter of an."""
    rest = list(words)
    if rest[-1:] and rest[-1] in ARTICLES and len(rest) > 1:
        rest.pop()
    if rest[-1:] == ["of"]:
        rest.pop()
    match rest:
        case [part] if part in ("half", "quarter"):
            return FRACTIONS[part]
        case [article, part] if article in ARTICLES and part in FRACTIONS:
            return FRACTIONS[part]
        case [count, part] if count in ONES and part in FRACTIONS:
            return ONES[count] * FRACTIONS[part]
        case _:
            return None


def _decimal(words: Sequence[str]) -> Fraction | None:
    """Three point one four, zero point five, point five."""
    if "point" not in words:
        return None
    cut = words.index("point")
    whole = _plain(words[:cut]) if cut else Fraction(0)
    digits = [str(DIGIT_WORDS[word]) if word in DIGIT_WORDS else word for word in words[cut + 1 :]]
    if whole is None or not digits or not all(re.fullmatch(r"\d{1,9}", digit) for digit in digits):
        return None
    text = "".join(digits)
    return whole + Fraction(int(text), 10 ** len(text))


def _dozens(words: Sequence[str]) -> Fraction | None:
    """A couple of, a dozen, two dozen, half a dozen."""
    match words:
        case ["a", "couple"] | ["a", "couple", "of"] | ["couple", "of"]:
            return Fraction(2)
        case ["half", "a", "dozen"]:
            return Fraction(6)
        case [*count, "dozen"]:
            value = _plain(count) if count else Fraction(1)
            return None if value is None else 12 * value
        case _:
            return None


def _digits(words: Sequence[str]) -> Fraction | None:
    """Digits one by one, as people read out an order number: "four seven one one"."""
    if len(words) < 2 or not all(word in DIGIT_WORDS or re.fullmatch(r"\d", word) for word in words):  # noqa: PLR2004
        return None
    return Fraction("".join(str(DIGIT_WORDS.get(word, word)) for word in words))


def _pair(words: Sequence[str]) -> Fraction | None:
    """Two halves of a four-digit number: "forty seven eleven", "nineteen oh five"."""
    for cut in range(1, len(words)):
        high = _cardinal(words[:cut])
        low = _digits(words[cut:]) if words[cut] in ("oh", "o") else _cardinal(words[cut:])
        if high is not None and low is not None and 10 <= high < 100 and _fits_low(words[cut], low):  # noqa: PLR2004
            return high * 100 + low
    return None


def _fits_low(first_word: str, low: Fraction) -> bool:
    return low < 100 and (low >= 10 or first_word in ("oh", "o"))  # noqa: PLR2004 - two decimal digits


def _cardinal(words: Sequence[str]) -> Fraction | None:
    """Words such as "two hundred and thirty five thousand", "a hundred", "2.5 million"; None when they break a rule."""
    total, group, last = Fraction(0), Fraction(0), None
    largest: int | None = None
    for word in words:
        if word in SCALES:
            scale = SCALES[word]
            if last in (None, "and") or (largest is not None and scale >= largest):
                return None
            total, group, largest = total + group * scale, Fraction(0), scale
        else:
            grown = _grow(group, word, last)
            if grown is None:
                return None
            group = grown
        last = "scale" if word in SCALES else _kind(word)
    return None if last in (None, "and", "article") else total + group


def _kind(word: str) -> str:
    if word in ONES:
        return "one" if word in DIGIT_WORDS else "teen"
    if word in TENS:
        return "tens"
    if word in ARTICLES:
        return "article"
    if word in ("and", "hundred"):
        return word
    return "numeral" if NUMERAL.fullmatch(word) else "other"


FOLLOWS: dict[str, frozenset[str | None]] = {
    "one": frozenset({None, "hundred", "scale", "and", "tens"}),
    "teen": frozenset({None, "hundred", "scale", "and"}),
    "tens": frozenset({None, "hundred", "scale", "and"}),
    "numeral": frozenset({None, "scale", "and"}),
    "article": frozenset({None}),
    "hundred": frozenset({None, "one", "teen", "article", "numeral"}),
    "and": frozenset({"hundred", "scale"}),
    "other": frozenset(),
}
"""Which kinds of word a kind of word may follow within a cardinal."""


def _grow(group: Fraction, word: str, last: str | None) -> Fraction | None:
    """Add one word to the part of a number below a thousand; None when it cannot follow `last`."""
    kind = _kind(word)
    if last not in FOLLOWS[kind] or (last == "tens" and word == "zero"):
        return None
    if kind == "hundred":
        return 100 * (group if last else Fraction(1))
    if kind == "numeral":
        return group + Fraction(word)
    return group + (1 if kind == "article" else ONES.get(word, TENS.get(word, 0)))
