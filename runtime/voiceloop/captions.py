"""The user's words, in the order the turns were handed over, and the milestones of each turn.

Transcription runs beside the conversation: words arrive before or after the reply they prompted, out of order, or
never (race 12 of the protocol reference). A turn's words wait here until those of every earlier turn are known.
"""

from __future__ import annotations

from voiceloop.recent import MOST, Recent

__all__ = ["TRANSCRIPT_WITHIN_S", "Captions", "Milestones"]

TRANSCRIPT_WITHIN_S = 10.0
"""Words later than this after their turn are not waited for any more."""


class Milestones:
    """When each step of the newest turns happened, in milliseconds on the recording's clock; absent when unknown."""

    def __init__(self) -> None:
        self._turns: Recent[dict[str, int | str]] = Recent()
        self._told: Recent[None] = Recent()

    def first(self, turn_id: str, name: str, at_ms: int) -> None:
        """Keep the first time something happened; the agent's own words belong to no turn."""
        if turn_id:
            self._turns.setdefault(turn_id, {}).setdefault(name, at_ms)

    def ended(self, turn_id: str, by: str, **at_ms: int) -> None:
        """The turn ended, once more perhaps: the newest decision counts."""
        self._turns.setdefault(turn_id, {}).update(at_ms, end_of_turn_by=by)

    def take(self, turn_id: str) -> dict[str, int | str] | None:
        """What is known of a turn, once."""
        if turn_id in self._told or turn_id not in self._turns:
            return None
        self._told[turn_id] = None
        return self._turns.pop(turn_id, {})


class Captions:
    """Which turns wait for their words, and which words wait for their turn."""

    def __init__(self, *, transcribes: bool) -> None:
        self._transcribes = transcribes
        self._wordless: dict[str, float] = {}
        self._words: dict[str, str] = {}
        self._handed_over: Recent[None] = Recent()

    @property
    def waiting(self) -> bool:
        """A turn was handed over whose words are still to come."""
        return bool(self._wordless)

    def committed(self, turn_id: str, now: float) -> list[tuple[str, str]]:
        """A turn was handed over. Returns the (turn, words) that can be told now, in order; so do the other verbs."""
        self._handed_over[turn_id] = None
        if self._transcribes:
            self._wordless[turn_id] = now
        return self._ready()

    def arrived(self, turn_id: str, text: str) -> list[tuple[str, str]]:
        """The words of a turn arrived; empty when they will never come."""
        self._words[turn_id] = text
        if len(self._words) > MOST:  # of turns that were never handed over
            del self._words[next(iter(self._words))]
        return self._ready()

    def forget(self, turn_id: str) -> list[tuple[str, str]]:
        """The turn was a cough: nobody waits for its words."""
        self._wordless.pop(turn_id, None)
        self._words.pop(turn_id, None)
        self._handed_over.pop(turn_id, None)
        return self._ready()

    def give_up(self, now: float) -> list[tuple[str, str]]:
        """Stop waiting for words that are overdue."""
        for turn_id, since in list(self._wordless.items()):
            if now - since >= TRANSCRIPT_WITHIN_S and turn_id not in self._words:
                del self._wordless[turn_id]
        return self._ready()

    def _ready(self) -> list[tuple[str, str]]:
        ready: list[str] = []
        for turn_id in list(self._wordless):
            if turn_id not in self._words:
                break
            del self._wordless[turn_id]
            ready.append(turn_id)
        if not self._wordless:
            # Words nobody waited for, of turns handed over: late ones, or from a server that was not asked for them.
            ready += [turn_id for turn_id in self._words if turn_id in self._handed_over and turn_id not in ready]
        return [(turn_id, text) for turn_id in ready if (text := self._words.pop(turn_id)).strip()]
