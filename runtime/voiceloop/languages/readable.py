"""Addresses, abbreviations, amounts and codes as they are said; pure.

Voices read most numbers, times and dates well by themselves; what stands here is what they read wrongly.
"""

from __future__ import annotations

import re
from typing import Final

from voiceloop.languages.language import Language

__all__ = ["addresses", "amounts", "said", "tidied"]

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
_MAIL: Final = r"(?<![\w.+/-])(?:mailto:)?(?P<box>[\w+-]+(?:\.[\w+-]+)*)@(?P<host>[\w-]+(?:\.[\w-]+)+)"
_WEB: Final = (
    r"(?<![\w.-])(?:[a-z][a-z0-9+.-]*://(?:[^\s/?#@]*@)?(?:www\.)?|www\.)"
    r"(?P<host>[\w-]+(?:\.[\w-]+)*(?::\d+)?)(?P<rest>[/?#](?:[!-~]*[\w/=&#~-]\)?)?)?"
)
_LONGEST_HOST: Final = 40
"""Characters that a listener could still follow."""


def tidied(text: str) -> str:
    """Return `text` with single spaces and without lines that hold nothing to say."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if any(character.isalnum() for character in line))


def said(text: str, language: Language) -> str:
    """Return `text` with the language's abbreviations in full."""
    for written, spoken in language.speech.abbreviations:
        text = re.sub(rf"(?<!\w){written}", spoken, text)
    return text


def addresses(text: str, language: Language) -> str:
    """Return `text` with mail addresses in words, and with the host alone of web addresses, if it is worth saying."""
    kind = re.UNICODE if language.sentences.spaced else re.ASCII
    text = re.sub(_WEB, lambda found: _host(found, language), text, flags=kind | re.IGNORECASE)
    return re.sub(_MAIL, lambda found: _mail(found, language), text, flags=kind)


def _mail(found: re.Match[str], language: Language) -> str:
    return f"{_dotted(found['box'], language)}{language.speech.at}{_dotted(found['host'], language)}"


def _host(found: re.Match[str], language: Language) -> str:
    host, rest = found["host"], found["rest"] or ""
    after = ")" if rest.endswith(")") and "(" not in rest else ""
    unsayable = len(host) > _LONGEST_HOST or "xn--" in host
    return (language.speech.link if unsayable else _dotted(host, language)) + after


def _dotted(name: str, language: Language) -> str:
    words = language.speech
    marks = {".": words.dot, "-": words.dash, "_": words.underscore, ":": words.colon}
    return "".join(marks.get(character, character) for character in name)


def amounts(text: str) -> str:
    """Return English `text` with the money, units and codes in full that English voices are known to read wrongly."""
    return _codes(_units(_money(text)))


def _money(text: str) -> str:
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
