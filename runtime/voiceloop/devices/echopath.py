"""Puts what the speaker played beside what the microphone captured, for a canceller."""

from __future__ import annotations

import math

import numpy as np

from voiceloop.audio.clockratio import ClockRatio
from voiceloop.audio.drift import MAX_PPM, REACH, read_at
from voiceloop.devices.duplex import BLOCK_S, BLOCKS_PER_S, BlockTimes, Playback
from voiceloop.devices.rings import SILENT

__all__ = ["EchoPath"]

_MARGIN_BLOCKS = 0.6
"""Sound that is read between the blocks needs the next block too: so much later than the exact moment it has come."""
_SLEW_PPM = 30.0
"""A canceller does not notice a path that moves by 50 ppm; at 100 it takes 13 dB less of the echo."""
_SLEW_FROM_BLOCKS = 0.1
"""Off by so much, that slew is reached."""


class EchoPath:
    """Which sound of the speaker belongs to a block of the microphone, by the times at which they pass.

    Two streams start at different moments, so whole blocks are paired; that costs nothing and changes no sample. Where
    their clocks are found to differ, the speaker's sound is read by the microphone's clock from then on: a pairing of
    blocks would have to step again and again. The answer stays a little behind: the speaker's callback may be late, and
    the echo comes later still, by what the card delays in both directions.
    """

    def __init__(self, playback: Playback, microphone: BlockTimes, round_trip_s: float) -> None:
        self._playback = playback
        self._microphone = microphone
        self._behind_blocks = 1 if round_trip_s < 4 * BLOCK_S else 2
        self.echo_after_s = max(0.0, round_trip_s - self._behind_blocks * BLOCK_S)
        """How much later than its `far` an echo is captured, as far as the card tells."""
        self.clocks = ClockRatio()
        """How much slower the microphone's clock runs than the speaker's."""
        self._troubles = 0
        self._calm_from = 2 * BlockTimes.WINDOW
        """The first block after which the clocks can be looked at."""
        self._shift: float | None = None
        """From the number of the microphone's next block to the place of its sound, in blocks of the speaker."""
        self._rate = 0.0
        """How much that grows from block to block."""
        self._off_blocks = 0
        self._silence = b""

    def passed(self, number: int) -> bool:
        """Whether `far` knows its answer: the speaker's callback may be late. True while nothing was played at all."""
        if self._shift is None:
            return True
        ahead = 1 + REACH * BLOCKS_PER_S / self._playback.rate_hz if self.clocks.drifts else 0.0
        return self._playback.passed(math.floor(number + self._shift + ahead))

    def far(self, number: int) -> bytes:
        """What the speaker played around that block of the microphone; silence where that did not pass yet.

        To be asked for each block once, in their order.
        """
        exact = (self._microphone.start_s - self._playback.times.start_s) / BLOCK_S - self._behind_blocks
        if not math.isfinite(exact):
            return self._playback.around(SILENT)
        if number % BlockTimes.WINDOW == 0:
            self._look_at_clocks(number)
        if self._shift is None or self._must_step(abs(exact - self._shift), settled=number >= 2 * BlockTimes.WINDOW):
            self._shift = round(exact)
            # Streams that moved so far, or a drift that was none.
            self.clocks = ClockRatio()
        if not self.clocks.drifts:
            return self._playback.around(number + round(self._shift))
        place, self._shift = number + self._shift, self._shift + self._rate
        return self._read(place)

    def _look_at_clocks(self, number: int) -> None:
        """Each half second. An underrun moves a stream, and many of them look like a drift."""
        clocks, at_s, slew_ppm = self.clocks, number * BLOCK_S, 0.0
        troubles = self._microphone.troubles + self._playback.times.troubles
        if troubles != self._troubles:
            self._troubles, self._calm_from = troubles, number + 2 * BlockTimes.WINDOW
            clocks.forget()
        if number < self._calm_from:
            return
        clocks.read(at_s, self._microphone.start_s, self._playback.times.start_s)
        if clocks.known and self._shift is not None:
            wanted = clocks.apart_s(at_s) / BLOCK_S - self._behind_blocks - _MARGIN_BLOCKS
            slew_ppm = _SLEW_PPM * min(1.0, max(-1.0, (wanted - self._shift) / _SLEW_FROM_BLOCKS))
        self._rate = 1e-6 * min(MAX_PPM, max(-MAX_PPM, clocks.ppm + slew_ppm))

    def _read(self, place: float) -> bytes:
        """The block of sound from that place on, which lies between two samples."""
        first = math.floor(place) - 1
        sound = b"".join([self._playback.around(each) for each in range(first, first + 4)])
        if len(sound) != len(self._silence):
            self._silence = bytes(len(sound))
        if sound == self._silence:
            return sound[: len(sound) // 4]
        samples = len(sound) // 8
        heard = np.frombuffer(sound, np.int16).astype(np.float64)
        return read_at(heard, (place - first) * samples, 1e6 * self._rate, samples).tobytes()

    def _must_step(self, off: float, *, settled: bool) -> bool:
        """A canceller must find its echo again after each step, so what is small or passes is let be.

        The loop's delays alone make the times look off by two blocks for a while.
        """
        if not settled:
            return off > 0.8  # noqa: PLR2004  (most of a block)
        self._off_blocks = self._off_blocks + 1 if off > 1.6 else 0  # noqa: PLR2004  (most of two)
        return self._off_blocks >= BLOCKS_PER_S
