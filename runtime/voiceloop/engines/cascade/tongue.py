"""How what is said is cut into sentences and read aloud, in the language of the conversation. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from voiceloop.engines.services.sentences import SentenceCutter
from voiceloop.engines.services.speakable import Speakable
from voiceloop.errors import SettingsError
from voiceloop.languages.language import Language
from voiceloop.languages.shelf import AUTO, english, language_for

__all__ = ["Tongue"]


class Tongue:
    """Makes what each answer needs anew. A language without data of its own is cut and read by the rules of English."""

    def __init__(self, tag: str, pronounce: Mapping[str, str]) -> None:
        """`tag` is that of the conversation, or auto for the one that is heard. May take 50 ms to load its rules."""
        self._auto = tag == AUTO
        self._language = _language(tag) or english()
        self._pronounce = pronounce
        self.reader()

    def heard(self, tag: str) -> None:
        """The user spoke this language; empty where nobody can tell."""
        if self._auto:
            self._language = _language(tag) or self._language

    def cutter(self) -> SentenceCutter:
        """Return what cuts one answer into pieces."""
        return SentenceCutter(self._language)

    def reader(self) -> Speakable:
        """Return what tells how the pieces of one answer are to be spoken."""
        return Speakable(self._language, self._pronounce)


def _language(tag: str) -> Language | None:
    try:
        return language_for(tag)
    except SettingsError:
        return None
