"""Numbers as people say them and as speech recognition writes them: "twenty five", "2 and a half", "4711".

The words come from the language; the grammar is that of English. A language that says five-and-twenty in one word is
brought into that order first, so "fünfundzwanzig" is read as "twenty five".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from voiceloop.languages.language import Language, Numbers
from voiceloop.languages.shelf import english

__all__ = ["NumberSpan", "as_number", "numbers_in", "parse_number"]

NUMERAL = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?")
MAX_WORDS = 16
"""Longest number looked for; "minus two hundred and thirty five thousand ..." stays below it."""
MAX_LETTERS = 80
"""A longer word is no number, however it is glued together."""


@dataclass(frozen=True, slots=True)
class NumberSpan:
    """A number found in a sentence: words `start` up to, not including, `end`."""

    start: int
    end: int
    value: Fraction


def as_number(value: Fraction) -> int | float:
    """Turn an exact value into the int or float people expect."""
    return int(value) if value.denominator == 1 else float(value)


def numbers_in(words: Sequence[str], language: Language | None = None) -> Iterator[NumberSpan]:
    """Yield every run of words that can be read as one number, parts of longer numbers included."""
    reader = _reader(language or english())
    for start in range(len(words)):
        for end in range(start + 1, min(start + MAX_WORDS, len(words)) + 1):
            if not reader.numeric(words[end - 1].lower()):
                break
            value = reader.read(words[start:end])
            if value is not None:
                yield NumberSpan(start, end, value)


def parse_number(words: Sequence[str], language: Language | None = None) -> Fraction | None:
    """Read all `words` as one number; None when they are not one. Case does not matter. English by default."""
    return _reader(language or english()).read(words)


@functools.cache
def _reader(language: Language) -> _Reader:
    return _Reader(language.numbers)


class _Reader:
    """Reads numbers in one language."""

    __slots__ = ("_digits", "_glue", "_glued", "_known", "_words")

    def __init__(self, words: Numbers) -> None:
        self._words = words
        self._digits = {word: value for value, word in enumerate(words.digits)} | dict(words.more_digits)
        phrases = " ".join((*words.couples, *words.half_dozens, words.joint, words.point, words.of)).split()
        # A couple and half a dozen begin with words that are numbers anyway, or with none at all.
        self._glue = frozenset(phrases) | words.dozens | words.hundreds
        self._known = (
            frozenset(words.ones) | set(words.tens) | set(words.scales) | set(words.fractions) | set(words.values)
        ) | (words.articles | words.signs | set(self._digits) | self._glue)
        self._glued = _glued_pattern(words) if words.glued else None

    def numeric(self, word: str) -> bool:
        """Whether a word can be part of a number."""
        return word in self._known or NUMERAL.fullmatch(word) is not None or self._apart(word) is not None

    def read(self, words: Sequence[str]) -> Fraction | None:
        """Read all words as one number."""
        said = [part for word in words for part in self._unglued(word.lower())]
        if said and said[0] in self._words.signs:
            value = self._magnitude(said[1:])
            return None if value is None else -value
        return self._magnitude(said)

    # One word of several ---------------------------------------------------------------------------------------------

    def _unglued(self, word: str) -> list[str]:
        return [word] if word in self._known else self._apart(word) or [word]

    def _apart(self, word: str) -> list[str] | None:
        """Return the parts of a glued number, its units after its tens; None for any other word."""
        if self._glued is None or len(word) > MAX_LETTERS:
            return None
        parts: list[str] = []
        place = 0
        while found := self._glued.match(word, place):
            parts += [part for part in (found["tens"], found["unit"]) if part] or [found["part"]]
            place = found.end()
            if place == len(word):
                return parts
        return None

    # Ways to say a number --------------------------------------------------------------------------------------------

    def _magnitude(self, words: Sequence[str]) -> Fraction | None:
        for reading in (
            self._plain,
            self._mixed,
            self._fraction,
            self._decimal,
            self._dozens,
            self._one_by_one,
            self._pair,
        ):
            value = reading(words)
            if value is not None:
                return value
        return None

    def _plain(self, words: Sequence[str]) -> Fraction | None:
        """A numeral, "a", or a cardinal."""
        if len(words) == 1 and NUMERAL.fullmatch(words[0]):
            return Fraction(words[0])
        if len(words) == 1 and words[0] in self._words.articles:
            return Fraction(1)
        if len(words) == 1 and words[0] in self._words.values:
            return self._words.values[words[0]]
        return self._cardinal(words)

    def _mixed(self, words: Sequence[str]) -> Fraction | None:
        """Two and a half, three and three quarters."""
        joint = self._words.joint
        if joint not in words:
            return None
        cut = len(words) - 1 - list(reversed(words)).index(joint)
        whole, part = self._plain(words[:cut]), self._fraction(words[cut + 1 :])
        return None if whole is None or part is None or part >= 1 else whole + part

    def _fraction(self, words: Sequence[str]) -> Fraction | None:
        """Half, a half, half an, three quarters, a quarter of an."""
        known = self._words
        rest = list(words)
        if rest[-1:] and rest[-1] in known.articles and len(rest) > 1:
            rest.pop()
        if known.of and rest[-1:] == [known.of]:
            rest.pop()
        match rest:
            case [part] if part in known.bare_fractions:
                return known.fractions[part]
            case [article, part] if article in known.articles and part in known.fractions:
                return known.fractions[part]
            case [count, part] if count in known.ones and part in known.fractions:
                return known.ones[count] * known.fractions[part]
            case _:
                return None

    def _decimal(self, words: Sequence[str]) -> Fraction | None:
        """Three point one four, zero point five, point five."""
        if self._words.point not in words:
            return None
        cut = words.index(self._words.point)
        whole = self._plain(words[:cut]) if cut else Fraction(0)
        digits = [str(self._digits[word]) if word in self._digits else word for word in words[cut + 1 :]]
        if whole is None or not digits or not all(re.fullmatch(r"\d{1,9}", digit) for digit in digits):
            return None
        text = "".join(digits)
        return whole + Fraction(int(text), 10 ** len(text))

    def _dozens(self, words: Sequence[str]) -> Fraction | None:
        """A couple of, a dozen, two dozen, half a dozen."""
        text = " ".join(words)
        if text in self._words.couples:
            return Fraction(2)
        if text in self._words.half_dozens:
            return Fraction(6)
        if not words or words[-1] not in self._words.dozens:
            return None
        value = self._plain(words[:-1]) if words[:-1] else Fraction(1)
        return None if value is None else 12 * value

    def _one_by_one(self, words: Sequence[str]) -> Fraction | None:
        """Digits one by one, as people read out an order number: "four seven one one"."""
        if len(words) < 2 or not all(word in self._digits or re.fullmatch(r"\d", word) for word in words):  # noqa: PLR2004
            return None
        return Fraction("".join(str(self._digits.get(word, word)) for word in words))

    def _pair(self, words: Sequence[str]) -> Fraction | None:
        """Two halves of a four-digit number: "forty seven eleven", "nineteen oh five"."""
        zeros = self._words.more_digits
        for cut in range(1, len(words)):
            high, after = self._cardinal(words[:cut]), words[cut]
            nought = zeros.get(after) == 0
            low = self._one_by_one(words[cut:]) if nought else self._cardinal(words[cut:])
            fits = low is not None and low < 100 and (low >= 10 or nought)  # noqa: PLR2004 - two decimal digits
            if high is not None and low is not None and fits and 10 <= high < 100:  # noqa: PLR2004
                return high * 100 + low
        return None

    # Cardinals -------------------------------------------------------------------------------------------------------

    def _cardinal(self, words: Sequence[str]) -> Fraction | None:
        """Words such as "two hundred and thirty five thousand", "2.5 million"; None when they break a rule."""
        total, group, last = Fraction(0), Fraction(0), ""
        largest: int | None = None
        for word in words:
            if word in self._words.scales:
                scale = self._words.scales[word]
                counted = bool(self._words.one) if last in ("", "scale") else last != "joint"
                if not counted or (largest is not None and scale >= largest):
                    return None
                total, group, largest = total + (group if last not in ("", "scale") else 1) * scale, Fraction(0), scale
                last = "scale"
                continue
            kind = self._kind(word)
            grown = self._grow(group, word, kind, last)
            if grown is None:
                return None
            group, last = grown, kind
        return None if last in ("", "joint", "article") else total + group

    def _kind(self, word: str) -> str:
        known = self._words
        kinds = {
            "one": known.ones.get(word, 10) < 10,  # noqa: PLR2004 - digits end there
            "teen": word in known.ones,
            "tens": word in known.tens,
            "article": word in known.articles,
            "joint": word == known.joint,
            "hundred": word in known.hundreds,
            "numeral": NUMERAL.fullmatch(word) is not None,
        }
        return next((kind for kind, fits in kinds.items() if fits), "other")

    def _grow(self, group: Fraction, word: str, kind: str, last: str) -> Fraction | None:
        """Add one word to the part of a number below a thousand; None when it cannot follow `last`."""
        value = self._words.ones.get(word, self._words.tens.get(word, 0))
        if last not in FOLLOWS[kind] or (last == "tens" and value == 0):
            return None
        if kind == "hundred":
            return 100 * (group if last else Fraction(1))
        if kind == "numeral":
            return group + Fraction(word)
        return group + (1 if kind == "article" else value)


FOLLOWS = MappingProxyType(
    {
        "one": frozenset({"", "hundred", "scale", "joint", "tens"}),
        "teen": frozenset({"", "hundred", "scale", "joint"}),
        "tens": frozenset({"", "hundred", "scale", "joint"}),
        "numeral": frozenset({"", "scale", "joint"}),
        "article": frozenset({""}),
        "hundred": frozenset({"", "one", "teen", "article", "numeral"}),
        "joint": frozenset({"hundred", "scale"}),
        "other": frozenset[str](),
    }
)
"""Which kinds of word a kind of word may follow within a cardinal."""


def _glued_pattern(words: Numbers) -> re.Pattern[str]:
    """Match one part of a glued number: a unit with its ten behind it, or any single word."""

    def any_of(*groups: Mapping[str, int] | frozenset[str]) -> str:
        return "|".join(sorted((re.escape(word) for group in groups for word in group), key=len, reverse=True))

    units = any_of({word: value for word, value in words.ones.items() if 0 < value < 10})  # noqa: PLR2004
    single = any_of(words.ones, words.tens, words.hundreds, words.scales)
    joint = re.escape(words.joint)
    part = rf"(?:(?P<unit>{units}){joint}(?P<tens>{any_of(words.tens)})|(?P<part>{single}|{joint}))"
    return re.compile(part)
