"""What a microphone gives becomes clean 16-bit mono: channels mixed, what is no number left out, its offset removed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["SILENT_AFTER_S", "Intake", "MuteWatch"]

SILENT_AFTER_S = 2
TELL_AGAIN_AFTER_S = 30
"""Some microphones suppress noise themselves and give zeros whenever nobody speaks: once is enough for a while."""

_SCALE = 32_768.0
_OFFSET_STEP = 0.01
"""Of the way to each block's mean: a time constant of 1 s, far below a voice."""


class Intake:
    """One microphone's blocks of interleaved 32-bit floats. Some 15 us a block of 10 ms.

    Of many channels the first two count: others may be anything, what the speaker plays even. One that never gave
    anything but zeros does not, so that a microphone on one side is not made quieter.
    """

    def __init__(self, channels: int = 1) -> None:
        self._channels = channels
        self._alive = np.zeros(min(channels, 2), bool)
        self._offset = 0.0
        self.broken_samples = 0
        """Samples that were no finite number and became silence."""

    def take(self, captured: bytes) -> bytes:
        """One block, as 16-bit mono."""
        samples = np.frombuffer(captured, np.float32)
        finite = np.isfinite(samples)
        if not finite.all():
            self.broken_samples += int(samples.size - np.count_nonzero(finite))
            samples = np.where(finite, samples, np.float32(0))
        if self._channels > 1:
            samples = self._mixed(samples.reshape(-1, self._channels)[:, :2])
        if not samples.any():
            return bytes(2 * samples.size)  # a muted microphone must not be given the offset it had
        before, mean = self._offset, float(np.clip(samples, -1, 1).mean())
        self._offset += _OFFSET_STEP * (mean - before)
        clean = _SCALE * (samples - np.linspace(before, self._offset, samples.size, dtype=np.float32))
        return bytes(np.clip(np.rint(clean), -32_768, 32_767).astype(np.int16))

    def _mixed(self, sides: np.ndarray) -> np.ndarray:
        self._alive |= sides.any(axis=0)
        return np.asarray(sides[:, self._alive].mean(axis=1) if self._alive.any() else sides[:, 0])


class MuteWatch:
    """A microphone that works hears at least its own noise; one that is muted or forbidden gives exact zeros.

    Told after `SILENT_AFTER_S`, and again when it came back in between, but at most every `TELL_AGAIN_AFTER_S`.
    """

    def __init__(self, tell: Callable[[], None], blocks_per_s: int) -> None:
        self._tell = tell
        self._after = SILENT_AFTER_S * blocks_per_s
        self._again_after = TELL_AGAIN_AFTER_S * blocks_per_s
        self._zeros = 0
        self._since_told = self._again_after
        self._armed = True

    def block(self, *, zeros: bool) -> None:
        """A block was captured."""
        self._since_told += 1
        self._zeros = self._zeros + 1 if zeros else 0
        if not zeros and self._since_told >= self._again_after:
            self._armed = True
        if self._zeros >= self._after and self._armed:
            self._armed = False
            self._since_told = 0
            self._tell()
