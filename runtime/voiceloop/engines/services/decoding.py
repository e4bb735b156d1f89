"""Speech as servers send it, made 16-bit mono PCM at the rate of a session, while it arrives where that can be; pure.

PCM and WAV are passed on as they come. Compressed audio is held until all of it is there: see `clips.decode`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from voiceloop.audio.resample import Resampler
from voiceloop.clips import MAX_CLIP_BYTES, STREAMED_BYTES, decode, read_format
from voiceloop.dgrid.audio_kinds import AudioKind
from voiceloop.errors import UsageError

__all__ = ["Decoder", "decoder_of"]

NAME: Final = "What came as speech"
LONGEST_HEADER: Final = 64 * 1024
CHUNK_HEAD: Final = 8
"""A chunk's name and its length."""
RATES: Final = range(4_000, 384_001)


class Decoder(Protocol):
    """Takes encoded audio piece by piece."""

    def feed(self, data: bytes) -> bytes:
        """Return the PCM that these bytes complete. Raises UsageError when they are of no use."""

    def drain(self) -> bytes:
        """Return what was held back. May block for some 100 ms where a whole clip is decoded: call it in a thread."""


def decoder_of(kind: AudioKind, from_hz: int | None, to_hz: int) -> Decoder:
    """Return what makes PCM at `to_hz` of audio of this kind. `from_hz` is the rate of PCM, which has whole samples.

    Raises UsageError for a rate that speech cannot have.
    """
    match kind:
        case AudioKind.PCM:
            return Resampler(sane(from_hz or to_hz), to_hz)
        case AudioKind.WAV:
            return WavDecoder(to_hz)
        case _:
            return ClipDecoder(to_hz)


class WavDecoder:
    """A WAV file of any rate, depth and number of channels, as it comes."""

    def __init__(self, to_hz: int) -> None:
        self._to_hz = to_hz
        self._head = b""
        self._format = b""
        self._left: int | None = None
        """Bytes of audio still to come; None before the first."""
        self._frames = Frames(2)
        self._convert: Callable[[bytes], bytes] | None = None
        self._resampler = Resampler(to_hz, to_hz)

    def feed(self, data: bytes) -> bytes:
        """Return the samples that these bytes complete; what follows them in the file is no sound."""
        if self._left is None:
            self._head += data
            data = self._begin()
            if self._left is None:
                return b""
        data = data[: self._left]
        self._left -= len(data)
        frames = self._frames.take(data)
        return self._resampler.feed(self._convert(frames) if self._convert is not None else frames)

    def drain(self) -> bytes:
        """Return what the filter held back. A file that is cut off ends where it ends."""
        if self._left is None:
            raise UsageError(f"{NAME} ends before its audio begins.")
        return self._resampler.drain()

    def _begin(self) -> bytes:
        """Read the header as far as it is there; the first audio once it is."""
        if len(self._head) >= 4 and self._head[:4] not in (b"RIFF", b"RF64"):  # noqa: PLR2004 - the length of either
            raise UsageError(f"{NAME} is called a WAV file and is none.")
        at = 12  # behind RIFF, a length that nobody needs, and WAVE
        while len(self._head) >= at + CHUNK_HEAD:
            name, size = self._head[at : at + 4], int.from_bytes(self._head[at + 4 : at + CHUNK_HEAD], "little")
            at += CHUNK_HEAD
            if name == b"data":
                self._start(size)
                return self._head[at:]
            if name == b"fmt ":
                self._format = self._head[at : at + size]
            at += size + size % 2
        if len(self._head) > LONGEST_HEADER:
            raise UsageError(f"{NAME} is a WAV file whose audio does not begin.")
        return b""

    def _start(self, size: int) -> None:
        rate_hz, frame_bytes, self._convert = read_format(self._format, NAME)
        self._frames = Frames(frame_bytes)
        self._resampler = Resampler(sane(rate_hz), self._to_hz)
        # Who writes a file while it is made does not know its length, and claims none or the most there is.
        self._left = size if 0 < size < STREAMED_BYTES else STREAMED_BYTES * 4


class ClipDecoder:
    """Anything that ffmpeg has to decode."""

    def __init__(self, to_hz: int) -> None:
        self._to_hz = to_hz
        self._held = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Keep the bytes."""
        self._held += data
        if len(self._held) > MAX_CLIP_BYTES:
            raise UsageError(f"{NAME} is larger than {MAX_CLIP_BYTES // 1024 // 1024} MB.")
        return b""

    def drain(self) -> bytes:
        """Return all of it, decoded by ffmpeg."""
        return decode(bytes(self._held), self._to_hz)


class Frames:
    """Cuts bytes between frames: what is left over of one waits for the rest of it."""

    def __init__(self, frame_bytes: int) -> None:
        self._frame_bytes = frame_bytes
        self._rest = b""

    def take(self, data: bytes) -> bytes:
        """Return the frames that these bytes complete."""
        data = self._rest + data
        whole = len(data) - len(data) % self._frame_bytes
        self._rest = data[whole:]
        return data[:whole]


def sane(rate_hz: int) -> int:
    """Return a rate that speech can have; UsageError for another one."""
    if rate_hz not in RATES:
        raise UsageError(f"{NAME} claims {rate_hz} samples a second, and cannot be played at that.")
    return rate_hz
