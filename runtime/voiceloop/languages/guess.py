"""Which language a conversation is in when nobody says so: a guess that does not jump at every turn; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from voiceloop.languages.language import Language
from voiceloop.languages.shelf import known_languages, language_for
from voiceloop.languages.utterances import normalised

__all__ = ["LanguageGuess", "language_of_text"]

_SURE: Final = 0.5
"""Below this probability a turn says nothing about its language."""


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """The language of a conversation so far. It holds until two turns in a row agree on another one.

    The very first turn that can be told is believed at once: before it nothing is known that could hold.
    """

    language: str = "en"
    """Tag of the language to go on with."""
    told: bool = False
    """Some turn has been told."""
    other: str = ""
    """The other language the last turn was in; empty when it was in this one or could not be told."""

    def heard(self, tag: str, probability: float = 1.0) -> LanguageGuess:
        """Return the guess after one more turn, which was in `tag` with that probability (0 to 1)."""
        if not tag or probability < _SURE:
            return replace(self, other="")
        if not self.told or tag in (self.language, self.other):
            return LanguageGuess(tag, told=True)
        return replace(self, other=tag)


def language_of_text(text: str) -> tuple[str, float]:
    """Return the likeliest known language of a written text and its probability; "" and 0 when no word of it is known.

    A word counts for the languages that have it among their common ones, by its length where there are no spaces.
    """
    plain = normalised(text)
    scores = {tag: _score(plain, language_for(tag)) for tag in known_languages()}
    total = sum(scores.values())
    if not total:
        return "", 0.0
    best = max(scores, key=lambda tag: scores[tag])
    return best, scores[best] / total


def _score(plain: str, language: Language) -> int:
    if not language.sentences.spaced:
        return sum(plain.count(word) * len(word) for word in language.words.common)
    words = plain.split()
    return sum(word in language.words.common for word in words)
