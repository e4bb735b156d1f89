"""The gate of hands-free use: shut until the wake word is heard, open while the conversation goes on.

While it is shut silence comes out in place of what was heard, `PRE_ROLL_S` late. The wake word lets out what was held
back from its own end on, so that what is said in one breath with it is heard whole and the word itself is not, and from
then on nothing is late.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from voiceloop.errors import MisuseError

__all__ = ["PRE_ROLL_S", "SAMPLE_BYTES", "UNANSWERED_S", "Attention", "WakeGate", "WakeWord"]

PRE_ROLL_S = 1.5
"""Held back while asleep: longer than a wake word takes to be said and recognised."""
UNANSWERED_S = 60.0
"""Speech keeps the gate open no longer than this without an answer: a television talks on and on."""
SAMPLE_BYTES = 2
QUIETS_PER_S = 50
"""The end of the phrase is where such a part of a second is quieter than any other."""


class Attention(StrEnum):
    """Whether what is said goes anywhere."""

    ASLEEP = "asleep"
    LISTENING = "listening"


class WakeWord(Protocol):
    """Recognises one phrase in a stream of 16-bit mono PCM, blocks of any length."""

    ended_s: tuple[float, float]
    """How long before it is noticed the phrase ends: at least, at most."""

    def heard(self, pcm: bytes) -> bool:
        """Take the next block and return whether the phrase is over in it."""

    def reset(self) -> None:
        """Forget the stream; the next block begins another."""


class WakeGate:
    """Blocks in, blocks out, same samples and numbers. Time is the count of samples; begins asleep."""

    def __init__(
        self, rate_hz: int, wake_word: WakeWord, *, is_speech: Callable[[bytes], bool], follow_up_s: float
    ) -> None:
        """`follow_up_s`: how long it stays open after the last sound of either side."""
        if rate_hz <= 0 or follow_up_s <= 0:
            raise MisuseError("A wake gate needs a rate and a follow-up time above 0.")
        self.attention = Attention.ASLEEP
        self._rate_hz = rate_hz
        self._wake_word = wake_word
        self._is_speech = is_speech
        self._follow_up_s = follow_up_s
        self._held: deque[tuple[bytes, int]] = deque()
        self._held_samples = 0
        self._quiet_samples = 0
        self._unanswered_samples = 0
        self.passed_samples = 0
        """How many of the newest samples the last `take` let out as they were captured."""

    def take(self, pcm: bytes, first_sample: int, *, agent_speaks: bool) -> list[tuple[bytes, int]]:
        """Return what may be heard by now, in order: blocks and their first samples.

        The agent's voice keeps the gate open but never opens it.
        """
        if self.attention is Attention.LISTENING:
            self._follow(pcm, agent_speaks=agent_speaks)
            self.passed_samples = len(pcm) // SAMPLE_BYTES
            return [(pcm, first_sample)]
        self.passed_samples = 0
        self._held.append((pcm, first_sample))
        self._held_samples += len(pcm) // SAMPLE_BYTES
        if self._wake_word.heard(pcm):
            return self._wake()
        out: list[tuple[bytes, int]] = []
        while self._held_samples > PRE_ROLL_S * self._rate_hz:
            old, first = self._held.popleft()
            self._held_samples -= len(old) // SAMPLE_BYTES
            out.append((bytes(len(old)), first))
        return out

    def _wake(self) -> list[tuple[bytes, int]]:
        self.attention = Attention.LISTENING
        held = b"".join(pcm for pcm, _ in self._held)
        covered = self._phrase_end(held)
        self.passed_samples = self._held_samples - covered
        out, at = [], 0
        for pcm, first_sample in self._held:
            hidden = min(max(0, covered * SAMPLE_BYTES - at), len(pcm))
            out.append((bytes(hidden) + pcm[hidden:], first_sample))
            at += len(pcm)
        self._held.clear()
        self._quiet_samples = self._unanswered_samples = self._held_samples = 0
        return out

    def _phrase_end(self, held: bytes) -> int:
        """Return how many samples of what was held back are before what follows the phrase.

        Between the two people make a pause, or at least less noise than before and after.
        """
        from voiceloop.audio.pcm import quietest  # noqa: PLC0415 - loads numpy, and who never sleeps needs only times

        latest, earliest = (max(0, self._held_samples - round(s * self._rate_hz)) for s in self._wake_word.ended_s)
        window = held[earliest * SAMPLE_BYTES : latest * SAMPLE_BYTES]
        return earliest + quietest(window, self._rate_hz // QUIETS_PER_S)

    def _follow(self, pcm: bytes, *, agent_speaks: bool) -> None:
        samples = len(pcm) // SAMPLE_BYTES
        speech = self._is_speech(pcm)
        self._quiet_samples = 0 if agent_speaks or speech else self._quiet_samples + samples
        self._unanswered_samples = 0 if agent_speaks else self._unanswered_samples + samples
        limit_s = max(UNANSWERED_S, self._follow_up_s)
        if (
            self._quiet_samples >= self._follow_up_s * self._rate_hz
            or self._unanswered_samples >= limit_s * self._rate_hz
        ):
            self.attention = Attention.ASLEEP
            self._wake_word.reset()
