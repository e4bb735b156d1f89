"""What a whole utterance does in a conversation, whatever it is about: assents, refuses, stops, only listens; pure.

Only whole utterances count: "yes" is an assent, "yes but not today" is not, and nothing here guesses.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

from voiceloop.languages.language import Language

__all__ = ["assents", "is_backchannel", "normalised", "only_fills", "only_sounds", "refuses", "stops", "trails_off"]

Phrase = tuple[str, ...]

_SOUNDS: Final = re.compile(
    r"""(?x)
    b?w?[aeo]?(?:h[aeiou]+h*\s?){2,} | b?w?a?ha+h*             # ha ha, hehehe, hah
    | j[ae](?:\s?j[ae])+ | [哈呵嘿嘻]+
    | [aeou]+(?:h+|w+|u?r?gh+|uch)                               # ahh, ow, ugh, ouch
    | ([^\W\d])(?:\s?\1){2,}                                    # aaaah is one, and what becomes of a cough: p-p-p
    """
)


def normalised(text: str) -> str:
    """Return lower case words a space apart: no punctuation, one form of apostrophe, no case."""
    text = unicodedata.normalize("NFC", text).casefold().replace("\u2019", "'").replace("\u02bc", "'")
    text = re.sub(r"[^\w' ]+|_", " ", text)
    return " ".join(text.split())


def assents(text: str, language: Language) -> bool:
    """Whether the utterance is a yes and nothing else."""
    return _made_of(text, language, "yes")


def refuses(text: str, language: Language) -> bool:
    """Whether the utterance is a no and nothing else."""
    return _made_of(text, language, "no")


def stops(text: str, language: Language) -> bool:
    """Whether the utterance tells the agent to stop, perhaps with a yes or no before it: "no, stop"."""
    # No other refusal: "do not stop" is made of one too.
    return _made_of(text, language, "stop", _phrases(language, "yes") | {_tokens(language.said.no, language)})


def is_backchannel(text: str, language: Language) -> bool:
    """Whether the utterance only shows that somebody listens."""
    return _made_of(text, language, "backchannels")


def only_fills(text: str, language: Language) -> bool:
    """Whether the utterance is made of words that mean nothing by themselves: "um", "oh", "thank you"."""
    return _made_of(text, language, "ignored")


def only_sounds(text: str) -> bool:
    """Whether the utterance is a laugh, a groan or a cry, in whatever language, as recognisers write them."""
    return _SOUNDS.fullmatch(normalised(text)) is not None


def trails_off(text: str, language: Language) -> bool:
    """Whether the utterance ends in a word after which more comes, such as "and" or "um"."""
    tokens = _tokens(text, language)
    return any(tokens[-len(phrase) :] == phrase for phrase in _phrases(language, "pauses"))


def _made_of(text: str, language: Language, kind: str, beside: frozenset[Phrase] = frozenset()) -> bool:
    """Whether the utterance is phrases of `kind`, at least one, with phrases of `beside` and ignored words around."""
    tokens = _tokens(text, language)
    counting, passing = _phrases(language, kind), _phrases(language, "ignored") | beside
    # For each place that phrases can lead to: whether one that counts is among them.
    reached: dict[int, set[bool]] = {0: {False}}
    for place in range(len(tokens)):
        for seen in reached.get(place, ()):
            for phrases, counts in ((counting, True), (passing, False)):
                for phrase in phrases:
                    if tokens[place : place + len(phrase)] == phrase:
                        reached.setdefault(place + len(phrase), set()).add(seen or counts)
    return True in reached.get(len(tokens), ())


def _tokens(text: str, language: Language) -> Phrase:
    """Return the words of an utterance, or its characters where words have no spaces."""
    plain = normalised(text)
    return tuple(plain.split()) if language.sentences.spaced else tuple(plain.replace(" ", ""))


@functools.cache
def _phrases(language: Language, kind: str) -> frozenset[Phrase]:
    return frozenset(_tokens(phrase, language) for phrase in getattr(language.words, kind))
