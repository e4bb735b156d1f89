"""What was heard in a recording, written as each response format has it; pure.

The recogniser knows where a stretch of speech begins and ends, and its words. It knows no times of single words and no
figures of certainty: those fields are left out, never invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voiceloop.languages.shelf import language_for
from voiceloop_local.realtime.usage import USER_AUDIO_MS_PER_TOKEN, text_tokens, transcription_usage

__all__ = ["Recognition", "Segment", "in_json", "in_srt", "in_verbose_json", "in_vtt", "token_usage"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech and its words. Times count from the beginning of the recording."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Recognition:
    """All that was heard."""

    task: str
    """`transcribe` or `translate`."""
    language: str
    """Tag of the language of the text."""
    duration_ms: int
    segments: Sequence[Segment]

    @property
    def text(self) -> str:
        """All words; empty when nobody spoke."""
        return " ".join(segment.text for segment in self.segments)


def in_json(heard: Recognition) -> dict[str, Any]:
    """Return the short form."""
    return {"text": heard.text, "usage": transcription_usage(heard.duration_ms)}


def in_verbose_json(heard: Recognition) -> dict[str, Any]:
    """Return the long form, with times in seconds."""
    segments = [
        {
            "id": n,
            "seek": 0,
            "start": segment.start_ms / 1000,
            "end": segment.end_ms / 1000,
            "text": segment.text,
            "tokens": [],
            "temperature": 0.0,
        }
        for n, segment in enumerate(heard.segments)
    ]
    return {
        "task": heard.task,
        "language": language_for(heard.language).name.lower(),
        "duration": heard.duration_ms / 1000,
        "text": heard.text,
        "segments": segments,
        "usage": transcription_usage(heard.duration_ms),
    }


def in_srt(heard: Recognition) -> str:
    """Return SubRip captions."""
    cues = (
        f"{n}\n{_time(segment.start_ms, ',')} --> {_time(segment.end_ms, ',')}\n{segment.text}\n"
        for n, segment in enumerate(heard.segments, 1)
    )
    return "\n".join(cues)


def in_vtt(heard: Recognition) -> str:
    """Return WebVTT captions."""
    cues = (
        f"{_time(segment.start_ms, '.')} --> {_time(segment.end_ms, '.')}\n{segment.text}\n"
        for segment in heard.segments
    )
    return "\n".join(("WEBVTT\n", *cues))


def token_usage(heard: Recognition) -> dict[str, Any]:
    """Return the usage that ends a stream; the gateway bills nothing, its counts have the right size."""
    audio, text = -(-heard.duration_ms // USER_AUDIO_MS_PER_TOKEN), text_tokens(heard.text)
    return {
        "type": "tokens",
        "input_tokens": audio,
        "output_tokens": text,
        "total_tokens": audio + text,
        "input_token_details": {"audio_tokens": audio, "text_tokens": 0},
    }


def _time(at_ms: int, mark: str) -> str:
    seconds, ms = divmod(at_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{ms:03}"
