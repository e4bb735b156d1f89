"""What servers answer about a recording in one document, whatever was asked for. Pure; nothing it is given is too odd.

Documented by DGrid: `{"text": ...}`, and that `verbose_json` adds language, duration and segments. Upstream: the fields
of segments, words and tokens, and plain text for `text`, `srt` and `vtt`. Of other servers: that text as a JSON string,
numbers as text, words inside their segments.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from voiceloop.dgrid.chat_reading import usage
from voiceloop.dgrid.subtitles import read_subtitles
from voiceloop.dgrid.transcript import Segment, Token, Transcription, Word
from voiceloop.vocabulary import Usage
from voiceloop.wire.items import read_usage
from voiceloop.wire.lenient import Json, child, listing, number, text

__all__ = ["PLAIN", "read_document", "read_segment", "read_transcription"]

PLAIN: Final = frozenset({"text", "srt", "vtt"})
"""Formats that are no JSON."""
SUBTITLES: Final = frozenset({"srt", "vtt"})
PAGE = re.compile(r"(?i)\s*<(!doctype|html|head|body|\?xml)\b")


def read_document(document: str, asked: str, content_type: str) -> tuple[Transcription | None, object]:
    """Return what a document says was heard, and the JSON object in it; None where there is none."""
    try:
        raw = msgspec.json.decode(document)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raw = None
    if isinstance(raw, dict):
        return read_transcription(raw), raw
    if isinstance(raw, str):
        return read_plain(raw, asked), None
    plain = asked in PLAIN or ("text/plain" in content_type.lower() and document.strip())
    return (read_plain(document, asked) if plain and not PAGE.match(document) else None), None


def read_transcription(raw: Json) -> Transcription | None:
    """Return what an object says was heard; None where it says nothing of that."""
    segments = tuple(read_segment(entry) for entry in objects(raw, "segments"))
    if "text" not in raw and not segments:
        return None
    found = [text(entry, "code") if isinstance(entry, dict) else str(entry) for entry in listing(raw, "languages")]
    return Transcription(
        text=text(raw, "text").strip() or " ".join(segment.text for segment in segments),
        language=text(raw, "language") or next(iter(found), ""),
        languages=tuple(found),
        duration_s=figure(raw, "duration"),
        segments=segments,
        words=read_words(raw) or tuple(word for entry in objects(raw, "segments") for word in read_words(entry)),
        tokens=read_tokens(raw),
        usage=read_bill(raw),
    )


def read_plain(file: str, asked: str) -> Transcription:
    """Return what a plain text says: the words themselves, or subtitles."""
    if asked in SUBTITLES or file.startswith("WEBVTT"):
        segments = read_subtitles(file)
        said = " ".join(segment.text for segment in segments)
        return Transcription(text=said or ("" if "-->" in file else bare(file)), segments=segments, subtitles=file)
    return Transcription(text=file.strip())


def bare(file: str) -> str:
    """Return what a file says that was to be subtitles and is none."""
    return file.removeprefix("WEBVTT").strip()


def read_segment(raw: Json) -> Segment:
    """Return a stretch of speech; servers differ in what they tell of it."""
    return Segment(
        text=text(raw, "text").strip(),
        start_s=figure(raw, "start") or 0.0,
        end_s=figure(raw, "end") or 0.0,
        speaker=text(raw, "speaker"),
        id=text(raw, "id"),
        no_speech_prob=figure(raw, "no_speech_prob"),
        avg_logprob=figure(raw, "avg_logprob"),
    )


def read_words(raw: Json) -> tuple[Word, ...]:
    """Return the words with their times."""
    return tuple(
        Word(word=text(entry, "word").strip(), start_s=figure(entry, "start") or 0.0, end_s=figure(entry, "end") or 0.0)
        for entry in objects(raw, "words")
    )


def read_tokens(raw: Json) -> tuple[Token, ...]:
    """Return the tokens with how sure the model was."""
    return tuple(
        Token(token=text(entry, "token"), logprob=figure(entry, "logprob") or 0.0) for entry in objects(raw, "logprobs")
    )


def read_bill(raw: Json) -> Usage | None:
    """Return what it cost: tokens, or seconds of sound."""
    bill = child(raw, "usage")
    return (usage(bill) if "prompt_tokens" in bill else read_usage(bill)) if bill else None


def objects(raw: Json, key: str) -> list[Json]:
    """Return the objects of a list."""
    return [entry for entry in listing(raw, key) if isinstance(entry, dict)]


def figure(raw: Json, key: str) -> float | None:
    """Return a number; older servers write it as text."""
    try:
        return number({key: float(raw[key])}, key) if isinstance(raw.get(key), str) else number(raw, key)
    except ValueError:
        return None
