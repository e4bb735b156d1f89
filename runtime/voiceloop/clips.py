"""Whole recordings to and from PCM: WAV of every common kind by ourselves, compressed audio through pydub and ffmpeg.

The only door to pydub. WAV files are also read piece by piece here, for lines that play one as a microphone.
"""

from __future__ import annotations

import io
import os
import shutil
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from voiceloop.audio.resample import Resampler
from voiceloop.errors import UsageError

__all__ = [
    "COMPRESSED",
    "Clip",
    "WavReader",
    "compress",
    "decode",
    "open_wav",
    "read_format",
    "read_wav",
    "to_wav",
    "wav_header",
]

MAX_CLIP_BYTES = 64 * 1024 * 1024
"""What `decode` takes at most; a bound for answers of a server, not for files played as a microphone."""

_PIECE_FRAMES = 65_536
STREAMED_BYTES = 0x7FFF_F000
"""Programs that write WAV to a pipe cannot know the length and claim this much or more: read to the end of the file."""

_PCM, _EXTENSIBLE = 1, 0xFFFE


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording in memory, 16-bit mono PCM."""

    pcm: bytes
    rate_hz: int

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(self.pcm) / 2 / self.rate_hz


class WavReader:
    """Reads a WAV file from front to back as 16-bit mono PCM, whatever it holds.

    Takes 8, 16, 24 and 32-bit integers, 32 and 64-bit floats, mu-law and A-law, plain or WAVE_FORMAT_EXTENSIBLE, any
    rate and number of channels (mixed to their mean). Raises UsageError, one line that begins with `name`.
    """

    def __init__(self, source: BinaryIO, name: str) -> None:
        self._source = source
        self._name = name
        self._convert: Callable[[bytes], bytes] | None = None
        self.rate_hz = 0
        self.frames = 0
        """Samples of each channel in the file."""
        self._frame_bytes = 0
        self._left = self._find_audio()

    def read(self, frames: int) -> bytes:
        """The next samples, at most `frames`; empty at the end."""
        taken = min(frames, self._left)
        raw = self._source.read(taken * self._frame_bytes)
        self._left -= taken
        if len(raw) < taken * self._frame_bytes:
            self._left = 0
            raw = raw[: len(raw) - len(raw) % self._frame_bytes]
        return self._convert(raw) if self._convert is not None else raw

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._source.close()

    def _find_audio(self) -> int:
        """Read the header up to the first sample; the number of frames that follow."""
        head = self._source.read(12)
        if not head:
            raise UsageError(f"{self._name} is empty.")
        if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
            raise UsageError(f"{self._name} is not a WAV file; convert it with: ffmpeg -i FILE out.wav")
        while len(chunk := self._source.read(8)) == 8:  # noqa: PLR2004  (a name and a length)
            name, size = chunk[:4], int.from_bytes(chunk[4:], "little")
            if name == b"fmt ":
                self._take_format(self._source.read(min(size, 4096)))
                self._source.seek(max(0, size - 4096) + size % 2, os.SEEK_CUR)
            elif name == b"data":
                return self._count(size)
            else:
                self._source.seek(size + size % 2, os.SEEK_CUR)
        raise UsageError(f"{self._name} ends before its audio begins.")

    def _take_format(self, body: bytes) -> None:
        self.rate_hz, self._frame_bytes, self._convert = read_format(body, self._name)

    def _count(self, claimed: int) -> int:
        if not self._frame_bytes:
            raise UsageError(f"{self._name} has no format chunk.")
        here = self._source.tell()
        present = self._source.seek(0, os.SEEK_END) - here
        self._source.seek(here)
        if present < claimed < STREAMED_BYTES:
            promised_s, held_s = (size / self._frame_bytes / self.rate_hz for size in (claimed, present))
            raise UsageError(f"{self._name} is cut off: {promised_s:.2f} s announced, {held_s:.2f} s there.")
        self.frames = min(claimed, present) // self._frame_bytes
        if not self.frames:
            raise UsageError(f"{self._name} holds no samples.")
        return self.frames


def read_format(chunk: bytes, name: str) -> tuple[int, int, Callable[[bytes], bytes] | None]:
    """What the format chunk of a WAV file says: Hz, bytes of a frame, and what makes 16-bit mono of frames.

    The last is None where they are that already. Raises UsageError for a chunk or a kind of audio that is of no use.
    """
    if len(chunk) < 16:  # noqa: PLR2004  (the shortest format chunk)
        raise UsageError(f"{name} has a broken format chunk.")
    tag, channels, rate_hz, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:  # noqa: PLR2004  (where the real tag stands)
        tag = int.from_bytes(chunk[24:26], "little")
    convert = None
    if (tag, bits, channels) != (_PCM, 16, 1):
        from voiceloop.audio.formats import to_pcm  # noqa: PLC0415 - numpy only where there is something to convert

        convert = to_pcm(tag, bits, channels)
        if convert is None:
            raise UsageError(f"{name} holds audio of an unknown kind (format {tag}, {bits} bits).")
    if channels == 0 or rate_hz == 0 or frame_bytes != channels * bits // 8:
        raise UsageError(f"{name} has a broken format chunk.")
    return rate_hz, frame_bytes, convert


def open_wav(path: Path) -> WavReader:
    """Open a WAV file to be read piece by piece. Raises UsageError when it cannot be used."""
    try:
        if not path.is_file():
            what = "is not a file" if path.exists() else "does not exist"
            raise UsageError(f"{path} {what}.")
        source = path.open("rb")
    except OSError as failure:
        raise UsageError(f"{path} cannot be read: {failure.strerror}.") from failure
    try:
        return WavReader(source, str(path))
    except BaseException:
        source.close()
        raise


def read_wav(path: Path) -> Clip:
    """A whole WAV file. Raises UsageError when it cannot be used."""
    reader = open_wav(path)
    try:
        return _read_all(reader)
    finally:
        reader.close()


def to_wav(pcm: bytes, rate_hz: int) -> bytes:
    """16-bit mono PCM as a WAV file."""
    return wav_header(rate_hz, 1, len(pcm)) + pcm


def wav_header(rate_hz: int, channels: int, data_bytes: int) -> bytes:
    """The 44 bytes before `data_bytes` bytes of 16-bit PCM; more than fits in a WAV file is written as the most."""
    data_bytes = min(data_bytes, 0xFFFF_FFFF - 36)
    frame_bytes = 2 * channels
    format_chunk = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, _PCM, channels, rate_hz, rate_hz * frame_bytes, frame_bytes, 16
    )
    return (
        struct.pack("<4sI4s", b"RIFF", 36 + data_bytes, b"WAVE")
        + format_chunk
        + struct.pack("<4sI", b"data", data_bytes)
    )


def decode(data: bytes, rate_hz: int, longest_s: int | None = None) -> bytes:
    """A recording as 16-bit mono PCM at `rate_hz`; one that plays longer than `longest_s` seconds is refused.

    WAV is read without help; MP3, AAC, Ogg (Opus, Vorbis), FLAC, WebM and MP4 need ffmpeg. The format is told from the
    first bytes and ffmpeg is bound to it: a playlist would make it open other files and addresses. Blocks for some
    100 ms when ffmpeg runs: call it in a thread. Raises UsageError.
    """
    if len(data) > MAX_CLIP_BYTES:
        raise UsageError(f"This recording is larger than {MAX_CLIP_BYTES // 1024 // 1024} MB.")
    if data[:4] in (b"RIFF", b"RF64"):
        clip = _read_all(WavReader(io.BytesIO(data), "This recording"))
    else:
        clip = _read_compressed(data, longest_s)
    if longest_s is not None and clip.seconds > longest_s:
        raise UsageError(f"This recording is longer than {longest_s} s: cut it into shorter ones.")
    return _resampled(clip, rate_hz)


def _read_all(reader: WavReader) -> Clip:
    pieces = []
    while piece := reader.read(_PIECE_FRAMES):
        pieces.append(piece)
    return Clip(b"".join(pieces), reader.rate_hz)


def _resampled(clip: Clip, rate_hz: int) -> bytes:
    if clip.rate_hz == rate_hz:
        return clip.pcm
    resampler = Resampler(clip.rate_hz, rate_hz)
    return resampler.feed(clip.pcm) + resampler.drain()


# Compressed audio ----------------------------------------------------------------------------------------------------


def _format_of(data: bytes) -> str:
    """The name ffmpeg has for this container. Raises UsageError for none we know."""
    if data[4:8] == b"ftyp":
        return "mp4"
    for magic, name in ((b"ID3", "mp3"), (b"OggS", "ogg"), (b"fLaC", "flac"), (b"\x1a\x45\xdf\xa3", "matroska")):
        if data.startswith(magic):
            return name
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0:  # noqa: PLR2004  (the sync word of MPEG audio)
        return "mp3" if data[1] & 0x06 else "aac"
    raise UsageError("This recording is no WAV, MP3, AAC, Ogg, FLAC, WebM or MP4 audio.")


def _read_compressed(data: bytes, longest_s: int | None) -> Clip:
    from voiceloop.audio.pcm import to_mono  # noqa: PLC0415 - loads numpy

    kind = _format_of(data)
    with warnings.catch_warnings():
        # pydub warns where ffmpeg is missing; the error below says it once and better.
        warnings.simplefilter("ignore")
        segment = _through_ffmpeg(data, kind, longest_s)
    segment = segment.set_sample_width(2)
    return Clip(to_mono(segment.raw_data, segment.channels), segment.frame_rate)


def _through_ffmpeg(data: bytes, kind: str, longest_s: int | None) -> Any:  # noqa: ANN401  (pydub has no types)
    from pydub import AudioSegment  # noqa: PLC0415  loaded when something compressed comes
    from pydub.exceptions import CouldntDecodeError  # noqa: PLC0415

    enough_s = None if longest_s is None else longest_s + 1  # a few MB can unpack to days of silence
    try:
        return AudioSegment.from_file(io.BytesIO(data), format=kind, duration=enough_s)
    except FileNotFoundError as failure:
        raise UsageError(
            f"Reading {kind} audio needs ffmpeg; install it (sudo apt-get install ffmpeg), or ask for WAV or PCM."
        ) from failure
    except (CouldntDecodeError, LookupError) as failure:
        raise UsageError(f"ffmpeg finds no audio in this {kind} recording.") from failure


COMPRESSED: Final = {
    "mp3": ("mp3", "libmp3lame"),
    "opus": ("opus", "libopus"),
    "aac": ("adts", "aac"),
    "flac": ("flac", "flac"),
}
"""What `compress` makes, by the names OpenAI has for it: container and codec, as ffmpeg calls them."""


def compress(pcm: bytes, rate_hz: int, kind: str) -> bytes:
    """16-bit mono PCM as a file of one of the `COMPRESSED` kinds.

    Blocks for some 100 ms: call it in a thread. Raises UsageError without ffmpeg.
    """
    if shutil.which("ffmpeg") is None:
        raise UsageError(
            f"Writing {kind} audio needs ffmpeg; install it (sudo apt-get install ffmpeg), or ask for WAV or PCM."
        )
    from pydub import AudioSegment  # noqa: PLC0415  loaded when something is compressed
    from pydub.exceptions import CouldntEncodeError  # noqa: PLC0415

    container, codec = COMPRESSED[kind]
    out = io.BytesIO()
    try:
        AudioSegment(data=pcm, sample_width=2, frame_rate=rate_hz, channels=1).export(out, container, codec)
    except CouldntEncodeError as failure:
        raise UsageError(f"This ffmpeg cannot write {kind} audio; ask for WAV or PCM.") from failure
    return out.getvalue()
