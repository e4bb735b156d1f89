"""The speech of the turn that is being spoken, and when its speaker seems to have finished. Pure.

Only speech comes here, with some silence before and after it: a gate listens in front. The silence after it is what
recognition can be begun in, before the gate is sure that the turn is over.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from voiceloop.audio.onset import Loudness

__all__ = ["Ear", "Heard", "Noticed"]

MOST_S: Final = 120.0
"""Of a longer turn the newest part is kept."""
QUIET_MS: Final = 200
"""Rarely is a pause between words longer."""
FRAME_MS: Final = 20
SAMPLE_BYTES: Final = 2


class Noticed(StrEnum):
    """What a block of sound brought."""

    NOTHING = "nothing"
    PAUSE = "pause"
    """The speaker may have finished."""
    WENT_ON = "went_on"
    """The speaker had not."""
    ANEW = "anew"
    """What came before was a cough: the gate let it pass and nobody handed it over."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The speech of one turn."""

    pcm: bytes
    lost_s: float = 0.0
    """Of its beginning, since it was too long."""


class Ear:
    """Collects 16-bit mono PCM."""

    def __init__(self, rate_hz: int, hangover_ms: int) -> None:
        """`hangover_ms` is how much silence the gate waits for after the last word."""
        self._second = rate_hz * SAMPLE_BYTES
        self._rate_hz = rate_hz
        self._frame = self._bytes(FRAME_MS)
        self._hangover = self._bytes(hangover_ms)
        self._blocks: deque[bytes] = deque()
        self._next_sample = 0
        self._start = self.end = self._loud_until = 0
        self._unjudged = b""
        self._loudness = Loudness(rate_hz)

    def take(self, pcm: bytes, first_sample: int) -> Noticed:
        """Take a captured block."""
        paused = self._paused
        anew = first_sample != self._next_sample and self.end > 0 and self._quiet
        if anew:
            self._forget()
        self._next_sample = first_sample + len(pcm) // SAMPLE_BYTES
        self._blocks.append(pcm)
        self.end += len(pcm)
        while self.end - self._start - len(self._blocks[0]) >= MOST_S * self._second:
            self._start += len(self._blocks.popleft())
        self._judge(pcm)
        if anew:
            return Noticed.ANEW
        if self._paused == paused:
            return Noticed.NOTHING
        return Noticed.PAUSE if self._paused else Noticed.WENT_ON

    def so_far(self) -> bytes:
        """The speech up to now; `end` tells how far that is."""
        return b"".join(self._blocks)

    def was_all_said(self, until: int, spoken_to_s: float | None = None) -> bool:
        """Whether all words of the turn that is over now came before `until`, a value of `end`.

        `spoken_to_s` is where the gate heard the last one end, on the capture clock; None: a hang-over ago.
        """
        if spoken_to_s is None:
            spoken_to = self.end - self._hangover
        else:
            spoken_to = self.end - (self._next_sample - round(spoken_to_s * self._rate_hz)) * SAMPLE_BYTES
        return max(self._loud_until, spoken_to) <= until

    def hand_over(self) -> Heard:
        """The turn is over: return its speech and be ready for the next."""
        heard = Heard(self.so_far(), self._start / self._second)
        self._forget()
        return heard

    def _forget(self) -> None:
        self._blocks.clear()
        self._start = self.end = self._loud_until = 0
        self._unjudged = b""

    def _judge(self, pcm: bytes) -> None:
        sound = self._unjudged + pcm
        rest = len(sound) % self._frame
        self._unjudged = sound[len(sound) - rest :]
        if self._loudness.anybody(sound[: len(sound) - rest]):
            self._loud_until = self.end - rest

    @property
    def _quiet(self) -> bool:
        return self.end - self._loud_until >= self._bytes(QUIET_MS)

    @property
    def _paused(self) -> bool:
        return self._quiet and self._loud_until > 0

    def _bytes(self, duration_ms: int) -> int:
        return self._rate_hz * duration_ms // 1000 * SAMPLE_BYTES
