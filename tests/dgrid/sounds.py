"""Beginnings of audio of every kind, as short as their formats allow."""

from __future__ import annotations

import struct

PCM = struct.pack("<48h", *(n * 200 - 4_800 for n in range(48)))
QUIET = struct.pack("<100h", *(n % 3 - 1 for n in range(100)))
WAV = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(PCM), b"WAVE", b"fmt ", 16, 1, 1, 24_000, 48_000, 2, 16,
                  b"data", len(PCM)) + PCM  # fmt: skip
STREAMED_WAV = b"RIFF\xff\xff\xff\xff" + WAV[8:40] + b"\xff\xff\xff\xff" + PCM
MP3_FRAME = b"\xff\xf3\x44\xc4" + bytes(92)
"""MPEG 2, layer III, 32 kbit/s at 24 kHz: 96 bytes."""
MP3 = MP3_FRAME * 3
TAGGED_MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10) + MP3
AAC_FRAME = b"\xff\xf1\x58\x40\x06\x1f\xfc" + bytes(41)
"""24 kHz, mono, 48 bytes."""
AAC = AAC_FRAME * 3
OGG = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead" + bytes(60)
FLAC = b"fLaC\x00\x00\x00\x22" + bytes(60)
MP4 = b"\x00\x00\x00\x1cftypM4A " + bytes(60)
WEBM = b"\x1a\x45\xdf\xa3\x9fB\x86\x81" + bytes(60)
