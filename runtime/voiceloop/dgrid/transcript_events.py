"""A transcription from the bytes of its answer, as they come. Pure; nothing is too odd for it.

Upstream: events `transcript.text.delta`, `.segment` and `.done`; models that cannot stream answer with one document.
Of other servers: events in the form of chat (vLLM), events that are segments, whole answers or bare text (the servers
around faster-whisper), `[DONE]` at the end or not. DGrid's documentation is silent about streams.
"""

from __future__ import annotations

from voiceloop.dgrid.audio_kinds import is_events
from voiceloop.dgrid.chat_reading import DONE, decoded, usage, words
from voiceloop.dgrid.failures import failure_in
from voiceloop.dgrid.sse import EventReader, ServerSentEvent
from voiceloop.dgrid.transcript import Segment, SegmentCame, TextGrew, Transcription
from voiceloop.dgrid.transcript_reading import PLAIN, read_document, read_segment, read_transcription
from voiceloop.vocabulary import Usage
from voiceloop.wire.lenient import Json, child, listing, number, text

__all__ = ["News", "TranscriptReader"]

News = TextGrew | SegmentCame


class TranscriptReader:
    """Takes the bytes of one answer in order, gives what is news in them. Chunks may end anywhere.

    Where a stream was asked for and one document comes, it is news all at once. Raises TooLongError for an event that
    is; nothing can be read after that.
    """

    def __init__(self, asked: str, content_type: str) -> None:
        self.transcription: Transcription | None = None
        """What was heard, after the end; None where the answer does not tell."""
        self.complaint: object = None
        """Decoded JSON by which the server says that it failed; None while it did not."""
        self.ended = False
        """Whether the last event came; some servers never hang up after it."""
        self._asked = asked
        self._content_type = content_type
        self._events = EventReader() if "event-stream" in content_type.lower() else None
        self._document = bytearray()
        self._gathering = Gathering()

    def feed(self, chunk: bytes) -> list[News]:
        """Return the news that this chunk completes."""
        if self._events is not None:
            return self._read(self._events.feed(chunk))
        self._document += chunk
        return []

    def end(self) -> list[News]:
        """Return the news of what was held back, once, after the last chunk."""
        news: list[News] = []
        if self._events is None:
            document = bytes(self._document)
            if self._asked in PLAIN or not is_events(document, ""):
                return self._whole(document.decode("utf-8-sig", errors="replace"))
            self._events = EventReader()
            news = self._read(self._events.feed(document))
        news += self._read(self._events.end())
        self.transcription = self._gathering.transcription(ended=self.ended)
        return news

    def _whole(self, document: str) -> list[News]:
        found, raw = read_document(document, self._asked, self._content_type)
        if failure_in(raw, ()) is not None:
            self.complaint = raw
        else:
            self.transcription = found
        return grown(self.transcription.text if self.transcription else "")

    def _read(self, events: list[ServerSentEvent]) -> list[News]:
        news: list[News] = []
        for event in events:
            raw = decoded(event)
            if event.data.strip() == DONE:
                self.ended = True
            elif failure_in(raw, ()) is not None:
                self.complaint = raw
            elif isinstance(raw, dict):
                news += self._gathering.take(raw)
                self.ended = self.ended or self._gathering.done
            elif self._asked in PLAIN:
                news += self._gathering.say_apart(event.data)
        return news


class Gathering:
    """Puts a transcription together from its events."""

    def __init__(self) -> None:
        self.done = False
        """Whether the server said that this is all."""
        self._ends = False
        """Whether these are events of a kind that has a last one."""
        self._pieces: list[str] = []
        self._segments: list[Segment] = []
        self._answers: list[Transcription] = []
        """What events say that are answers by themselves."""
        self._usage: Usage | None = None

    def take(self, raw: Json) -> list[News]:
        """Return the news of an event."""
        kind = text(raw, "type")
        if kind.startswith("transcript."):
            self._ends = True
            return self._typed(kind, raw)
        if "choices" in raw:
            self._ends = True
            return self._chatted(raw)
        if number(raw, "start") is not None and number(raw, "end") is not None:
            return self.say_apart(text(raw, "text")) + self._segment(raw)
        if (answer := read_transcription(raw)) is None:
            return []
        self._answers.append(answer)
        return self.say_apart(text(raw, "text") or answer.text)

    def say_apart(self, piece: str) -> list[News]:
        """Take text that stands for itself: a blank keeps it from what came before."""
        if self._pieces and not self._pieces[-1][-1:].isspace() and not piece[:1].isspace():
            piece = f" {piece}"
        return self._say(piece)

    def transcription(self, *, ended: bool) -> Transcription | None:
        """Return what was heard so far; None where nothing came that tells."""
        said = "".join(self._pieces).strip()
        if self.done or len(self._answers) == 1:
            found = self._answers[-1]
        elif self._ends or self._pieces or self._answers:
            found = Transcription(text=said, usage=self._usage)
        else:
            return None
        more = {"text": found.text or said, "segments": found.segments or tuple(self._segments)}
        return found.model_copy(update={**more, "truncated": self._ends and not ended})

    def _typed(self, kind: str, raw: Json) -> list[News]:
        if kind == "transcript.text.delta":
            return self._say(text(raw, "delta"))
        if kind == "transcript.text.segment":
            return self._segment(raw)
        if kind == "transcript.text.done":
            self.done = True
            self._answers.append(read_transcription({"text": "", **raw}) or Transcription(text=""))
        return []

    def _chatted(self, raw: Json) -> list[News]:
        if bill := child(raw, "usage"):
            self._usage = usage(bill)
        choices = [choice for choice in listing(raw, "choices") if isinstance(choice, dict)]
        parts = [child(choice, "delta") or child(choice, "message") for choice in choices]
        return [news for part in parts for news in self._say(words(part.get("content")))]

    def _segment(self, raw: Json) -> list[News]:
        self._segments.append(read_segment(raw))
        return [SegmentCame(self._segments[-1])]

    def _say(self, piece: str) -> list[News]:
        self._pieces += [piece] if piece else []
        return grown(piece)


def grown(piece: str) -> list[News]:
    """Return more text as news, where there is any."""
    return [TextGrew(piece)] if piece else []
