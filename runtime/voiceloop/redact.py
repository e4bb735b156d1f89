"""Hides keys, card numbers, e-mail addresses and phone numbers in texts that are written down: tapes and logs.

Every hidden character becomes one `MASK`, white space stays. So a redacted text has the length and the words of the
original: code that cuts a text by its length decides the same over a redacted tape.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["MASK", "Redactor", "looks_like_key", "same_but_for_masks"]

MASK = "█"

KEY_SHAPES = (
    r"\bsk-[\w-]{8,}",  # DGrid, OpenAI, Anthropic
    r"\bAIza[\w-]{20,}",  # Google
    r"\bgh[pousr]_\w{16,}",  # GitHub
    r"\bxox[abeprs]-[\w-]{8,}",  # Slack
    r"\bAKIA[A-Z0-9]{12,}",  # AWS
    r"\beyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]*",  # JSON web token
)
KEY = re.compile("|".join(KEY_SHAPES))
HIDDEN = (
    KEY,
    # Only the value is hidden, so that a reader sees what kind of secret stood there.
    re.compile(r"(?i)(?<=\bbearer\s)[^\s\"',;]{6,}"),
    re.compile(
        r"(?i)\b(?:api[_ -]?key|secret|password|passwd|(?:access[_ -]?)?token)\b"
        r"[\"']?\s*[:=]\s*[\"']?([^\s\"',;&}]{4,})"
    ),
    re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{32,}"),  # long and mixed: a key of an unknown maker
    re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    # Seven digits or more, single separators between: phones, cards, accounts. Not a date like 2026-11-22.
    re.compile(r"(?<![\w.])(?!\d{4}-\d\d-\d\d(?!\d))\+?\(?\d(?:[ ./()-]{0,2}\d){6,}"),
)
OPEN_END = re.compile(r"(?:\bsk-|\bAIza|\bgh[pousr]_|\bxox[abeprs]-|\beyJ|(?i:\bbearer\s+)|[\w.+-]+@)\S*\Z")
"""What a secret looks like while its end has not arrived yet."""

SHORTEST_SECRET = 4
"""A known secret shorter than this would black out ordinary words."""


def looks_like_key(text: str) -> bool:
    """Whether a settings value is a key by its shape."""
    return KEY.search(text) is not None


def same_but_for_masks(one: str, other: str) -> bool:
    """Whether two texts of one origin are equal wherever neither is masked."""
    return len(one) == len(other) and all(a == b or MASK in (a, b) for a, b in zip(one, other, strict=True))


class Redactor:
    """Hides what looks secret and, exactly, the secrets it is told. Stateless after that; same text, same answer."""

    __slots__ = ("_secrets",)

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._secrets = tuple(sorted({s for s in secrets if len(s) >= SHORTEST_SECRET}, key=lambda s: (-len(s), s)))

    def __call__(self, text: str) -> str:
        """Return `text` with secrets masked, same length, white space kept."""
        while (hidden := self._pass(text)) != text:
            text = hidden  # a mask can bare the edge of another secret: once more until nothing changes
        return text

    def delta(self, before: str, delta: str) -> str:
        """Mask the next piece of a text that arrives in pieces; `before` is what came before it, unmasked.

        A secret cut in two is recognised by its beginning, at worst after the few characters that no pattern can tell.
        """
        whole = self(before + delta)
        if beginning := OPEN_END.search(before + delta):
            whole = whole[: beginning.start()] + mask(beginning.group())
        for secret in self._secrets:
            for length in range(min(len(secret) - 1, len(whole)), SHORTEST_SECRET - 1, -1):
                if (before + delta).endswith(secret[:length]):
                    whole = whole[:-length] + mask(secret[:length])
                    break
        return whole[len(before) :]

    def _pass(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, mask(secret))
        for pattern in HIDDEN:
            text = pattern.sub(hide, text)
        return text


def hide(match: re.Match[str]) -> str:
    """Mask a match, or only its group when it has one."""
    if match.lastindex is None:
        return mask(match.group())
    start = match.start(1) - match.start()
    return match.group()[:start] + mask(match.group(1)) + match.group()[start + len(match.group(1)) :]


def mask(text: str) -> str:
    """Return a mask as long as `text` that keeps its white space."""
    return re.sub(r"\S", MASK, text)
