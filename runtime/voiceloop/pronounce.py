"""Words that are spoken otherwise than they are written: rewrites of what is about to be said, and a hint for models.

Rewrites find whole words in any case, in any script; what a rewrite put in is not rewritten again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

__all__ = ["pronounced", "pronunciations"]

_SPACELESS: Final = (("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"))
"""Thai and Lao, Burmese, Khmer: written without spaces, as Chinese and Japanese are."""


def pronounced(text: str, rewrites: Mapping[str, str]) -> str:
    """Return `text` with the words that `rewrites` names as they should sound; the longest one wins."""
    sounds = {_composed(word.strip()).casefold(): sound for word, sound in rewrites.items() if word.strip()}
    words = sorted((_composed(word.strip()) for word in rewrites if word.strip()), key=len, reverse=True)
    if not words:
        return text
    text = _composed(text)
    begin = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    pieces: list[str] = []
    done = at = 0
    while found := begin.search(text, at):
        word = next((word for word in words if _stands(text, found.start(), word)), None)
        at = found.start() + (1 if word is None else len(word))
        if word is not None:
            pieces += (text[done : found.start()], sounds[word.casefold()])
            done = at
    return "".join((*pieces, text[done:]))


def pronunciations(rewrites: Mapping[str, str]) -> str:
    """Return the line of instructions that tells a model how to say these words; empty when there are none."""
    told = [f'"{word.strip()}" as "{sound.strip()}"' for word, sound in rewrites.items() if word.strip()]
    return f"When you speak, say {', '.join(told)}." if told else ""


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _stands(text: str, start: int, word: str) -> bool:
    """Whether `word` is a whole word of `text` at `start`."""
    end = start + len(word)
    return (
        text[start:end].casefold() == word.casefold()
        and not _joined(text[start - 1 : start], word[0])
        and not _joined(word[-1], text[end : end + 1])
    )


def _joined(left: str, right: str) -> bool:
    """Whether two neighbouring characters belong to one word; nothing stands before the text and after it."""
    return bool(left and right) and _in_word(left) and _in_word(right) and not (_spaceless(left) or _spaceless(right))


def _in_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character == "_"


def _spaceless(character: str) -> bool:
    wide = unicodedata.east_asian_width(character) in "WF" and not "\uac00" <= character <= "\ud7a3"
    return wide or any(first <= character <= last for first, last in _SPACELESS)
