"""Works out sums as they are spoken or written: "twelve times seven", "20 percent of 80", "(3 + 4) * 2"."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from fractions import Fraction

from voiceloop.languages.language import Language
from voiceloop.languages.shelf import language_for
from voiceloop.tools.spoken import parse_number
from voiceloop_basics.wording import tell, wording

__all__ = ["SumError", "calculate", "speak_number"]

MAX_TOKENS = 64
"""A spoken sum is shorter; the bound keeps nesting shallow."""
MAX_DIGITS = 60
"""Powers with more digits than this are refused before they are computed."""
TOO_BIG = 10**100
LONGEST_NUMBER = 12
"""Words in the longest number that is looked for."""

WORDINGS = (
    (r"(?<=\d),(?=\d{3}\b)", ""),
    (r"\b(?:to the power of|raised to(?: the power of)?)\b|\*\*", " ^ "),
    (r"\bsquare root of\b|√", " sqrt "),
    (r"\bcube root of\b", " cbrt "),
    (r"\bsquared\b|²", " ^ 2 "),
    (r"\bcubed\b|³", " ^ 3 "),
    (r"\b(?:multiplied by|times)\b|\u00d7|(?<=\d)\s*x\s*(?=\d)", " * "),
    (r"\b(?:divided by|over)\b|[÷:]", " / "),
    (r"\b(?:plus|added to)\b", " + "),
    (r"\b(?:minus|less|take away|negative)\b|\u2212", " - "),
    (r"\bper ?cent\b", " % "),
    (r"\bpi\b", f" {math.pi:.9f} "),
    (r"\b(?:what is|what's|how much is|calculate|equals?|the)\b|[?!=]|[.,](?!\d)", " "),
    (r"(?<=[a-z])-(?=[a-z])", " "),
)
TOKEN = re.compile(r"\d+(?:\.\d+)?|\.\d+|[^\W\d_]+|[-+*/^%()]")


class SumError(ValueError):
    """The text is no sum, or has no answer; the message can be spoken."""


@dataclass(slots=True)
class _Term:
    """A value; `percent` when it stands for a share of what comes before it."""

    value: Fraction
    percent: bool = False


@dataclass(slots=True)
class _Sum:
    """Recursive descent over tokens: sums of products of powers."""

    tokens: list[str | Fraction] = field(default_factory=list)

    def take(self, *wanted: str) -> str | None:
        """Take the next token if it is one of `wanted`."""
        if self.tokens and self.tokens[0] in wanted:
            return str(self.tokens.pop(0))
        return None

    def total(self) -> Fraction:
        value = self.product().value
        while sign := self.take("+", "-", "and"):
            term = self.product()
            # "80 minus 20 percent" takes a fifth of the 80 away.
            change = value * term.value if term.percent else term.value
            value += -change if sign == "-" else change
        return value

    def product(self) -> _Term:
        term = self.signed()
        while sign := self.take("*", "/", "of"):
            other = self.signed().value
            if sign == "/" and other == 0:
                raise SumError("You cannot divide by zero.")
            term = _Term(term.value / other if sign == "/" else term.value * other)
        return term

    def signed(self) -> _Term:
        if self.take("-"):
            term = self.signed()
            return _Term(-term.value, term.percent)
        return self.power()

    def power(self) -> _Term:
        term = self.atom()
        if self.take("^"):
            return _Term(_raise(term.value, self.signed().value))
        if self.take("%"):
            return _Term(term.value / 100, percent=True)
        return term

    def atom(self) -> _Term:
        if root := self.take("sqrt", "cbrt"):
            return _Term(_root(self.signed().value, 2 if root == "sqrt" else 3))
        if self.take("("):
            value = self.total()
            if not self.take(")"):
                raise SumError("A bracket is missing.")
            return _Term(value)
        if self.tokens and isinstance(self.tokens[0], Fraction):
            return _Term(Fraction(self.tokens.pop(0)))
        raise SumError("That is not a sum I understand.")


def calculate(text: str, tag: str = "en") -> Fraction:
    """Work out a sum said in a language or in symbols. Raises SumError with an English sentence to speak."""
    lowered = text.lower()
    words = wording(tag)
    for pattern, replacement in (*words.sums, *WORDINGS):
        lowered = re.sub(pattern, replacement, lowered)
    written = TOKEN.findall(lowered)
    if len(written) > MAX_TOKENS:
        raise SumError("That sum is too long for me.")
    parts = _Sum(_read_numbers(written, language_for(words.tag)))
    try:
        value = parts.total()
    except OverflowError as error:
        raise SumError("That number is too big for me.") from error
    if abs(value) > TOO_BIG:
        raise SumError("That number is too big for me.")
    if parts.tokens or re.sub(TOKEN, "", lowered).strip():
        raise SumError("That is not a sum I understand.")
    return value


def speak_number(value: Fraction, tag: str = "en") -> str:
    """Write a number so that it can be spoken: grouped, at most four digits after the point, "about" when rounded."""
    if abs(value) >= 10**15 or 0 < abs(value) < Fraction(1, 10**4):
        digits, power = f"{float(value):.2e}".split("e")
        named = {"digits": _marked(f"{float(digits):g}", tag), "power": int(power)}
        return tell(tag, "about {digits} times 10 to the power of {power}", **named)
    rounded = round(value, 4)
    text = f"{int(rounded):,}" if rounded.denominator == 1 else f"{float(rounded):,.4f}".rstrip("0")
    text = _marked(text, tag)
    return text if rounded == value else tell(tag, "about {number}", number=text)


def _marked(text: str, tag: str) -> str:
    """Put a language's marks into a number written with those of English."""
    numbers = language_for(wording(tag).tag).numbers
    return text.translate({ord(","): numbers.group, ord("."): numbers.decimal})


def _read_numbers(written: list[str], language: Language) -> list[str | Fraction]:
    """Replace the longest runs of number words by their value."""
    tokens: list[str | Fraction] = []
    index = 0
    while index < len(written):
        for end in range(min(index + LONGEST_NUMBER, len(written)), index, -1):
            words = written[index:end]
            signed = words[0] in language.numbers.signs
            value = None if signed else parse_number([word.removeprefix(".") or word for word in words], language)
            if value is not None and words[-1] != "of":
                tokens.append(Fraction(words[0]) if len(words) == 1 and words[0][0] == "." else value)
                index = end
                break
        else:
            tokens.append(written[index])
            index += 1
    return tokens


def _raise(base: Fraction, exponent: Fraction) -> Fraction:
    if base == 0 and exponent < 0:
        raise SumError("You cannot divide by zero.")
    if abs(exponent) * max(abs(math.log10(abs(base))) if base else 0, 1) > MAX_DIGITS:
        raise SumError("That number is too big for me.")
    if exponent.denominator == 1:
        return base ** int(exponent)
    if base < 0:
        raise SumError("That has no real answer.")
    return Fraction(float(base) ** float(exponent))


def _root(value: Fraction, degree: int) -> Fraction:
    if value < 0 and degree % 2 == 0:
        raise SumError("A negative number has no real square root.")
    guess = Fraction(round(abs(float(value)) ** (1 / degree)))
    exact = guess**degree == abs(value)
    size = guess if exact else Fraction(abs(float(value)) ** (1 / degree))
    return -size if value < 0 else size
