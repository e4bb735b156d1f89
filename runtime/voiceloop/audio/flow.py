"""Follows speech over the agent: whether it pauses, goes on, and when it has become too long for a mere sound. Pure."""

from __future__ import annotations

import math
from typing import Final

from voiceloop.audio.onset import Loudness
from voiceloop.vocabulary import Flow, FlowTimes

__all__ = ["Overheard", "SpeechFlow"]

FRAME_MS: Final = 20
SAMPLE_BYTES: Final = 2


class SpeechFlow:
    """One stretch of speech over the agent. Positions are sample numbers of the capture clock."""

    def __init__(self, rate_hz: int, times: FlowTimes, onset: int) -> None:
        """Speech began at `onset`."""
        self._pause = rate_hz * times.pause_ms // 1000
        self._left: float = rate_hz * times.lasts_ms // 1000
        self._from: int | None = onset
        """Where it began that goes on now; None in a pause."""
        self._spoken_to = onset

    def follow(self, end: int, *, speech: bool) -> Flow | None:
        """Take the verdict on the sound up to `end`; None: there is nothing new. LASTED is told once."""
        if not speech:
            if self._from is None or end - self._spoken_to < self._pause:
                return None
            self._left -= self._spoken_to - self._from
            self._from = None
            return Flow.PAUSED
        self._spoken_to = end
        if self._from is None:
            self._from = end
            return Flow.WENT_ON
        if end - self._from < self._left:
            return None
        self._left = math.inf
        return Flow.LASTED


class Overheard:
    """Follows speech by its loudness alone, where an engine tells when it begins and ends, and nothing in between."""

    def __init__(self, rate_hz: int, times: FlowTimes, onset: int) -> None:
        """As `SpeechFlow`."""
        self._frame = rate_hz * FRAME_MS // 1000 * SAMPLE_BYTES
        self._flow = SpeechFlow(rate_hz, times, onset)
        self._loudness = Loudness(rate_hz)
        self._onset = onset
        self._rest = b""
        self.fresh = True
        """Nothing was heard yet."""

    def hear(self, pcm: bytes, end: int) -> list[Flow]:
        """Take the next 16-bit mono PCM, which ends at sample `end`; what comes before the onset tells of the noise."""
        self.fresh = False
        sound = self._rest + pcm
        at = end - len(sound) // SAMPLE_BYTES
        told: list[Flow] = []
        whole = len(sound) - len(sound) % self._frame
        for start in range(0, whole, self._frame):
            speech = self._loudness.anybody(sound[start : start + self._frame])
            until = at + (start + self._frame) // SAMPLE_BYTES
            flow = self._flow.follow(until, speech=speech) if until > self._onset else None
            if flow is not None:
                told.append(flow)
            if flow is Flow.LASTED:
                break
        self._rest = sound[whole:]
        return told
