"""Turns a polite question round: phrases say "what time is it", people also say "tell me what time it is"; pure."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["direct_question"]

_LONGEST_CHARACTERS: Final = 160
"""Trying where the question begins costs more than its length; nobody asks that politely."""
_INDIRECT: Final = re.compile(
    r"^(?:.*?\b(?:(?:tell|show|let|give) (?:me|us)(?: know)?|know|wonder(?:ing)?|find out|check|see|idea)|please)?\s*"
    r"\b(?P<asks>what \w+|what|where|when|who|how (?:many|much) \w+|how \w+)\s+(?P<whom>.+?)\s+"
    r"(?P<verb>is|are|was|were)(?P<rest>(?:\s+(?:in|at|on|now|right now|today|tomorrow|left)\b.*)?)$",
    re.IGNORECASE,
)


def direct_question(text: str) -> str | None:
    """Return "what time is it" for "do you know what time it is"; None when `text` is no such question."""
    text = text.strip(" .?!")
    found = _INDIRECT.match(text) if len(text) <= _LONGEST_CHARACTERS else None
    return f"{found['asks']} {found['verb']} {found['whom']}{found['rest']}" if found else None
