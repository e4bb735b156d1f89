"""How much silence ends a turn that this machine ends, judged by what was said so far. Pure.

A fixed silence is too long after "what time is it?" and too short after "my number is five five". What is known of the
turn's last words makes it shorter or longer, always as a multiple of the one silence that a user sets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from voiceloop.languages.guess import language_of_text
from voiceloop.languages.language import Language
from voiceloop.languages.shelf import AUTO, english, language_for
from voiceloop.languages.utterances import assents, normalised, refuses, stops, trails_off
from voiceloop.settings import TurnSettings

__all__ = ["LONGEST_MS", "Ending", "Endpointing", "ending_by_chance", "ending_of"]


def _never() -> bool:
    return False


class Ending(StrEnum):
    """What the last words of a turn promise."""

    COMPLETE = "complete"
    """A sentence has ended, or an answer of one word."""
    OPEN = "open"
    """It may be all, or not; nothing is known."""
    NUMBER = "number"
    """Digits are being read out: nobody can tell which is the last."""
    UNFINISHED = "unfinished"
    """More is to come: "and", "the", "um", half a sentence."""


TIMES: Final[Mapping[Ending, float]] = {
    Ending.COMPLETE: 0.6,
    Ending.OPEN: 1.0,
    Ending.NUMBER: 2.5,
    Ending.UNFINISHED: 3.0,
}
"""Of the usual silence."""
AWAITED: Final = 2.0
"""Of the usual silence: how long words that are on their way are waited for. It costs nothing, as the answer needs
them too."""
LONGEST_MS: Final = 4000
"""Whoever says nothing for so long is done, or gone."""
LIKELY: Final = 0.65
UNLIKELY: Final = 0.25
READ_OUT: Final = 2
"""Digits in a row that are a number being read out; one alone is a count."""

_UNENDED = re.compile(r"(?:\.\.\.|…|[,;:\-\u2013\u2014\u060c\u3001\uff0c])[\"'\u201d\u2019)]*$")
_ASKED = re.compile(r"[?\uff1f\u061f][\"'\u201d\u2019)]*$")
_ENDED = re.compile(r"[.!?\u3002\uff01\uff1f\u061f\u06d4][\"'\u201d\u2019)]*$")


def ending_of(text: str, language: Language) -> Ending:
    """Judge the words of a turn so far, as recognition wrote them; it need not write marks."""
    text = text.strip()
    if _ASKED.search(text):
        return Ending.COMPLETE  # "what is it for?" ends in a word that others go on after
    if _UNENDED.search(text) or trails_off(text, language) or _hesitates(text, language):
        return Ending.UNFINISHED
    if _reads_out(text, language):
        return Ending.NUMBER
    if assents(text, language) or refuses(text, language) or stops(text, language) or _ENDED.search(text):
        return Ending.COMPLETE
    return Ending.OPEN


def ending_by_chance(complete: float | None) -> Ending:
    """Judge by somebody's guess how likely the turn is complete, 0 to 1; None: no idea."""
    if complete is None:
        return Ending.OPEN
    if complete >= LIKELY:
        return Ending.COMPLETE
    return Ending.UNFINISHED if complete <= UNLIKELY else Ending.OPEN


class Endpointing:
    """Follows one turn after the other; `silence_ms` is always what ends the turn by what is known now."""

    def __init__(
        self,
        turn: TurnSettings,
        *,
        language: str = "en",
        words_come: bool = False,
        agent_speaks: Callable[[], bool] = _never,
    ) -> None:
        """`language` is a tag or `auto`. While `agent_speaks` the usual silence ends a turn."""
        self.words_come = words_come
        """Whoever listens tells the words so far at each pause; changes with who does."""
        self._turn = turn
        self._tag = language
        self._agent_speaks = agent_speaks
        self._sound = Ending.OPEN
        self._times = 1.0
        self.went_on()

    @property
    def silence_ms(self) -> int:
        """The silence that ends the turn if nothing more is said."""
        usual_ms = self._turn.silence_ms
        if self._turn.ending == "fixed" or self._agent_speaks():
            return usual_ms
        return min(round(usual_ms * self._times), max(LONGEST_MS, usual_ms))

    def went_on(self) -> None:
        """Somebody speaks: what was known of the pause before counts no more."""
        self._sound = Ending.OPEN
        self._times = AWAITED if self.words_come else TIMES[Ending.OPEN]

    def sounded(self, complete: float | None) -> None:
        """Take a guess from the sound how likely the turn is complete. Words, when they come, count for more."""
        self._sound = ending_by_chance(complete)
        if self._sound is not Ending.OPEN:
            self._times = TIMES[self._sound]

    def said(self, text: str) -> None:
        """Take the words of the turn up to this pause; empty when they will not come before its end."""
        tag = language_of_text(text)[0] if self._tag == AUTO else self._tag
        ending = ending_of(text, language_for(tag) if tag else english())
        self._times = TIMES[self._sound if ending is Ending.OPEN else ending]


def _hesitates(text: str, language: Language) -> bool:
    if not language.heard.hesitations:
        return False
    last = normalised(text).rpartition(" ")[2]
    return re.fullmatch(language.heard.hesitations, last) is not None


def _reads_out(text: str, language: Language) -> bool:
    """Whether the utterance ends in digits, as figures or as words, of which more may follow."""
    digits = frozenset(language.numbers.digits) | frozenset(language.numbers.more_digits)
    plain = normalised(text)
    tokens = plain.split() if language.sentences.spaced else list(plain.replace(" ", ""))
    count = 0
    for token in reversed(tokens):
        if token.isdigit():
            count += len(token)
        elif token in digits:
            count += 1
        else:
            break
    return count >= READ_OUT
