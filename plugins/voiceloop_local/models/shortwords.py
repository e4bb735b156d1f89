"""What people say in a word or two: to stop somebody who talks, to refuse, or to show that they listen. Pure.

A lone short word is what Whisper hears worst: it was trained on sentences. But there are few such words, and which kind
of them was said can be told from all that it takes for possible together, where it is not sure of any one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain, zip_longest
from typing import Final

from voiceloop.languages.language import Language
from voiceloop.languages.utterances import is_backchannel, only_fills, refuses, stops

__all__ = ["LEAST", "LONGEST_S", "primer", "settled"]

LONGEST_S: Final = 0.7
"""Longer speech is more than such a word."""
PREFERENCE: Final = 4.0
"""Natural logarithm of how much likelier such a word is than all else, in speech that short and unclear."""
LEAST: Final = -3.0
"""Natural logarithm of how likely it must be all the same: a cough is no word."""
MOST: Final = (22, 6, 30)
"""Words to stop, to refuse and to listen that fit in what Whisper looks back at."""

Heard = tuple[str, float]
"""A text, and the natural logarithm of how likely it is."""


def primer(language: Language) -> str:
    """Return such words as the text that came before, each a sentence, which is how Whisper is to write them."""
    words = language.words
    lists = (list(some)[:most] for some, most in zip((words.stop, words.no, words.backchannels), MOST, strict=True))
    mixed = dict.fromkeys(word for word in chain.from_iterable(zip_longest(*lists)) if word)
    return " ".join(f"{word.capitalize()}{language.said.stop.strip()}" for word in mixed)


def settled(heard: Iterable[Heard], language: Language, believed: str, stop_least: float = LEAST) -> str:
    """Return the likeliest text of the likelier kind, or what was `believed` before where neither is likely enough.

    stop_least: as `LEAST`, of words that stop somebody; lower where it is certain that words were said.
    Where nothing was believed before, a mere sound stays nothing.
    """
    stopping: list[Heard] = []
    listening: list[Heard] = []
    others: list[Heard] = []
    for text, likelihood in heard:
        if stops(text, language) or refuses(text, language):
            stopping.append((text, likelihood))
        elif is_backchannel(text, language) or only_fills(text, language):
            listening.append((text, likelihood))
        else:
            others.append((text, likelihood))
    stop, listen, other = map(_together, (stopping, listening, others))
    if stop > listen:
        return _likeliest(stopping) if stop > max(stop_least, other - PREFERENCE) else believed
    if not listening:
        return believed
    text = _likeliest(listening)
    if believed:
        return text if listen > other - PREFERENCE else believed
    return text if listen > max(LEAST, other) and not only_fills(text, language) else ""


def _together(heard: Iterable[Heard]) -> float:
    return math.log(sum(math.exp(likelihood) for _, likelihood in heard) or 1e-300)


def _likeliest(heard: Iterable[Heard]) -> str:
    return max(heard, key=lambda each: each[1])[0]
