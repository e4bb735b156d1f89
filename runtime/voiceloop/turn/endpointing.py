"""How much silence ends a turn that this machine ends, judged by what was said so far. Pure.

A fixed silence is too long after "what time is it?" and too short after "my number is five five". What is known of the
turn's last words, and of how the voice sounded, makes it shorter or longer, always as a multiple of the one silence
that a user sets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from typing import Final

from voiceloop.languages.guess import language_of_text
from voiceloop.languages.language import Language
from voiceloop.languages.shelf import AUTO, english, language_for
from voiceloop.languages.utterances import assents, normalised, refuses, stops, trails_off
from voiceloop.settings import TurnSettings
from voiceloop.vocabulary import FlowTimes

__all__ = ["LONGEST_MS", "WAITS", "Ending", "Endpointing", "TurnModel", "Wait", "ending_of", "ending_with"]


def _never() -> FlowTimes | None:
    return None


TurnModel = Callable[[bytes, int], float | None]
"""Given the last seconds of 16-bit mono PCM and its rate: how likely the turn is complete, 0 to 1; None: no idea.

Called once a pause, on the road of captured audio: it must answer within some milliseconds.
"""


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


@dataclass(frozen=True, slots=True)
class Wait:
    """How much silence an ending asks for: so many times the usual one, and at least so much more than a complete one.

    Few pauses within a sentence last longer than a second, whatever the usual silence is.
    """

    times: float
    longer_ms: int = 0


WAITS: Final[Mapping[Ending, Wait]] = {
    Ending.COMPLETE: Wait(0.8),
    Ending.OPEN: Wait(2.0, 1000),
    Ending.NUMBER: Wait(4.0, 1200),
    Ending.UNFINISHED: Wait(5.3, 2000),
}
LONGEST_MS: Final = 4000
"""Whoever says nothing for so long is done, or gone."""
NO_IDEA: Final = 0.4
SURE: Final = 0.47
"""A voice that sounds so complete needs no words."""
AGREES: Final = 0.39
"""A voice that contradicts words which could be all makes them open."""
INSISTS: Final = 0.57
"""A voice that sounds so complete makes up for words that could be all or not."""
READ_OUT: Final = 2
"""So many figures in a row are a number that is being read out; one alone is a count, unless it has three digits."""
LONG_FIGURE: Final = 3
MAIN_CLAUSE_WORDS: Final = 9
"""A clause of more words has another one in it, comma or not."""

_UNENDED = re.compile(r"(?:\.\.\.|…|[,;:\-\u2013\u2014\u060c\u3001\uff0c])[\"'\u201d\u2019)]*$")
_ASKED = re.compile(r"[?\uff1f\u061f][\"'\u201d\u2019)]*$")
_CLOCK = re.compile(r"\b\d{1,2}[:.]\d\d\b")
_ENDED = re.compile(r"[.!?\u3002\uff01\uff1f\u061f\u06d4][\"'\u201d\u2019)]*$")


def ending_of(text: str, language: Language) -> Ending:
    """Judge the words of a turn so far, as recognition wrote them; it need not write marks."""
    text = text.strip()
    if _ASKED.search(text):  # "what is it for?" ends in a word after which others go on, and so does "can you?"
        return Ending.OPEN if trails_off(text, language) else Ending.COMPLETE
    if _UNENDED.search(text) or trails_off(text, language) or _hesitates(text, language) or _opens(text, language):
        return Ending.UNFINISHED
    if _reads_out(text, language):
        return Ending.NUMBER
    if assents(text, language) or refuses(text, language) or stops(text, language) or _ENDED.search(text):
        return Ending.COMPLETE
    return Ending.OPEN


def ending_with(sound: float | None, words: Ending | None) -> Ending:
    """Put together how complete the voice sounds, 0 to 1, and what the words promise; None where that is not known."""
    sound = NO_IDEA if sound is None else sound
    if words in (Ending.NUMBER, Ending.UNFINISHED):
        return words
    bar = {None: SURE, Ending.COMPLETE: AGREES, Ending.OPEN: INSISTS}[words]
    return Ending.COMPLETE if sound >= bar else Ending.OPEN


class Endpointing:
    """Follows one turn after the other; `silence_ms` is always what ends the turn by what is known now."""

    def __init__(
        self,
        turn: TurnSettings,
        *,
        language: str = "en",
        words_come: bool = False,
        agent_speaks: Callable[[], FlowTimes | None] = _never,
        model: TurnModel | None = None,
    ) -> None:
        """`language` is a tag or `auto`; what `agent_speaks` tells judges speech over it; the usual silence ends it."""
        self.words_come = words_come
        """Whoever listens tells the words so far at each pause; changes with who does."""
        self.agent_speaks = agent_speaks
        self.model = model
        self._turn = turn
        self._tag = language
        self._sound: float | None = None
        self._words: Ending | None = None

    @property
    def silence_ms(self) -> int:
        """The silence that ends the turn if nothing more is said."""
        usual_ms = self._turn.silence_ms
        if self._turn.ending == "fixed" or self.agent_speaks() is not None:
            return usual_ms
        if self._sound is None and self._words is None and not self.words_come:
            return usual_ms  # nothing is known, and nothing will be
        wait, complete = WAITS[ending_with(self._sound, self._words)], WAITS[Ending.COMPLETE]
        longer_ms = complete.times * usual_ms + wait.longer_ms
        return min(round(max(wait.times * usual_ms, longer_ms)), max(LONGEST_MS, usual_ms))

    def went_on(self) -> None:
        """Somebody speaks: what was known of the pause before counts no more."""
        self._sound = self._words = None

    def sounded(self, pcm: bytes, rate_hz: int) -> None:
        """Take the last seconds of sound up to this pause, 16-bit mono PCM."""
        if self.model is not None and self._turn.ending == "adaptive":
            self._sound = self.model(pcm, rate_hz)

    def said(self, text: str) -> None:
        """Take the words of the turn up to this pause; empty when they will not come before its end."""
        tag = language_of_text(text)[0] if self._tag == AUTO else self._tag
        self._words = ending_of(text, language_for(tag) if tag else english())


def _hesitates(text: str, language: Language) -> bool:
    if not language.heard.hesitations:
        return False
    last = normalised(text).rpartition(" ")[2]
    return re.fullmatch(language.heard.hesitations, last) is not None


def _opens(text: str, language: Language) -> bool:
    """Whether the last sentence is a clause that another one must follow: "if this is right"."""
    sentence = re.split(r"[.!?]\s+(?=\S)", text)[-1]
    first = normalised(sentence).partition(" ")[0]
    return first in language.words.openers and "," not in sentence and sentence.count(" ") < MAIN_CLAUSE_WORDS


def _reads_out(text: str, language: Language) -> bool:
    """Whether the utterance ends in digits, as figures or as words, of which more may follow."""
    digits = frozenset(language.numbers.digits) | frozenset(language.numbers.more_digits)
    plain = normalised(_CLOCK.sub(" ", text))
    tokens = plain.split() if language.sentences.spaced else list(plain.replace(" ", ""))
    figures = list(takewhile(lambda token: token.isdigit() or token in digits, reversed(tokens)))
    return len(figures) >= READ_OUT or any(len(figure) >= LONG_FIGURE and figure.isdigit() for figure in figures)
