"""Numbers, dates, times, units and money in words, for voices whose own front end is not to be trusted; pure.

Babel knows the names and forms (CLDR), num2words the words. What a library does not know in a language stays as it is
written, for the voice to read as it can.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from voiceloop.errors import LanguageError
from voiceloop.languages.language import Language

__all__ = ["MISSING", "Figures"]

MISSING: Final = "needs the package {package}; install it with: pip install 'voiceloop[languages]'"
_LONGEST_DIGITS: Final = 15
_CODE_DIGITS: Final = 7
_CENTURIES: Final = range(1100, 2000)
"""Years that are said by their hundreds."""
_APART: Final = "(?<![0-9A-Za-z.,:-])"
"""Nothing before a figure that it belongs to. Letters without spaces between words may stand there."""
_ISO_DATE: Final = re.compile(rf"{_APART}(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})(?![0-9A-Za-z-])")
_DOTTED_DATE: Final = re.compile(rf"{_APART}(\d{{1,2}})\.(\d{{1,2}})\.(\d{{4}})(?![0-9A-Za-z])")
_TIME: Final = rf"{_APART}([01]?\d|2[0-3]):([0-5]\d)(?![0-9A-Za-z:])"


class Figures:
    """Puts one kind of figure after the other into words.

    Raises LanguageError that names the extra when Babel or num2words is not installed.
    """

    def __init__(self, language: Language) -> None:
        try:
            import babel  # noqa: PLC0415 - optional
            import babel.dates  # noqa: PLC0415
            import babel.numbers  # noqa: PLC0415
            import babel.units  # noqa: PLC0415
            import num2words  # noqa: PLC0415
        except ImportError as error:
            raise LanguageError(f"{language.name} speech {MISSING.format(package=error.name)}") from error
        self._language = language
        self._babel: Any = babel
        self._words: Callable[..., str] = num2words.num2words
        self._locale: Any = babel.Locale.parse(language.tag)
        group, decimal = (re.escape(mark) for mark in (language.numbers.group, language.numbers.decimal))
        self._number = rf"\d{{1,3}}(?:{group}\d{{3}})+(?:{decimal}\d+)?|\d+(?:{decimal}\d+)?"

    def in_words(self, text: str) -> str:
        """Return `text` with every figure in words that these libraries know."""
        speech = self._language.speech
        text = _rewritten(text, speech.written)
        for step in (self.dates, self.times, self.money, self.units, self.ordinals, self.numbers):
            text = step(text)
        return _rewritten(text, speech.agreements)

    def dates(self, text: str) -> str:
        """2026-11-22 and, where they are written so, 22.11.2026 or 22/11/2026."""
        text = _ISO_DATE.sub(lambda found: self._date(found, 1, 2, 3), text)
        if self._language.sentences.after_ordinals:
            text = _DOTTED_DATE.sub(lambda found: self._date(found, 3, 2, 1), text)
        if mark := self._language.speech.date_mark:
            dates = rf"(?<![0-9A-Za-z.,:/-])(\d{{1,2}}){mark}(\d{{1,2}}){mark}(\d{{4}})(?![0-9A-Za-z/])"
            text = re.sub(dates, lambda found: self._date(found, 3, 2, 1), text)
        return text

    def times(self, text: str) -> str:
        """15:12, with or without the word for o'clock."""
        speech = self._language.speech
        if not speech.time:
            return text

        def time(found: re.Match[str]) -> str:
            hour, minute = (self._cardinal(Decimal(part)) for part in found.groups())
            hour = self._language.numbers.one or hour if int(found[1]) == 1 else hour
            return (speech.time if int(found[2]) else speech.full_hour).format(hour=hour, minute=minute)

        clock = rf"(?:\s*(?:{speech.clock})\b)?" if speech.clock else ""
        return re.sub(_TIME + clock, time, text)

    def money(self, text: str) -> str:
        """12,50 € and €12,50."""
        currencies = self._language.speech.currencies
        if not currencies:
            return text
        signs = "|".join(sorted(map(re.escape, currencies), key=len, reverse=True))
        number = rf"(?P<amount>{self._number})"

        def money(found: re.Match[str]) -> str:
            return self._money(self._value(found["amount"]), currencies[found["sign"]]) or found[0]

        text = re.sub(rf"{_APART}{number}\s?(?P<sign>{signs})(?![0-9A-Za-z])", money, text)
        return re.sub(rf"(?<![0-9A-Za-z])(?P<sign>{signs})\s?{number}(?![0-9A-Za-z])", money, text)

    def units(self, text: str) -> str:
        """5 km, 20 °C, 30 %."""
        known = self._language.speech.units
        if not known:
            return text
        names = "|".join(sorted(map(re.escape, known), key=len, reverse=True))

        def unit(found: re.Match[str]) -> str:
            value = self._value(found[1])
            long: str = self._babel.units.format_unit(value, known[found[2]], "long", locale=self._locale)
            if known[found[2]] in long:  # what CLDR does not name here comes back as its identifier
                return found[0]
            return _rewritten(long, self._language.speech.singular) if value == 1 else long

        return re.sub(rf"{_APART}({self._number})\s?({names})(?![0-9A-Za-z/])", unit, text)

    def ordinals(self, text: str) -> str:
        """22. November, with the ending its preposition asks for."""
        after = self._language.sentences.after_ordinals
        if not after:
            return text
        nouns = "|".join(sorted(after, key=len, reverse=True))

        def ordinal(found: re.Match[str]) -> str:
            word = self._said(int(found["day"]), to="ordinal")
            oblique = (found["before"] or "").strip().lower() in self._language.speech.oblique
            ending = self._language.speech.oblique_ending if word and oblique else ""
            return f"{found['before'] or ''}{word or found['day'] + '.'}{ending}"

        return re.sub(
            rf"(?P<before>\b\w+\s+)?(?<![\w.,])(?P<day>\d{{1,2}})\.(?=\s+(?:{nouns})\b)",
            ordinal,
            text,
            flags=re.IGNORECASE,
        )

    def numbers(self, text: str) -> str:
        """What is left. Digits with a leading zero, or more than six in a row, are a code: each is said."""

        def number(found: re.Match[str]) -> str:
            written = found[0]
            if re.fullmatch(rf"0\d+|\d{{{_CODE_DIGITS},}}", written):
                return " ".join(self._cardinal(Decimal(digit)) for digit in written)
            value = self._value(written)
            year = written.isdigit() and int(value) in _CENTURIES
            return (self._said(int(value), to="year") if year else "") or self._cardinal(value, written)

        sign = f"{self._language.speech.minus} "
        minus = self._language.numbers.signs and re.sub(r"(?<![\w.,])[-\u2212](?=\d)", sign, text)
        return re.sub(rf"{_APART}(?:{self._number})(?![0-9A-Za-z:])", number, minus or text)

    # Words -----------------------------------------------------------------------------------------------------------

    def _date(self, found: re.Match[str], year: int, month: int, day: int) -> str:
        try:
            date = datetime.date(int(found[year]), int(found[month]), int(found[day]))
        except ValueError:
            return found[0]
        long: str = self._babel.dates.format_date(date, "long", locale=self._locale)
        return long

    def _money(self, amount: Decimal, currency: str) -> str:
        whole, cents = divmod(amount, 1)
        if cents and len(str(amount).partition(".")[2]) <= 2 and currency in ("EUR", "USD", "GBP"):  # noqa: PLR2004
            return self._said(float(amount), to="currency", currency=currency)
        name = self._babel.numbers.get_currency_name(currency, count=amount, locale=self._locale)
        return f"{self._counting(amount if cents else whole)} {name}"

    def _counting(self, value: Decimal) -> str:
        one = self._language.numbers.one if value == 1 else ""
        return one or self._cardinal(value)

    def _cardinal(self, value: Decimal, written: str = "") -> str:
        exact = int(value) if value == int(value) else value
        return self._said(exact) or written or f"{value}"

    def _said(self, value: float | Decimal, **options: str) -> str:
        """Return the words of a number, or nothing where num2words does not know the language."""
        try:
            return self._words(value, lang=self._language.tag, **options)
        except (NotImplementedError, OverflowError, TypeError, KeyError, IndexError):
            return ""

    def _value(self, written: str) -> Decimal:
        numbers = self._language.numbers
        return Decimal(written.replace(numbers.group, "").replace(numbers.decimal, ".")[: 2 * _LONGEST_DIGITS])


def _rewritten(text: str, rewrites: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in rewrites:
        text = re.sub(pattern, replacement, text)
    return text
