"""Which words the listener heard, given how many milliseconds of a reply were played.

Servers send no word times. Two facts remain: words cannot sound before they were sent, so the audio received before a
piece of text is a lower bound of its start; and speech runs at a steady rate, with pauses at punctuation. Words are
spread over the audio by their length, then moved back where the first fact forbids it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Piece", "heard_text"]

MS_PER_UNIT = 62.0
"""Duration of one letter of ordinary speech, about 16 letters a second; used while audio is still arriving."""
PAUSE_UNITS = {",": 3, ";": 3, ":": 3, ".": 6, "!": 6, "?": 6, "…": 6, "。": 6, "！": 6, "？": 6, "،": 3, "؟": 6}  # noqa: RUF001
SLACK_MS = 60.0
"""A word counts as heard when no more than this is missing from its end."""

WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text as it arrived."""

    text: str
    received_ms: int
    """Audio of the part that had arrived before it."""


def heard_text(pieces: Sequence[Piece], heard_ms: int, received_ms: int, *, complete: bool) -> str:
    """Return the words of `pieces` that were heard, ending at a word.

    `complete` says that all audio of the part was received, so that its length fixes the rate of speech.
    """
    text = "".join(piece.text for piece in pieces)
    if complete and heard_ms >= received_ms:
        return text.strip()
    if heard_ms <= 0:
        return ""
    total_units = _units(text)
    total_ms = float(received_ms) if complete else max(float(received_ms), total_units * MS_PER_UNIT)
    rate = total_ms / total_units if total_units else 0.0
    end = 0
    clock_ms = 0.0
    for match in WORD.finditer(text):
        clock_ms = max(clock_ms, _earliest_ms(pieces, match.start()))
        spoken = match.group().rstrip()
        pause = PAUSE_UNITS.get(spoken[-1], 0)
        if clock_ms + (_units(spoken) - pause) * rate > heard_ms + SLACK_MS:
            break
        clock_ms += _units(match.group()) * rate
        end = match.start() + len(spoken)
    return text[:end].strip()


def _units(text: str) -> int:
    return sum(1 + PAUSE_UNITS.get(letter, 0) for letter in text)


def _earliest_ms(pieces: Sequence[Piece], index: int) -> float:
    start = 0
    for piece in pieces:
        if index < start + len(piece.text):
            return float(piece.received_ms)
        start += len(piece.text)
    return 0.0
