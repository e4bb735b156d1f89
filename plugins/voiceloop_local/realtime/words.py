"""Cutting text into words to show, and telling when a word is due."""

from __future__ import annotations

import re

__all__ = ["SPOKEN_CHAR_MS", "WordClock", "exact_words", "words_of"]

SPOKEN_CHAR_MS = 55
"""How long a character of English takes to say, about; the transcript is spread over the audio by it."""

_EXACTLY = "Say exactly this, and nothing else:"
_UNSPACED = "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
"""Characters of scripts that put no spaces between words; each is shown by itself."""
_WORD = re.compile(rf"\s*(?:[{_UNSPACED}]|[^\s{_UNSPACED}]+)|\s+$")


def exact_words(instructions: str) -> str | None:
    """The text a reply was told to say word for word, None when it was not."""
    text = instructions.strip()
    return text[len(_EXACTLY) :].strip() if text.startswith(_EXACTLY) else None


def words_of(text: str) -> list[str]:
    """Words with the white space before them: joined they are the text again."""
    return _WORD.findall(text)


class WordClock:
    """Hands out a sentence's words as its audio goes out, never later than they are heard.

    The transcript then tells a client which words belong to which audio, which is what it needs when it is cut off.
    """

    def __init__(self, sentence: str, char_ms: int = SPOKEN_CHAR_MS) -> None:
        self._char_ms = char_ms
        self._words = words_of(sentence)
        self._next = 0
        self._due_ms = 0

    def due(self, sent_ms: int) -> list[str]:
        """Words whose turn has come when `sent_ms` of this sentence's audio have gone out."""
        first = self._next
        while self._next < len(self._words) and self._due_ms <= sent_ms:
            self._due_ms += len(self._words[self._next]) * self._char_ms
            self._next += 1
        return self._words[first : self._next]

    def rest(self) -> list[str]:
        """All words not handed out."""
        first, self._next = self._next, len(self._words)
        return self._words[first:]
