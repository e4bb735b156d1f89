"""Turns a polite question round: phrases say "what time is it", people also say "tell me what time it is"; pure."""

from __future__ import annotations

import re
from typing import Final

from voiceloop.languages.language import Language
from voiceloop.languages.shelf import english

__all__ = ["direct_question"]

_LONGEST_CHARACTERS: Final = 160
"""Trying where the question begins costs more than its length; nobody asks that politely."""


def direct_question(text: str, language: Language | None = None) -> str | None:
    """Return "what time is it" for "do you know what time it is"; None when `text` is no such question."""
    indirect = (language or english()).heard.indirect
    text = text.strip(" .?!")
    found = re.match(indirect, text, re.IGNORECASE) if indirect and len(text) <= _LONGEST_CHARACTERS else None
    return f"{found['asks']} {found['verb']} {found['whom']}{found['rest']}" if found else None
