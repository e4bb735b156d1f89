"""Text as voices are given it whose own front end is not to be trusted: every figure in words; pure."""

from __future__ import annotations

from voiceloop.languages.figures import Figures
from voiceloop.languages.language import Language
from voiceloop.languages.marks import without_marks
from voiceloop.languages.readable import addresses, said, tidied

__all__ = ["read_aloud"]


def read_aloud(text: str, language: Language) -> str:
    """Return `text` as it should be read aloud; lines stay lines. Nothing sayable gives an empty string.

    Raises DeviceError that names the extra when Babel or num2words is not installed.
    """
    figures = Figures(language)
    return tidied(said(figures.in_words(addresses(without_marks(text, language), language)), language))
