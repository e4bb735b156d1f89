"""Keeps what a canceller leaves of the echo from everybody who listens, and the user's first syllables for them.

While there is nothing but echo the cleaned microphone is turned down by 40 dB. When a user is found to speak, he has
spoken for some 50 ms, and the canceller has swallowed more than that: so the sound comes from 160 ms ago then, and from
the canceller that only subtracts, where that one is of use. When he pauses and no echo is about, or when echo is all
there is once more, the sound is that of the moment again, and 160 ms of silence or echo are skipped.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from voiceloop.audio.echomodel import LAGS
from voiceloop.audio.linearecho import LinearEcho
from voiceloop.audio.pcm import to_int16
from voiceloop.audio.residual import BLOCK_S, HEARD_DB, EchoEvidence, Trust, Verdict

__all__ = ["LATE_BLOCKS", "ResidualGate"]

LATE_BLOCKS = 16
"""So late a user is heard who was found to speak over an echo."""
CLOSED_GAIN = 0.01
"""Not zero: whoever listens would take the sudden silence for the end of a sound, and its end for the begin of one."""


class ResidualGate:
    """Takes blocks of a multiple of 10 ms, and gives as much at once."""

    def __init__(self, rate_hz: int) -> None:
        self.evidence = EchoEvidence(rate_hz)
        samples = round(rate_hz * BLOCK_S)
        self._bytes = 2 * samples
        self._subtraction = LinearEcho(samples, LAGS)
        self._kept: deque[NDArray[np.float64]] = deque([np.zeros(samples)] * (LATE_BLOCKS + 1), maxlen=LATE_BLOCKS + 1)
        self._quiet_blocks = 0
        self._late = 0.0
        """1 while what is heard comes late, else 0; in between only within a block."""
        self._gain = 1.0

    def process(self, near: bytes, far: bytes, clean: bytes) -> bytes:
        """The cleaned microphone without echo, for equal lengths of 16-bit mono PCM."""
        out = bytearray()
        for start in range(0, len(clean), self._bytes):
            block = slice(start, start + self._bytes)
            out += self._pass_block(near[block], far[block], clean[block])
        return bytes(out)

    def _pass_block(self, near: bytes, far: bytes, clean: bytes) -> bytes:
        sounds = np.frombuffer(near + far + clean, np.int16).reshape(3, -1) / 32768
        subtracted = self._subtraction.residual(sounds[0], sounds[1], self.evidence.model.lag)
        before, trusted = self.evidence.verdict, self.evidence.trust
        verdict = self.evidence.judge(np.vstack((sounds, subtracted)))
        if self.evidence.trust is Trust.LOST and trusted is not Trust.LOST:
            self._subtraction.forget()
        self._kept.append(subtracted if self.evidence.subtracts else sounds[2])
        self._quiet_blocks = 0 if self.evidence.clean_db > HEARD_DB else self._quiet_blocks + 1
        late, gain = self._late, CLOSED_GAIN if verdict is Verdict.ECHO else 1.0
        if verdict is Verdict.USER and before is Verdict.ECHO:
            late = 1.0
        elif verdict is Verdict.ECHO or (verdict is Verdict.FREE and self._quiet_blocks > LATE_BLOCKS):
            late = 0.0
        if late == self._late == 0.0 and gain == self._gain == 1.0:
            return clean
        lateness, gains = _line(self._late, late, len(subtracted)), _line(self._gain, gain, len(subtracted))
        self._late, self._gain = late, gain
        return to_int16(gains * (lateness * self._kept[0] + (1.0 - lateness) * sounds[2]))


def _line(start: float, end: float, samples: int) -> NDArray[np.float64]:
    return np.linspace(start, end, samples + 1)[1:]
