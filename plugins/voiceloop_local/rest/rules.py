"""Moderation by rules: a few phrases for each category; pure.

It finds blatant wording in English and nothing else. It stands in for a moderation model where none is installed, and
says so in its name: that it flags nothing never means that a text is harmless.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["CATEGORIES", "MODERATOR", "scores"]

MODERATOR: Final = "voiceloop-moderation-rules"
_GROUPS: Final = r"(?:jews|muslims|christians|blacks|whites|gays|lesbians|immigrants|foreigners|women|men)"
_SOMEONE: Final = r"(?:you|him|her|them|everyone|somebody|someone|people|my \w+)"
_HARM: Final = r"(?:kill|murder|shoot|stab|strangle|hurt|beat up)"
_RULES: Final = {
    "harassment": (r"\byou(?:'re| are) (?:\w+ )?(?:stupid|worthless|pathetic|an idiot|a moron|trash|scum)\b",),
    "harassment/threatening": (rf"\bi(?:'ll| will|'m going to| am going to) {_HARM} you\b",),
    "hate": (
        rf"\bi (?:hate|despise) (?:all )?(?:the )?{_GROUPS}\b",
        rf"\b{_GROUPS} are (?:vermin|subhuman|animals|scum)\b",
    ),
    "hate/threatening": (rf"\b(?:kill|exterminate|get rid of|gas) (?:all )?(?:the )?{_GROUPS}\b",),
    "illicit": (r"\bhow (?:to|do i|can i) (?:steal|shoplift|launder money|cook meth|pick a lock|hack into)\b",),
    "illicit/violent": (r"\bhow (?:to|do i|can i) (?:build|make) (?:a |an )?(?:\w+ )?(?:bomb|explosive|grenade)s?\b",),
    "self-harm": (r"\b(?:kill(?:ing)?|hurt(?:ing)?|cut(?:ting)?) myself\b", r"\bsuicid(?:e|al)\b"),
    "self-harm/instructions": (r"\bhow (?:to|do i|can i) (?:kill myself|commit suicide|cut myself)\b",),
    "self-harm/intent": (
        r"\bi (?:want|am going|plan) to (?:die|kill myself|hurt myself|end my life)\b",
        r"\bi(?:'m going to| will|'ll) (?:kill|hurt) myself\b",
    ),
    "sexual": (r"\b(?:porn(?:ography)?|explicit sex|nude pictures|erotic story)\b",),
    "sexual/minors": (r"\b(?:child porn(?:ography)?|sexual\w* (?:\w+ ){0,3}(?:child|children|minors?))\b",),
    "violence": (rf"\b{_HARM} {_SOMEONE}\b", r"\b(?:massacre|bloodbath)\b"),
    "violence/graphic": (r"\b(?:disembowel\w*|dismember\w*|decapitat\w*|guts spilling)\b",),
}
_PATTERNS: Final = {
    category: tuple(re.compile(rule, re.IGNORECASE) for rule in rules) for category, rules in _RULES.items()
}
CATEGORIES: Final = tuple(_PATTERNS)
_FIRST_HIT, _EACH_MORE, _HIGHEST = 0.8, 0.05, 0.99


def scores(text: str) -> dict[str, float]:
    """Return a score from 0 to 1 for each category; 0 where no rule fits, above 0.5 where one does."""
    plain = " ".join(text.replace("\u2019", "'").split())
    hits = {
        category: sum(1 for pattern in patterns for _ in pattern.finditer(plain))
        for category, patterns in _PATTERNS.items()
    }
    return {
        category: min(_HIGHEST, _FIRST_HIT + _EACH_MORE * (count - 1)) if count else 0.0
        for category, count in hits.items()
    }
