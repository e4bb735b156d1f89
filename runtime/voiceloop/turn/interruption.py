"""Whether speech over the agent is meant to stop it: how long it lasted, and what is known of its words. Pure.

Long speech silences the agent at once; where its words come soon, the agent goes on when they only show that somebody
listens. What is shorter lets it go on, and stops it only when its words turn out to be meant: "stop", "no" or a remark,
but not "mm-hmm".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["TABLE", "Interruptions", "Length", "Verdict", "Words", "words_in"]


class Length(StrEnum):
    """How long somebody has spoken over the agent."""

    COUGH = "cough"
    """Too short for a word."""
    SHORT = "short"
    """A word or two, or a sound that only shows that somebody listens."""
    LONG = "long"


class Words(StrEnum):
    """What is known of the words."""

    UNKNOWN = "unknown"
    """They have not come yet."""
    NOTHING = "nothing"
    """It was no speech."""
    BACKCHANNEL = "backchannel"
    """Somebody listens, or laughs: "mm-hmm", "yeah", "okay", "ha ha"."""
    STOP = "stop"
    """ "Stop", "no", "wait"."""
    OTHER = "other"


class Verdict(StrEnum):
    """What becomes of the agent's speech."""

    GO_ON = "go_on"
    """It was not meant."""
    WAIT = "wait"
    """The words decide; until then the agent goes on after short speech, and is silent after long speech."""
    STOP = "stop"


TABLE: Final[Mapping[Words, Mapping[Length, Verdict]]] = {
    words: dict(zip(Length, row, strict=True))
    for words, row in {
        # cough, short, long
        Words.UNKNOWN: (Verdict.GO_ON, Verdict.WAIT, Verdict.WAIT),
        # Recognition misses words too.
        Words.NOTHING: (Verdict.GO_ON, Verdict.GO_ON, Verdict.STOP),
        Words.BACKCHANNEL: (Verdict.GO_ON, Verdict.GO_ON, Verdict.GO_ON),
        Words.STOP: (Verdict.STOP, Verdict.STOP, Verdict.STOP),
        # Recognition makes words of coughs too.
        Words.OTHER: (Verdict.GO_ON, Verdict.STOP, Verdict.STOP),
    }.items()
}


def words_in(text: str, tag: str = "en") -> Words:
    """Judge the words of an utterance; `tag` is the conversation's language, or `auto`."""
    from voiceloop.turn.wording import judged  # noqa: PLC0415 - many sessions never need the data of a language

    return judged(text, tag)


@dataclass(frozen=True, slots=True)
class Interruptions:
    """What a session takes for an interruption."""

    after_s: float = 0.6
    """Longer speech silences the agent, and stops it unless words that come soon show that somebody only listens."""
    cough_s: float = 0.2
    """Shorter sounds are no words."""
    by_words: bool = True
    """The words of short speech come, and count. Else all short speech is a cough."""
    duck_gain: float = 0.25
    """How loud the agent goes on while it is not clear yet, 0 to 1; -12 dB."""
    words_in: Callable[[str], Words] = words_in

    def length(self, spoken_s: float, longest: Length = Length.LONG) -> Length:
        """Classify speech over the agent that is known to be no longer than `longest`."""
        if spoken_s >= self.after_s and longest is Length.LONG:
            return Length.LONG
        return Length.SHORT if self.by_words and spoken_s >= self.cough_s else Length.COUGH
