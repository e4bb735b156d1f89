"""Cuts text into sentences, whole or as it arrives, in languages with and without spaces.

A full stop may belong to an abbreviation, an initial, a number or an ordinal; 。and its kin end a sentence wherever
they stand. The marks are those of Unicode's Sentence_Terminal that the languages in `data/` use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from voiceloop.languages.language import Language

__all__ = ["SURE_ENDS", "SentenceStream", "sentences"]

SURE_ENDS: Final = "\u3002\uff01\uff1f\uff61\u061f\u06d4\u0964\u0965"
"""Marks that end a sentence whatever follows: ideographic, full-width, Arabic and Devanagari ones."""
_CLOSERS: Final = "\"'\u2019\u201d)]\u300d\u300f\uff09\u300b"
"""Marks that belong to the sentence before them; some languages have more."""
_OPENERS: Final = "\u00a1\u00bf(\"'\u201c\u2018\u201e\u00bb\u00ab"


def sentences(text: str, language: Language) -> Iterator[str]:
    """Yield the sentences of a whole text, without the white space around them. A new line ends a sentence too."""
    stream = SentenceStream(language)
    yield from stream.feed(text)
    yield from stream.drain()


class SentenceStream:
    """Cuts text that arrives in pieces; a sentence is given out as soon as what follows shows that it has ended."""

    def __init__(self, language: Language) -> None:
        self._rules = language.sentences
        self._end = re.compile(
            rf"\n|[{re.escape(self._rules.ends)}{SURE_ENDS}]+[{re.escape(_CLOSERS + self._rules.closers)}]*"
        )
        self._text = ""
        self.unsettled = 0
        """How many characters at the end of the text so far may turn out to belong to the sentence after this one."""

    def feed(self, piece: str) -> Iterator[str]:
        """Yield the sentences this piece completes."""
        self._text += piece
        yield from self._complete(final=False)

    def drain(self) -> Iterator[str]:
        """Yield what is left."""
        yield from self._complete(final=True)
        rest, self._text = self._text.strip(), ""
        if rest:
            yield rest

    def _complete(self, *, final: bool) -> Iterator[str]:
        text, start = self._text, 0
        self.unsettled = 0
        for mark in self._end.finditer(text):
            if not final and self._undecided(text, start, mark):
                self.unsettled = len(text) - mark.end()
                break
            if self._ends(text, start, mark):
                sentence = text[start : mark.end()].strip()
                start = mark.end()
                if sentence:
                    yield sentence
        self._text = text[start:]

    def _undecided(self, text: str, start: int, mark: re.Match[str]) -> bool:
        """Whether more text could change what this mark means."""
        if mark.group() == "\n":
            return False
        following = text[mark.end() :]
        if not following.strip():
            return mark.end() == len(text) or not _sure(mark)
        # An ordinal is one for the word after it, so that word must be there as a whole.
        return following[0].isspace() and self._numbered(text, start, mark) and not re.match(r"\s+\S+\s", following)

    def _ends(self, text: str, start: int, mark: re.Match[str]) -> bool:
        if mark.group() == "\n" or _sure(mark):
            return True
        following = text[mark.end() :]
        if following and not following[0].isspace():
            return False
        after = following.split(maxsplit=1)[:1]
        if after and after[0][0].islower():
            return False
        if not mark.group().startswith(".") or mark.group().startswith(".."):
            return True
        return not (self._abbreviated(text, start, mark) or self._is_ordinal(text, start, mark, after))

    def _abbreviated(self, text: str, start: int, mark: re.Match[str]) -> bool:
        last = _last_word(text, start, mark)
        initial = len(last) == 1 and last.isalpha() and last not in self._rules.single_letters
        return initial or last.lower() in self._rules.abbreviations

    def _is_ordinal(self, text: str, start: int, mark: re.Match[str], after: list[str]) -> bool:
        """Whether a number with a full stop counts something, or numbers an entry of a list."""
        if not after or not self._numbered(text, start, mark):
            return False
        alone = text[start : mark.start()].strip().isdigit()
        return alone or re.split(r"\W", after[0].lower(), maxsplit=1)[0] in self._rules.after_ordinals

    def _numbered(self, text: str, start: int, mark: re.Match[str]) -> bool:
        last = _last_word(text, start, mark)
        return len(last) <= 2 and last.isdigit() and mark.group() == "."  # noqa: PLR2004 - no ordinal spoken is longer


def _sure(mark: re.Match[str]) -> bool:
    return any(character in SURE_ENDS for character in mark.group())


def _last_word(text: str, start: int, mark: re.Match[str]) -> str:
    words = text[start : mark.start()].split()
    return words[-1].lstrip(_OPENERS) if words else ""
