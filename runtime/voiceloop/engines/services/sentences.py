"""Cuts the text that a chat model streams into pieces to speak, each as early as is safe; pure.

A piece is a sentence, or a clause where waiting for its end would keep the listener waiting or be too much in one
breath. Pieces are slices of the text, the white space before them included: joined they are the text again, and where
a new line begins is still to be seen. Where cuts fall does not depend on how the text arrives.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from voiceloop.languages.language import Language
from voiceloop.languages.sentences import SentenceStream

__all__ = ["SentenceCutter"]

FIRST_MS: Final = 2200
"""How much speech a piece holds before it may end at a comma, and how much there is before none need do so."""
LONGEST_MS: Final = 12_000
SCRAP_MS: Final = 900
"""What is shorter than this sounds chopped off."""
LONGEST_WORD: Final = 1000
"""Characters without any white space, such as an address, that stay together."""

_CLOSERS: Final = "\"'\u2019\u201d)]\u300d\u300f\uff09\u300b"
_JOINERS: Final = "\u200d\ufe0e\ufe0f"


class SentenceCutter:
    """Cuts one answer; a piece is given out as soon as what follows shows that it has ended.

    Until some 40 characters of English have been given out a piece that is as long may end at a comma; later ones end
    with their sentence, or when they grow longer than some 220.
    """

    def __init__(self, language: Language) -> None:
        characters = 1 / language.sentences.char_ms
        self._early = int(FIRST_MS * characters)
        self._longest = int(LONGEST_MS * characters)
        self._scrap = int(SCRAP_MS * characters)
        self._hardest = LONGEST_WORD if language.sentences.spaced else self._longest
        self._clause, self._breaks = _marks(language)
        self._stream = SentenceStream(language)
        self._held = ""
        """What was not given out yet: the rest of a sentence."""
        self._given = 0
        """How much of that sentence was."""
        self._gained = 0
        """Characters that were given out of the whole answer."""

    def feed(self, delta_text: str) -> list[str]:
        """Return the pieces that this text completes, in order."""
        self._held += delta_text
        pieces = [piece for sentence in self._stream.feed(delta_text) for piece in self._rest_of(sentence)]
        settled = len(self._held) - self._stream.unsettled
        return pieces + list(self._clauses(settled, ended=False))

    def end(self) -> list[str]:
        """Return the pieces that are left; only white space after the last one is dropped."""
        return [piece for sentence in self._stream.drain() for piece in self._rest_of(sentence)]

    def _rest_of(self, sentence: str) -> Iterator[str]:
        """Yield what was not given out yet of a sentence that has ended."""
        blank = 0 if self._given else len(self._held) - len(self._held.lstrip())
        size = blank + len(sentence) - self._given
        after = self._held[size:]
        self._held = self._held[:size]
        yield from self._clauses(size, ended=True)
        yield self._take(len(self._held))
        self._held, self._given = after, 0

    def _clauses(self, settled: int, *, ended: bool) -> Iterator[str]:
        """Yield what can be cut off the first `settled` characters, which belong to one sentence."""
        while True:
            known = self._held[:settled]
            text = known.lstrip()
            cut = self._cut(text, ended=ended)
            if cut is None:
                return
            cut += len(known) - len(text)
            settled -= cut
            yield self._take(cut)

    def _take(self, size: int) -> str:
        piece, self._held = self._held[:size], self._held[size:]
        self._given += len(piece) if self._given else len(piece.lstrip())
        self._gained += len(piece.strip())
        return piece

    def _cut(self, text: str, *, ended: bool) -> int | None:
        """Return where the first piece of a sentence, or of what is known of it, ends; None while it goes on."""
        # A cut never depends on more than what would be known of the text at the earliest moment it can be made.
        last = len(text.rstrip()) - self._scrap
        if self._gained < self._early:
            mark = self._clause.search(text, self._early, self._longest)
            if mark is not None and mark.end() <= last:
                return mark.end()
        if last < self._longest and not (ended and len(text) > self._longest):
            return None
        most = min(last, self._longest)
        for kind in self._breaks:
            cuts = [mark.end() for mark in kind.finditer(text, self._longest // 3, self._longest) if mark.end() <= most]
            if cuts:
                return cuts[-1]
        return self._cut_late(text, last, ended=ended)

    def _cut_late(self, text: str, last: int, *, ended: bool) -> int | None:
        """Return where a piece ends that has nothing to cut at in its first part."""
        blank = re.compile(r"\s").search(text, self._longest, self._hardest)
        if blank is not None:
            return blank.start() if blank.start() <= last else None
        if last < self._hardest and not (ended and len(text) > self._hardest):
            return None
        cut = self._hardest
        while cut > 1 and (unicodedata.combining(text[cut]) or text[cut] in _JOINERS or text[cut - 1] == "\u200d"):
            cut -= 1
        return cut


@functools.cache
def _marks(language: Language) -> tuple[re.Pattern[str], tuple[re.Pattern[str], ...]]:
    """Return what ends a clause, and everything that a long sentence may be cut at, the strongest first."""
    rules = language.sentences
    conjunctions, words = ("|".join(map(re.escape, each)) or "(?!)" for each in (rules.conjunctions, rules.breaks))
    closers = f"[{re.escape(_CLOSERS + rules.closers)}]*"
    strong = rf"[;:\u2013\u2014]{closers}(?=\s)|[\uff1b\uff1a\u061b]{closers}(?=[^{re.escape(_CLOSERS)}])"
    comma = rf",{closers}(?=\s)|[\u3001\uff0c\u060c]{closers}(?=[^{re.escape(_CLOSERS)}])"
    before = rf"(?=\s+(?:{words})\s)" if rules.spaced else rf"(?<=\S)(?={words})"
    joined = rf"[,\u3001\uff0c\u060c](?=\s*(?:{conjunctions})\b)"
    weakest = r"(?=\s)" if rules.spaced else r"(?<=[^\x00-\x7f])(?=[^\x00-\x7f])|(?=\s)"
    kinds = (rf"{strong}|{joined}", comma, before, weakest)
    return re.compile(f"{strong}|{comma}"), tuple(re.compile(kind) for kind in kinds)
