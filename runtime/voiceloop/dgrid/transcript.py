"""What a model heard in a recording, in pieces and whole. Pure. Times are seconds from its beginning."""

from __future__ import annotations

from dataclasses import dataclass

from voiceloop.dgrid.shape import AnswerShape
from voiceloop.vocabulary import Usage

__all__ = ["Segment", "SegmentCame", "TextGrew", "Token", "Transcribed", "TranscriptDelta", "Transcription", "Word"]


class Word(AnswerShape):
    """One word."""

    word: str
    start_s: float
    end_s: float


class Segment(AnswerShape):
    """A stretch of speech."""

    text: str
    start_s: float
    end_s: float
    speaker: str = ""
    """`A`, `B` and so on, or a name that was known; empty where nobody told."""
    id: str = ""
    no_speech_prob: float | None = None
    """How likely nobody spoke: Whisper invents words for silence. None where the server says nothing."""
    avg_logprob: float | None = None
    """How sure the model was; below -1 it guessed."""


class Token(AnswerShape):
    """A token and how sure the model was of it."""

    token: str
    logprob: float


class Transcription(AnswerShape):
    """All that was heard."""

    text: str
    """Empty when nobody said anything."""
    language: str = ""
    """In the server's words: `en`, or `english`. Empty where it does not tell."""
    languages: tuple[str, ...] = ()
    """All that were heard, where the server tells."""
    duration_s: float | None = None
    segments: tuple[Segment, ...] = ()
    words: tuple[Word, ...] = ()
    tokens: tuple[Token, ...] = ()
    usage: Usage | None = None
    """None where the server said nothing."""
    subtitles: str = ""
    """The file itself, for `srt` and `vtt`; what it says is in `segments`, too."""
    truncated: bool = False
    """Whether a stream ended before it was over."""
    request_id: str = ""
    """What to quote to the server's owner."""

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who spoke, in the order in which they began."""
        return tuple(dict.fromkeys(segment.speaker for segment in self.segments if segment.speaker))


@dataclass(frozen=True, slots=True)
class TextGrew:
    """More text."""

    text: str


@dataclass(frozen=True, slots=True)
class SegmentCame:
    """A stretch of speech is over; its text may have come before, in pieces."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class Transcribed:
    """Nothing more comes; always the last, and once."""

    transcription: Transcription


TranscriptDelta = TextGrew | SegmentCame | Transcribed
