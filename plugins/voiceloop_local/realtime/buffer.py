"""The input audio buffer and the verdicts about it: who speaks since when, and when a turn has ended.

The clock counts every sample written in the session, whatever became of it. The gate says when speech begins and
pauses; a pause that lasts ends the turn. That there are two steps lets recognition start before the turn has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from voiceloop.audio.gate import Gate, SpeechEnd, SpeechOnset
from voiceloop_local.realtime.checks import ClientEventError
from voiceloop_local.realtime.config import TurnDetection

__all__ = [
    "FRAME_MS",
    "LONGEST_TURN_MS",
    "Detector",
    "InputBuffer",
    "SpeechBegan",
    "SpeechEnded",
    "SpeechPaused",
    "SpeechResumed",
    "Verdict",
    "floor_db",
]

FRAME_MS = 20
SHORTEST_COMMIT_MS = 100
LONGEST_TURN_MS = 120_000
"""A turn that never pauses is ended, so that one noisy line cannot hold all memory."""
PAUSE_MS = 240
"""Silence after which the words so far are probably all."""
ONSET_MS = 60

Detector = Callable[[bytes], bool]
"""Is this frame of `FRAME_MS` speech?"""


def floor_db(threshold: float) -> float:
    """How loud speech must be, in dBFS: -50 at the usual threshold of 0.5, 15 dB around it at the ends."""
    return -65.0 + 30.0 * threshold


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """The user began to speak."""

    item_id: str
    audio_start_ms: int
    """On the buffer clock, padding included."""


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """The user may have finished: here is what was said."""

    item_id: str
    pcm: bytes


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The user had not finished."""

    item_id: str


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The turn is over."""

    item_id: str
    audio_end_ms: int
    """On the buffer clock, silence included."""
    pcm: bytes


Verdict = SpeechBegan | SpeechPaused | SpeechResumed | SpeechEnded


class InputBuffer:
    """Audio the client appended and nobody committed yet."""

    def __init__(
        self, rate_hz: int, turns: TurnDetection | None, detector: Detector, new_id: Callable[[str], str]
    ) -> None:
        self._new_id = new_id
        self._audio = bytearray()
        self._loose = bytearray()
        self._before_ms = 0.0
        self._samples = 0
        self._rate_hz = rate_hz
        self._turns = turns
        self._detector = detector
        self._item_id = ""
        self._paused_at: int | None = None
        self._gate = self._new_gate()

    def configure(self, rate_hz: int, turns: TurnDetection | None, detector: Detector) -> None:
        """Take another format or turn detection; the clock runs on.

        Audio of another rate cannot be joined to what was not committed, which is dropped. Else it stays, and an open
        turn goes on as if it were just pausing.
        """
        self._turns = turns
        self._detector = detector
        if rate_hz == self._rate_hz:
            self._paused_at = self._samples
            self._gate = self._new_gate()
            return
        self._before_ms = self._at_ms(self._samples + len(self._loose) // 2)
        self._samples = 0
        self._loose.clear()
        self._rate_hz = rate_hz
        self._forget()
        self._gate = self._new_gate()

    @property
    def clock_ms(self) -> int:
        """Milliseconds of audio written in this session."""
        return round(self._at_ms(self._samples + len(self._loose) // 2))

    @property
    def speaking(self) -> bool:
        """The user's turn is open."""
        return bool(self._item_id)

    def append(self, pcm: bytes) -> list[Verdict]:
        """Take 16-bit PCM of any length and say what it changed, in order."""
        self._loose += pcm
        verdicts: list[Verdict] = []
        if self._gate is None or self._turns is None:
            self._keep(len(self._loose) // 2 * 2)
            if self._held_ms() > 5 * LONGEST_TURN_MS:
                raise ClientEventError("input_audio_buffer_full", "The input audio buffer is full: commit or clear it.")
            return verdicts
        frame_bytes = self._rate_hz * FRAME_MS // 1000 * 2
        while len(self._loose) >= frame_bytes:
            verdicts += self._frame(self._keep(frame_bytes), self._gate, self._turns)
        return verdicts

    def commit(self) -> tuple[str, bytes]:
        """Take all that is buffered as one item; returns its id and its audio."""
        self._keep(len(self._loose) // 2 * 2)
        if self._held_ms() < SHORTEST_COMMIT_MS:
            message = (
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
                f"but buffer only has {self._held_ms():.2f}ms of audio."
            )
            raise ClientEventError("input_audio_buffer_commit_empty", message)
        item_id, pcm = self._item_id or self._new_id("item"), bytes(self._audio)
        self._forget()
        return item_id, pcm

    def clear(self) -> None:
        """Drop all that is buffered; the clock runs on."""
        self._keep(len(self._loose) // 2 * 2)
        self._loose.clear()
        self._forget()

    def _keep(self, count: int) -> bytes:
        pcm = bytes(self._loose[:count])
        del self._loose[:count]
        self._audio += pcm
        self._samples += count // 2
        return pcm

    def _at_ms(self, sample: int) -> float:
        return self._before_ms + sample * 1000 / self._rate_hz

    def _held_ms(self) -> float:
        return len(self._audio) * 500 / self._rate_hz

    def _forget(self) -> None:
        """Begin again: nothing buffered, nobody speaking.

        The gate stays, since it knows the room's noise, unless it would wait for the end of speech that is gone.
        """
        self._audio.clear()
        self._item_id = ""
        self._paused_at = None
        if self._gate is not None and self._gate.speaking:
            self._gate = self._new_gate()

    def _new_gate(self) -> Gate | None:
        if self._turns is None:
            return None
        hangover_ms = max(FRAME_MS, min(PAUSE_MS, self._turns.silence_ms // 2))
        floor = floor_db(self._turns.threshold)
        return Gate(
            self._rate_hz, self._detector, onset_ms=ONSET_MS, hangover_ms=hangover_ms, preroll_ms=0, floor_db=floor
        )

    def _frame(self, frame: bytes, gate: Gate, turns: TurnDetection) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for verdict in gate.feed(frame, self._samples - len(frame) // 2):
            match verdict:
                case SpeechOnset():
                    verdicts.append(self._onset(verdict.sample, turns))
                case SpeechEnd():
                    self._paused_at = verdict.sample
                    verdicts.append(SpeechPaused(self._item_id, bytes(self._audio)))
        if not self._item_id:
            self._trim(self._samples, turns.prefix_padding_ms + ONSET_MS + FRAME_MS)
        elif self._over(turns):
            verdicts.append(SpeechEnded(self._item_id, round(self._at_ms(self._samples)), bytes(self._audio)))
            self._forget()
        return verdicts

    def _onset(self, sample: int, turns: TurnDetection) -> Verdict:
        self._paused_at = None
        if self._item_id:
            return SpeechResumed(self._item_id)
        self._trim(sample, turns.prefix_padding_ms)
        self._item_id = self._new_id("item")
        return SpeechBegan(self._item_id, round(self._at_ms(self._samples) - self._held_ms()))

    def _over(self, turns: TurnDetection) -> bool:
        if self._paused_at is None:
            return self._held_ms() >= LONGEST_TURN_MS
        return self._samples - self._paused_at >= self._rate_hz * turns.silence_ms // 1000

    def _trim(self, sample: int, before_ms: int) -> None:
        """Drop what lies more than `before_ms` before `sample`."""
        first = self._samples - len(self._audio) // 2
        excess = sample - self._rate_hz * before_ms // 1000 - first
        if excess > 0:
            del self._audio[: 2 * excess]
