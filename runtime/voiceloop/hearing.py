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

SAMPLE_BYTES = 2


class Hearing:
    """Hands captured frames to the engine in order and keeps what it refuses.

    An engine that ends turns hears everything. For one that does not, the local gate tells when the user speaks, and
    only speech is handed over: whatever is in the engine's buffer becomes part of the turn, is understood and paid for.
    """

    def __init__(self, engine: Engine, rate_hz: int, turn: TurnSettings, happened: Callable[[Event], None]) -> None:
        self.dropped_frames = 0
        """Lost because the engine took none for 30 s."""
        self.last = b""
        """The newest frame, for a level meter."""
        self._hear = engine.hear
        self._rate_hz = rate_hz
        self._turn = turn
        self._happened = happened
        self._kept: deque[tuple[bytes, int]] = deque()
        self._gated: Callable[[bytes, int], None] | None = None

    def configure(self, traits: Traits) -> None:
        """The engine is known: it needs the local gate only when it does not end turns itself."""
        self._gated = None if traits.ends_turns else self._make_gate()

    def take(self, pcm: bytes, first_sample: int) -> None:
        """Take one captured frame of 16-bit mono PCM."""
        self.last = pcm
        if self._gated is None:
            self._send(pcm, first_sample)
        else:
            self._gated(pcm, first_sample)

    def _send(self, pcm: bytes, first_sample: int) -> None:
        if not self._kept and self._hear(pcm, first_sample):
            return
        self._kept.append((pcm, first_sample))
        while self._kept and self._hear(*self._kept[0]):
            self._kept.popleft()
        if len(self._kept) > MAX_KEPT_FRAMES:
            self._kept.popleft()
            self.dropped_frames += 1

    def _make_gate(self) -> Callable[[bytes, int], None]:
        from voiceloop.audio.gate import Gate, SpeechOnset  # noqa: PLC0415 - most sessions never need numpy for it
        from voiceloop.audio.vad import webrtc_detector  # noqa: PLC0415

        gate = Gate(
            self._rate_hz,
            webrtc_detector(self._rate_hz),
            hangover_ms=self._turn.silence_ms,
            preroll_ms=self._turn.prefix_padding_ms,
        )
        turns = sent_to = 0

        def take(pcm: bytes, first_sample: int) -> None:
            nonlocal turns, sent_to
            end = first_sample + len(pcm) // SAMPLE_BYTES
            speaking = gate.speaking
            verdicts = gate.feed(pcm, first_sample)
            if speaking:
                self._send(pcm, first_sample)
                sent_to = end
            if any(isinstance(verdict, SpeechOnset) for verdict in verdicts):
                speech = gate.preroll()
                start = end - len(speech) // SAMPLE_BYTES
                again = max(0, sent_to - start)  # the pre-roll may reach back into the turn before
                self._send(speech[again * SAMPLE_BYTES :], start + again)
                sent_to = end
            for verdict in verdicts:  # after the sound they are about: an end hands the turn over
                at_s = verdict.sample / self._rate_hz
                if isinstance(verdict, SpeechOnset):
                    turns += 1
                    self._happened(SpeechStarted(f"turn-{turns}", at_s, "local"))
                else:
                    self._happened(SpeechStopped(f"turn-{turns}", at_s, "local"))

        return take
