"""The short road of captured audio: from the line to the engine, with the local gate beside it where it is needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from voiceloop.engines.base import Engine
from voiceloop.events import Event, SpeechStarted, SpeechStopped
from voiceloop.settings import TurnSettings
from voiceloop.vocabulary import Traits

__all__ = ["Hearing"]

MAX_KEPT_FRAMES = 1500
"""30 s of 20 ms frames kept while the engine cannot take them; then the oldest goes."""


class Hearing:
    """Hands captured frames to the engine in order; keeps what it refuses; runs the gate for engines without one."""

    def __init__(self, engine: Engine, rate_hz: int, turn: TurnSettings, happened: Callable[[Event], None]) -> None:
        self.dropped_frames = 0
        self.last = b""
        """The newest frame, for a level meter."""
        self._hear = engine.hear
        self._rate_hz = rate_hz
        self._turn = turn
        self._happened = happened
        self._kept: deque[tuple[bytes, int]] = deque()
        self._gate: Callable[[bytes, int], None] | None = None
        self._turns = 0

    def configure(self, traits: Traits) -> None:
        """The engine is known: it needs the local gate only when it does not end turns itself."""
        self._gate = None if traits.ends_turns else self._make_gate()

    def take(self, pcm: bytes, first_sample: int) -> None:
        """Take one captured frame of 16-bit mono PCM."""
        self.last = pcm
        if self._kept or not self._hear(pcm, first_sample):
            self._keep(pcm, first_sample)
        if self._gate is not None:
            self._gate(pcm, first_sample)

    def _keep(self, pcm: bytes, first_sample: int) -> None:
        self._kept.append((pcm, first_sample))
        while self._kept and self._hear(*self._kept[0]):
            self._kept.popleft()
        if len(self._kept) > MAX_KEPT_FRAMES:
            self._kept.popleft()
            self.dropped_frames += 1

    def _make_gate(self) -> Callable[[bytes, int], None]:
        from voiceloop.audio.gate import Gate, Onset  # noqa: PLC0415 - most sessions never need numpy for it
        from voiceloop.audio.vad import make_detector  # noqa: PLC0415

        gate = Gate(self._rate_hz, make_detector(self._rate_hz), hangover_ms=self._turn.silence_ms)

        def feed(pcm: bytes, first_sample: int) -> None:
            for verdict in gate.feed(pcm, first_sample):
                at_s = verdict.sample / self._rate_hz
                if isinstance(verdict, Onset):
                    self._turns += 1
                    self._happened(SpeechStarted(f"turn-{self._turns}", at_s, "local"))
                else:
                    self._happened(SpeechStopped(f"turn-{self._turns}", at_s, "local"))

        return feed
