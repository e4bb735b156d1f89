"""Which words the listener heard, given how many milliseconds of a reply were played.

Servers send no word times. Two facts remain: words cannot sound before they were sent, so the audio received before a
piece of text is a lower bound of its start; and speech runs at a steady rate, with pauses at punctuation. Words are
spread over the audio by their length; where the first fact forbids it, they begin later and share what is left.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Piece", "heard_text"]

MS_PER_UNIT = 62.0
"""Duration of one letter of ordinary speech, about 16 letters a second; assumed while audio is still arriving."""
AHEAD_MS = 500.0
"""Text that comes beside its audio is not further ahead of it than this and as much again: taken for the middle of what
is possible, it tells how slow the voice can be."""
FASTEST_MS_PER_UNIT = 45.0
"""No voice is faster, 22 letters a second; text that would ask for it ran ahead and tells nothing about the voice."""
PAUSE_UNITS = dict.fromkeys(",;:،؛、，；：", 3) | dict.fromkeys(".!?…؟。！？", 6)  # noqa: RUF001
SYLLABLE_UNITS = 3
"""What a character that is a syllable takes: Han, kana and Hangul, about 5 a second."""
SLACK_MS = 60.0
"""A word counts as heard when no more than this is missing from its end."""

_SYLLABIC = r"\u2e80-\u2fdf\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff" + _SYLLABIC.replace(r"\uac00-\ud7a3", "")
"""Thai, Lao, Burmese, Khmer, Han and kana: words stand without spaces between them."""
_OPENERS = "\u2018\u201c\u300a\u300c\u300e\u3010\uff08(\\["


@functools.cache  # some milliseconds each, which importing voiceloop need not pay
def _word() -> re.Pattern[str]:
    """A word with what belongs to it; a single character where words have no spaces around them."""
    return re.compile(rf"[{_OPENERS}]*(?:[{_UNSPACED}][^\w\s{_OPENERS}]*|(?:(?![{_UNSPACED}])\S)+)\s*")


@functools.cache
def _syllable() -> re.Pattern[str]:
    return re.compile(f"[{_SYLLABIC}]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text as it arrived."""

    text: str
    received_ms: int
    """Audio of the part that had arrived before it."""


def heard_text(pieces: Sequence[Piece], heard_ms: int, received_ms: int, *, complete: bool) -> str:
    """Return the words of `pieces` that were heard, ending at a word, or at a character where words are not spaced.

    `complete` says that all audio of the part was received, so that its length fixes the rate of speech.
    """
    text = "".join(piece.text for piece in pieces)
    if complete and heard_ms >= received_ms:
        return text.strip()
    if heard_ms <= 0:
        return ""
    clock_ms = 0.0
    rate = _rate(text, received_ms, complete=complete)
    starts = _starts(pieces)
    end = 0
    for match in _word().finditer(text):
        earliest_ms = max((at_ms for start, at_ms in starts if start <= match.start()), default=0)
        if earliest_ms > clock_ms:
            clock_ms = float(earliest_ms)
            rate = _rate(text[match.start() :], received_ms - clock_ms, complete=complete)
        spoken = match.group().rstrip()
        pause = PAUSE_UNITS.get(spoken[-1], 0)
        if clock_ms + (_units(spoken) - pause) * rate > heard_ms + SLACK_MS:
            break
        clock_ms += _units(match.group()) * rate
        end = match.start() + len(spoken)
    return text[:end].strip()


def _rate(text: str, available_ms: float, *, complete: bool) -> float:
    """Milliseconds a unit takes, when `text` fills the audio that is left, or more of it than has arrived."""
    units = _units(text)
    least = max(available_ms, 0.0) / units
    if complete:
        return least
    most = least + AHEAD_MS / units
    return MS_PER_UNIT if most < FASTEST_MS_PER_UNIT else min(max(least, MS_PER_UNIT), most)


def _starts(pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """Where each piece begins in the whole text, and how much audio had arrived before it."""
    starts: list[tuple[int, int]] = []
    index = 0
    for piece in pieces:
        starts.append((index, piece.received_ms))
        index += len(piece.text)
    return starts


def _units(text: str) -> int:
    units = sum(1 + PAUSE_UNITS.get(letter, 0) for letter in text)
    return units + (SYLLABLE_UNITS - 1) * len(_syllable().findall(text)) or 1
