"""Both sides of a conversation as one WAV file: left the microphone as captured, right the agent as really played.

Of the microphone only what the session heard: silence stands for what was said while it was muted or asleep.
"""

from __future__ import annotations

import os
import stat
from array import array
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from voiceloop.audio.resample import Resampler
from voiceloop.clips import wav_header
from voiceloop.devices.veil import Veil
from voiceloop.errors import UsageError

__all__ = ["RECORDING_HZ", "Recorder", "interleaved"]

RECORDING_HZ = 24_000
_FRAME_BYTES = 4
_PATCH_BYTES = RECORDING_HZ * _FRAME_BYTES
"""Header and buffer are brought up to date each time this much was added: a killed process loses at most 1 s."""


class Recorder:
    """Writes a two-channel 16-bit WAV file at 24 kHz, private to its owner, in step with the line that feeds it.

    Writes are buffered and cost no more than a copy; nothing waits for the disk to confirm. When the disk refuses,
    `warn` is called once and recording ends; the conversation goes on. Raises UsageError when the file cannot be made.
    """

    def __init__(self, path: Path, rate_hz: int, warn: Callable[[str, str], None]) -> None:
        self._path = path
        self._warn = warn
        self._file: BinaryIO | None = _create(path)
        self._left = _Channel(rate_hz)
        self._right = _Channel(rate_hz)
        self._veil = Veil(rate_hz)
        self._written = 0
        self._patched = 0
        self._attempt(self._patch)

    @property
    def recording(self) -> bool:
        """The file is open and nothing has gone wrong."""
        return self._file is not None

    def write(self, microphone: bytes, agent: bytes, heard: int) -> None:
        """Add the same stretch of time of both sides, 16-bit PCM at the rate given at first.

        `heard` is what the ears returned: how many of the newest samples of the microphone may be kept.
        """
        if self._file is not None:
            for both in self._veil.take(microphone, agent, heard):
                self._add(*both)
            if self._written - self._patched >= _PATCH_BYTES:
                self._attempt(self._patch)

    def close(self) -> None:
        """Finish the file. Idempotent."""
        if self._file is not None:
            for both in self._veil.drain():
                self._add(*both)
            self._append(interleaved(self._left.drain(), self._right.drain()))
            self._attempt(self._patch)
        if self._file is not None:
            self._attempt(self._file.close)
            self._file = None

    def _add(self, microphone: bytes, agent: bytes) -> None:
        self._append(interleaved(self._left.feed(microphone), self._right.feed(agent)))

    def _append(self, frames: bytes) -> None:
        file = self._file
        if file is not None:
            self._attempt(lambda: file.write(frames))
            self._written += len(frames)

    def _patch(self) -> None:
        """Make the file readable as it stands. Samples go out before the header that counts them."""
        if self._file is not None:
            self._file.flush()
            self._file.seek(0)
            self._file.write(wav_header(RECORDING_HZ, 2, self._written))
            self._file.flush()
            self._file.seek(0, os.SEEK_END)
            self._patched = self._written

    def _attempt(self, work: Callable[[], object]) -> None:
        try:
            work()
        except OSError as failure:
            self._give_up(failure)

    def _give_up(self, failure: OSError) -> None:
        file, self._file = self._file, None
        self._warn("recording_stopped", f"{self._path}: {failure.strerror}; the conversation goes on unrecorded")
        if file is not None:
            # Closing tries once more to write what the disk refused; its descriptor is closed all the same.
            try:
                file.close()
            except OSError:
                return


def interleaved(left: bytes, right: bytes) -> bytes:
    """Two channels of 16-bit PCM as one stereo stream; the shorter is filled up with silence."""
    stereo = array("h", bytes(2 * max(len(left), len(right))))
    stereo[0 : len(left) : 2] = array("h", left)
    stereo[1 : len(right) + 1 : 2] = array("h", right)
    return stereo.tobytes()


class _Channel:
    """One side, brought to 24 kHz. A block of exact zeros stays one: the filter's ringing is cut off at its edges."""

    __slots__ = ("_fed", "_given", "_quiet", "_rate_hz", "_resampler")

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._resampler = Resampler(rate_hz, RECORDING_HZ)
        self._fed = 0
        self._given = 0
        self._quiet: deque[tuple[int, int]] = deque()  # stretches of the output that must be zeros, not given yet

    def feed(self, pcm: bytes) -> bytes:
        if self._rate_hz == RECORDING_HZ:
            return pcm
        start = self._fed
        self._fed += len(pcm) // 2
        if not pcm.strip(b"\0"):
            self._quiet.append((self._place(start), self._place(self._fed)))
        return self._give(self._resampler.feed(pcm))

    def drain(self) -> bytes:
        return self._give(self._resampler.drain())

    def _place(self, sample: int) -> int:
        """The first output sample that is not before this input sample."""
        return -(-sample * RECORDING_HZ // self._rate_hz)

    def _give(self, pcm: bytes) -> bytes:
        first = self._given
        self._given = last = first + len(pcm) // 2
        if not self._quiet:
            return pcm
        out = bytearray(pcm)
        while self._quiet:
            start, end = self._quiet[0]
            start, stop = max(start, first) - first, min(end, last) - first
            if stop > start:
                out[2 * start : 2 * stop] = bytes(2 * (stop - start))
            if end > last:
                break
            self._quiet.popleft()
        return bytes(out)


def _create(path: Path) -> BinaryIO:
    """Open for writing; a regular file becomes private, also one that was there before."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    except OSError as failure:
        raise UsageError(f"{path} cannot be written: {failure.strerror}.") from failure
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            path.chmod(0o600)
        file = os.fdopen(descriptor, "wb")
        if not file.seekable():
            file.close()
            raise UsageError(f"{path} cannot hold a recording: it is not a file.")
    except OSError as failure:
        raise UsageError(f"{path} cannot be written: {failure.strerror}.") from failure
    return file
