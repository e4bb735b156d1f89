"""The speech in a file of subtitles, SRT or WebVTT. Pure; what cannot be read is left out."""

from __future__ import annotations

import re

from voiceloop.dgrid.transcript import Segment

__all__ = ["read_subtitles"]

TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
CUE = re.compile(rf"^[ \t]*{TIME}[ \t]+-->[ \t]+{TIME}[^\n]*\n?((?:[^\n]*\S[^\n]*(?:\n|$))*)", re.MULTILINE)
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


def read_subtitles(file: str) -> tuple[Segment, ...]:
    """Return what is said, and when."""
    cues = CUE.findall(file.replace("\r\n", "\n").replace("\r", "\n"))
    return tuple(
        Segment(text=" ".join(TAG.sub("", cue[8]).split()), start_s=seconds(*cue[:4]), end_s=seconds(*cue[4:8]))
        for cue in cues
    )


def seconds(hours: str, minutes: str, whole: str, fraction: str) -> float:
    """Return a time of day of a cue in seconds."""
    return int(hours or 0) * 3_600 + int(minutes) * 60 + int(whole) + int(fraction.ljust(3, "0")) / 1_000
