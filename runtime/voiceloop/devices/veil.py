"""What a recording may hold of the microphone: what the session heard, and silence in place of all else."""

from __future__ import annotations

from collections import deque

from voiceloop.audio.wakegate import PRE_ROLL_S, SAMPLE_BYTES

__all__ = ["Veil"]


class Veil:
    """Stands before a recorder. Both sides in, both sides out, in order and in step.

    Only later may it turn out that something was heard, at a wake word: what is not heard at once waits so long, and
    the agent's side with it. What is heard at once is not late.
    """

    def __init__(self, rate_hz: int) -> None:
        self._most = round(PRE_ROLL_S * rate_hz)
        self._waiting: deque[tuple[bytes, bytes]] = deque()
        self._samples = 0
        """Of the microphone, that wait."""

    def take(self, microphone: bytes, agent: bytes, heard: int) -> list[tuple[bytes, bytes]]:
        """Take the same stretch of both sides; of the newest samples of the microphone the session heard `heard`."""
        self._waiting.append((microphone, agent))
        self._samples += len(microphone) // SAMPLE_BYTES
        out: list[tuple[bytes, bytes]] = []
        while self._waiting and (heard or self._samples > self._most):
            out.append(self._next(heard))
        return out

    def drain(self) -> list[tuple[bytes, bytes]]:
        """Give what waits: nobody will hear it any more."""
        return [self._next(0) for _ in range(len(self._waiting))]

    def _next(self, heard: int) -> tuple[bytes, bytes]:
        microphone, agent = self._waiting.popleft()
        covered = SAMPLE_BYTES * max(0, self._samples - heard)
        self._samples -= len(microphone) // SAMPLE_BYTES
        if not covered:
            return microphone, agent
        return bytes(min(covered, len(microphone))) + microphone[covered:], agent
