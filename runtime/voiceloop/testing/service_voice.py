"""How long sentences sound that scripted services speak, and how fast their sound comes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from voiceloop.testing.brain import WORD_MS
from voiceloop.testing.script import Reply

__all__ = ["Sound", "Voice"]

REMEMBERED = 50
"""Replies whose sentences may still be asked for."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One sentence's."""

    audio_ms: int
    pace: float = 0.0
    """Audio seconds sent per second; 0 sends all at once."""
    delta_ms: int = 100


class Voice:
    """A sentence of a reply takes its words' part of the message's `audio_ms`; any other 300 ms a word."""

    def __init__(self) -> None:
        self._replies: list[Reply] = []

    def wrote(self, reply: Reply) -> None:
        """The sentences of this reply may be asked for from now on."""
        self._replies = [*self._replies, reply][-REMEMBERED:]

    def of(self, text: str) -> Sound:
        """The sound of a sentence."""
        return self._written(text) or Sound(WORD_MS * max(1, len(_words(text))))

    def says(self, text: str) -> bool:
        """Whether a reply has this sentence."""
        return self._written(text) is not None

    def _written(self, text: str) -> Sound | None:
        words = _words(text)
        for reply in reversed(self._replies):
            for spoken in reply.says:
                whole = _words(spoken.text)
                if spoken.audio_ms and words and f" {' '.join(words)} " in f" {' '.join(whole)} ":
                    return Sound(spoken.audio_ms * len(words) // len(whole), reply.pace, reply.delta_ms)
        return None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
