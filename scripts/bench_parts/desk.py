"""The microphone and the speaker that every contestant gets, and what they saw."""

# ruff: noqa: D102 - the names say it
from __future__ import annotations

import asyncio
import struct
import time
from array import array
from collections.abc import Callable

FRAME_S = 0.02
FRAME_SAMPLES = 480
FRAME_BYTES = 960
STAMP = struct.Struct("<q")
FILLER = bytes(range(1, 120)) * 8  # 952 bytes that are no silence


class Marks:
    """When downlink audio was handed over, against when it was sent."""

    def __init__(self) -> None:
        self.downlink_ns = array("q")
        self.frames_in = 0
        self.frames_out = 0

    def received(self, pcm: bytes) -> None:
        """Audio reached the speaker's side."""
        self.downlink_ns.append(time.monotonic_ns() - STAMP.unpack_from(pcm)[0])
        self.frames_in += 1

    def reset(self) -> None:
        self.downlink_ns = array("q")
        self.frames_in = self.frames_out = 0


def captured(due_s: float) -> bytes:
    """One microphone frame, complete at `due_s` on the loop's clock, which is the monotonic one."""
    return STAMP.pack(int(due_s * 1e9)) + FILLER


class Desk:
    """Microphone and speaker of one session on an absolute schedule of loop timers."""

    def __init__(self, marks: Marks, phase_s: float) -> None:
        self._marks = marks
        self._phase_s = phase_s
        self._timer: asyncio.TimerHandle | None = None

    def start(self, hear: Callable[[bytes, int], None], play: Callable[[int], object]) -> None:
        """Every 20 ms: `play` a block of samples, then hand a frame to `hear`."""
        self._hear, self._play = hear, play
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time() + self._phase_s
        self._sample = 0
        self._timer = self._loop.call_at(self._due, self._tick)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        due = self._due
        self._due += FRAME_S
        self._timer = self._loop.call_at(self._due, self._tick)
        self._play(FRAME_SAMPLES)
        self._hear(captured(due), self._sample)
        self._sample += FRAME_SAMPLES
        self._marks.frames_out += 1
