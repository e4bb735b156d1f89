"""An agent who hears himself, in arithmetic: the canceller is made up, what is told of its work is real."""

from __future__ import annotations

import numpy as np

from voiceloop.audio.residual import EchoEvidence, Verdict
from voiceloop.audio.residualgate import ResidualGate

RATE_HZ = 16_000
BLOCK = RATE_HZ // 100


def pcm(samples: np.ndarray) -> bytes:
    return np.rint(samples * 32767).astype(np.int16).tobytes()


class Room:
    """An agent who speaks in noise, its echo 60 ms later, and a canceller that takes `removed_db` of it."""

    def __init__(self) -> None:
        self.gate = ResidualGate(RATE_HZ)
        self.delay = 6
        self.said: list[np.ndarray] = []
        """The user's sound, block by block."""
        self.heard: list[np.ndarray] = []
        """What the gate gave, block by block."""
        self._rng = np.random.default_rng(8)
        self._far = [np.zeros(BLOCK)] * 70

    @property
    def evidence(self) -> EchoEvidence:
        return self.gate.evidence

    def pass_s(
        self, seconds: float, *, agent=0.1, user=0.0, tone_hz=0, removed_db=30.0, ducked_db=0.0
    ) -> list[Verdict]:
        """Time passes; how each block was judged. The user makes noise, or with `tone_hz` a tone.

        `ducked_db`: what the canceller takes of the user.
        """
        verdicts = []
        for _ in range(round(seconds * 100)):
            loud = agent * (1.0 if (len(self.said) // 12) % 2 else 0.1)  # syllables
            self._far.append(self._rng.normal(0, 1, BLOCK) * loud)
            echo = self._far[-1 - self.delay]
            said = self._rng.normal(0, 1, BLOCK) * user
            if tone_hz:
                said = np.sin(2 * np.pi * tone_hz * (len(self.said) * BLOCK + np.arange(BLOCK)) / RATE_HZ) * user
            self.clean = pcm(echo * 10 ** (-removed_db / 20) + said * 10 ** (-ducked_db / 20))
            self.out = self.gate.process(pcm(echo + said), pcm(self._far[-1]), self.clean)
            self.said.append(said)
            self.heard.append(np.frombuffer(self.out, np.int16) / 32767)
            verdicts.append(self.evidence.verdict)
        return verdicts
