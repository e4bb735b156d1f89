"""What the words of an utterance do to an agent that is speaking. Pure, but for the data of a language, read once."""

from __future__ import annotations

from voiceloop.errors import SettingsError
from voiceloop.languages.guess import language_of_text
from voiceloop.languages.language import Language
from voiceloop.languages.shelf import AUTO, english, language_for
from voiceloop.languages.utterances import is_backchannel, only_fills, only_sounds, refuses, stops
from voiceloop.turn.interruption import Words

__all__ = ["judged"]


def judged(text: str, tag: str) -> Words:
    """Judge the words; `tag` is the conversation's language, or `auto`. A language without data has English words."""
    if not text.strip():
        return Words.NOTHING
    language = _language(text, tag)
    if stops(text, language) or refuses(text, language):
        return Words.STOP
    if only_sounds(text) or is_backchannel(text, language) or only_fills(text, language):
        return Words.BACKCHANNEL
    return Words.OTHER


def _language(text: str, tag: str) -> Language:
    try:
        return language_for((language_of_text(text)[0] if tag == AUTO else tag) or english().tag)
    except SettingsError:
        return english()
