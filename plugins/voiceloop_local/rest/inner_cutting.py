"""Ends a text where it may not go on: at its greatest length, or before a text that was named; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from voiceloop_local.rest.inner import Reason

__all__ = ["Cutter"]

CHARACTERS_A_TOKEN: Final = 4
"""As tokens are estimated everywhere in the gateway."""


class Cutter:
    """Takes a text piece by piece; keeps back what may be the beginning of a text that ends it."""

    def __init__(self, stops: Sequence[str], most_tokens: int | None) -> None:
        self._stops = [stop for stop in stops if stop]
        self._room = None if most_tokens is None else most_tokens * CHARACTERS_A_TOKEN
        self._held = ""
        self.reason: Reason | None = None
        """Why the text is over, None while it goes on."""
        self.stop: str | None = None
        """The named text that ended it."""

    def feed(self, text: str) -> str:
        """Return what of the text so far may go out."""
        if self.reason is not None:
            return ""
        text = self._held + text
        found = [(text.index(stop), -len(stop), stop) for stop in self._stops if stop in text]
        if found:
            at, _, self.stop = min(found)
            self._held, self.reason = "", Reason.STOP_TEXT
            return self._bounded(text[:at])
        kept = max((_overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - kept :]
        return self._bounded(text[: len(text) - kept])

    def drain(self) -> str:
        """Return what was kept back: no named text came of it."""
        text, self._held = self._held, ""
        return self._bounded(text) if self.reason is None else ""

    def _bounded(self, text: str) -> str:
        if self._room is None:
            return text
        if len(text) > self._room:
            self.reason, self.stop = Reason.LENGTH, None
        text = text[: self._room]
        self._room -= len(text)
        return text


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` begin `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
