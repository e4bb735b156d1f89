"""Which language a conversation speaks here: the one that is set, or with `auto` the one it is held in."""

from __future__ import annotations

from collections.abc import Sequence

from voiceloop.languages.guess import LanguageGuess, language_of_text
from voiceloop.languages.shelf import AUTO, known_languages
from voiceloop.vocabulary import Item, UserTurn
from voiceloop_local.seams import Transcriber

__all__ = ["Tongue"]


class Tongue:
    """The language of one conversation. Speech is recognised in the one it sounds like, answered in that of its words.

    Either holds until two turns in a row agree on another one.
    """

    def __init__(self, tag: str) -> None:
        """`tag` is that of a language, or `auto`."""
        self._tag = tag
        self._before = LanguageGuess()
        """What the turns that were answered sounded like."""
        self._sounds = self._before
        """With the newest turn, which may be recognised more than once before it is over."""
        self.language = LanguageGuess().language if tag == AUTO else tag
        """Tag of the language to speak now."""

    async def told(self, pcm: bytes, rate_hz: int, ears: Transcriber) -> str:
        """Return the tag of the language to recognise this turn in. Raises what the ears raise. Safe to cancel."""
        if self._tag != AUTO:
            return self._tag
        self._sounds = self._before.heard(*await ears.identify(pcm, rate_hz, known_languages()))
        return self._sounds.language

    def read(self, items: Sequence[Item]) -> str:
        """Return the tag of the language to answer this conversation in, and speak it from now on."""
        if self._tag == AUTO:
            words = LanguageGuess()
            for item in items:
                if isinstance(item, UserTurn):
                    words = words.heard(*language_of_text(item.text))
            self._before = self._sounds if self._sounds.told else words
            self.language = words.language
        return self.language
