"""Puts what the speaker played beside what the microphone captured, for a canceller."""

from __future__ import annotations

import math

from voiceloop.devices.duplex import BLOCK_S, BLOCKS_PER_S, BlockTimes, Playback
from voiceloop.devices.rings import SILENT

__all__ = ["EchoPath"]


class EchoPath:
    """Which block of the speaker belongs to a block of the microphone, by the times at which they pass.

    Two streams start at different moments and may drift apart. The answer stays a little behind: the speaker's callback
    may be late, and the echo comes later still, by what the card delays in both directions.
    """

    def __init__(self, playback: Playback, microphone: BlockTimes, round_trip_s: float) -> None:
        self._playback = playback
        self._microphone = microphone
        self._behind_blocks = 1 if round_trip_s < 4 * BLOCK_S else 2
        self.echo_after_s = max(0.0, round_trip_s - self._behind_blocks * BLOCK_S)
        """How much later than its `far` an echo is captured, as far as the card tells."""
        self._shift: int | None = None
        self._off_blocks = 0

    def passed(self, number: int) -> bool:
        """Whether `far` knows its answer: the speaker's callback may be late. True while nothing was played at all."""
        return self._shift is None or self._playback.passed(number + self._shift)

    def far(self, number: int) -> bytes:
        """What the speaker played around that block of the microphone; silence where that did not pass yet."""
        exact = (self._microphone.start_s - self._playback.times.start_s) / BLOCK_S - self._behind_blocks
        if not math.isfinite(exact):
            return self._playback.around(SILENT)
        if self._shift is None or self._must_step(abs(exact - self._shift), settled=number >= 2 * BlockTimes.WINDOW):
            self._shift = round(exact)
        return self._playback.around(number + self._shift)

    def _must_step(self, off: float, *, settled: bool) -> bool:
        """A canceller must find its echo again after each step, so what is small or passes is let be.

        The loop's delays alone make the times look off by two blocks for a while.
        """
        if not settled:
            return off > 0.8  # noqa: PLR2004  (most of a block)
        self._off_blocks = self._off_blocks + 1 if off > 1.6 else 0  # noqa: PLR2004  (most of two)
        return self._off_blocks >= BLOCKS_PER_S
