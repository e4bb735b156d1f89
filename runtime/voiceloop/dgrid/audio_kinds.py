"""What audio some bytes are: by the first of them, then by their content type, then by what was asked for. Pure.

Gateways label audio wrongly (everything `audio/mpeg`) and answer in a format of their own, so the bytes count first.
What stays ambiguous, and how it is taken:

- PCM has no marks. Bytes without any mark are PCM where PCM was asked for or the content type says so; else they are
  what the content type says, then what was asked for: a recording may begin with junk, which decoders skip.
- PCM can begin like a frame of MP3 or AAC. One frame counts only when the next stands where it has to; when there are
  too few bytes to see that, content type and request decide.
- A tag `ID3` stands before MP3, and before AAC where the content type says so.
- `OggS` is told apart no further: Opus as a rule, Vorbis or FLAC now and then.
- `audio/L16` is big-endian by its standard, yet vendors send little-endian under it: taken as that.
"""

from __future__ import annotations

import codecs
import re
from enum import StrEnum
from typing import Final

__all__ = ["AudioKind", "is_events", "is_words", "kind_of", "kind_of_bytes", "kind_of_type", "rate_of_type", "settled"]


class AudioKind(StrEnum):
    """A container or coding; the value is its file ending."""

    MP3 = "mp3"
    OGG = "ogg"
    AAC = "aac"
    """In ADTS frames."""
    FLAC = "flac"
    WAV = "wav"
    PCM = "pcm"
    """16-bit mono samples, little-endian, without any header."""
    MP4 = "mp4"
    WEBM = "webm"


ENOUGH: Final = 64
"""Bytes by which text is told from PCM: more are not looked at, so that it is the same however they come."""
LONGEST_FRAME: Final = 2048
"""Bytes waited for to see a second frame."""
MARKS: Final = {
    b"fLaC": AudioKind.FLAC,
    b"OggS": AudioKind.OGG,
    b"ID3": AudioKind.MP3,
    b"\x1a\x45\xdf\xa3": AudioKind.WEBM,
}
WAVES: Final = (b"RIFF", b"RF64")
"""The size behind it is not looked at: what is streamed claims 0xFFFFFFFF, or nothing."""
TYPES: Final = {
    "mpeg": AudioKind.MP3,
    "mp3": AudioKind.MP3,
    "mpga": AudioKind.MP3,
    "ogg": AudioKind.OGG,
    "opus": AudioKind.OGG,
    "aac": AudioKind.AAC,
    "aacp": AudioKind.AAC,
    "flac": AudioKind.FLAC,
    "wav": AudioKind.WAV,
    "wave": AudioKind.WAV,
    "vnd.wave": AudioKind.WAV,
    "pcm": AudioKind.PCM,
    "l16": AudioKind.PCM,
    "raw": AudioKind.PCM,
    "mp4": AudioKind.MP4,
    "m4a": AudioKind.MP4,
    "webm": AudioKind.WEBM,
}
ADTS_HEAD, ADTS_RATES = 7, 13
MP3_RATES: Final = (44_100, 48_000, 32_000)
MP3_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
MP3_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
RATE = re.compile(r"(?i);\s*rate\s*=\s*\"?(\d{4,6})\b")
TEXTUAL = re.compile(r"(?i)^\s*(text/|application/(\S+\+)?(json|xml|problem))")
EVENTS: Final = ("data:", "event:", "id:", "retry:", ":")
BLANKS: Final = "\ufeff \t\r\n"

# Content types --------------------------------------------------------------------------------------------------------


def kind_of_type(content_type: str) -> AudioKind | None:
    """Return what a content type says; None where it names no audio that is known here."""
    main, _, name = content_type.partition(";")[0].strip().lower().partition("/")
    return TYPES.get(name.removeprefix("x-")) if main in ("audio", "video", "application") else None


def rate_of_type(content_type: str) -> int | None:
    """Return the samples per second that a content type such as `audio/pcm;rate=24000` tells."""
    found = RATE.search(content_type)
    return int(found[1]) if found else None


# First bytes ----------------------------------------------------------------------------------------------------------


def settled(head: bytes) -> bool:
    """Whether more bytes would change nothing any more about what these are."""
    frame = frame_in(head)
    return len(head) >= (ENOUGH if frame is None else min(frame[1] + 6, LONGEST_FRAME))


def kind_of_bytes(head: bytes) -> AudioKind | None:
    """Return what the first bytes show for sure; None where they show nothing."""
    if head[:4] in WAVES and head[8:12] == b"WAVE":
        return AudioKind.WAV
    if head[4:8] == b"ftyp":
        return AudioKind.MP4
    for mark, kind in MARKS.items():
        if head.startswith(mark):
            return kind
    first = frame_in(head)
    second = first and frame_in(head[first[1] :])
    return first[0] if first and second and first[0] is second[0] else None


def kind_of(head: bytes, content_type: str, asked: AudioKind) -> AudioKind:
    """Return what audio this is most likely; see above."""
    told, shown = kind_of_type(content_type), kind_of_bytes(head)
    if shown is not None:
        return AudioKind.AAC if head[:3] == b"ID3" and told is AudioKind.AAC else shown
    frame = None if settled(head) else frame_in(head)
    if frame is not None and (told or asked) is not AudioKind.PCM:
        return frame[0]
    return AudioKind.PCM if asked is AudioKind.PCM else told or asked


def frame_in(head: bytes) -> tuple[AudioKind, int] | None:
    """Return the kind and the length in bytes of the frame of MP3 or AAC that begins here."""
    if len(head) < 6 or head[0] != 0xFF:  # noqa: PLR2004 - the first byte of the sync word
        return None
    if head[1] & 0xF6 == 0xF0:  # noqa: PLR2004 - ADTS
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        return (AudioKind.AAC, length) if length > ADTS_HEAD and head[2] >> 2 & 15 < ADTS_RATES else None
    version, bits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if head[1] & 0xE6 != 0xE2 or version == 1 or bits in (0, 15) or rate == 3:  # noqa: PLR2004 - layer III, not reserved
        return None
    mpeg_1 = version == 3  # noqa: PLR2004 - else MPEG 2 or 2.5
    rate_hz = MP3_RATES[rate] >> (0 if mpeg_1 else 1 if version else 2)
    kilobits = (MP3_1 if mpeg_1 else MP3_2)[bits]
    return AudioKind.MP3, (144_000 if mpeg_1 else 72_000) * kilobits // rate_hz + (head[2] >> 1 & 1)


# No audio -------------------------------------------------------------------------------------------------------------


def is_words(head: bytes, content_type: str) -> bool:
    """Whether this is text that came in the place of audio: an error, a page for people, events."""
    words = read(head)
    if words is None or kind_of_bytes(head) is not None:
        return False
    return bool(TEXTUAL.match(content_type)) or words.lstrip(BLANKS).startswith(("{", "[", "<", *EVENTS))


def is_events(head: bytes, content_type: str) -> bool:
    """Whether text is a stream of server-sent events."""
    start = (read(head) or "").lstrip(BLANKS)
    return start.startswith(EVENTS) or ("event-stream" in content_type.lower() and not start.startswith("<"))


def read(head: bytes) -> str | None:
    """Return the first bytes as text, a letter that is cut off at their end left out; None where they are none."""
    try:
        words = codecs.getincrementaldecoder("utf-8")().decode(head[:ENOUGH])
    except UnicodeDecodeError:
        return None
    return words if all(letter.isprintable() or letter in BLANKS for letter in words) else None
