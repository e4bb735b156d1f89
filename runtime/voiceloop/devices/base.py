"""The seam between a session and where sound comes from and goes to: a sound card, a WAV file, a phone line.

A line hands captured audio over in order and without gaps; what it could not capture it replaces by silence, so that
sample numbers are a clock. It plays what it pulls from the ledger, in order, and acknowledges what was really played.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from voiceloop.audio.ledger import Ledger

__all__ = ["Counting", "Ears", "Line", "LineReports", "Played"]

Ears = Callable[[bytes, int], int]
"""Called with 16-bit mono PCM at the session's rate and the number of its first sample since the line opened.

Returns how many of the newest samples the session hears by now: none while the user has muted it, and at a wake word
some that were captured before. A line that keeps sound keeps no other: see `recorder.Recorder.write`."""


@dataclass(frozen=True, slots=True)
class Played:
    """How far playback got."""

    generation: int
    sample: int
    """Samples played since the line opened, at the session's rate; those a flush discards count too."""
    exact: bool
    """Counted by the line itself; else estimated from a clock."""


class LineReports(Protocol):
    """What a line tells its session besides audio. Plain calls on the loop's thread, each at most once."""

    def input_ended(self) -> None:
        """The input has no more to give; the line goes on delivering silence and playing."""

    def lost(self, detail: str) -> None:
        """The device went away; the line is dead. `detail` is one line that says what to do."""


class Line(Protocol):
    """A microphone and a speaker with a common clock."""

    async def open(self, ears: Ears, ledger: Ledger, rate_hz: int, reports: LineReports) -> None:
        """Start both directions; sample 0 of both is the moment this returns. Raises DeviceError or UsageError."""

    def flush(self, generation: int) -> None:
        """Forget all audio pulled before `generation` that was not played: silence from now on until new audio."""

    def played(self) -> Played:
        """Where playback is."""

    async def close(self, within_s: float) -> None:
        """Stop both directions and finish files. Idempotent; safe to cancel."""


@runtime_checkable
class Counting(Protocol):
    """A line whose device has faults that are counted."""

    @property
    def mishaps(self) -> Mapping[str, int]:
        """What `session_ended` tells of them under `card`."""
