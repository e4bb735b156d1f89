"""What is read aloud of what a chat model wrote; pure. What was written stays what history and captions hold."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Final

from voiceloop.errors import DeviceError
from voiceloop.languages.figures import Figures
from voiceloop.languages.language import Language
from voiceloop.languages.marks import Marks
from voiceloop.languages.readable import addresses, amounts, said, tidied
from voiceloop.languages.shelf import english
from voiceloop.pronounce import pronounced

__all__ = ["Speakable", "figures_of", "speakable"]

_JOINED_WORDS: Final = re.compile(r"(?<=\w)_+(?=\w)")


class Speakable:
    """Reads one answer, piece by piece as `SentenceCutter` gives them; remembers what is open between them.

    `pronounce` holds the sounds of words that are spoken otherwise than they are written.
    """

    def __init__(self, language: Language, pronounce: Mapping[str, str] | None = None) -> None:
        self._language = language
        self._pronounce = pronounce or {}
        self._figures = figures_of(language)
        self._marks = Marks(language)

    def __call__(self, piece: str) -> str:
        """Return what to say of the next piece, on one line; empty where there is nothing to say."""
        text = addresses(self._marks.without(piece), self._language)
        text = self._figures(said(_JOINED_WORDS.sub(" ", text), self._language))
        return pronounced(" ".join(tidied(text).split()), self._pronounce)


def speakable(sentence: str, language: Language) -> str:
    """Return what to say of one sentence that stands alone; empty where there is nothing to say."""
    return Speakable(language)(sentence)


@functools.cache
def figures_of(language: Language) -> Callable[[str], str]:
    """Return what puts the figures of a language into words. The first time it loads Babel, for some 50 ms.

    Where Babel and num2words are not installed, figures stay as they are written. English voices read most of them
    well by themselves.
    """
    if language is english():
        return amounts
    try:
        return Figures(language).in_words
    except DeviceError:
        return str
