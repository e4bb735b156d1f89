"""What a model that speaks through `:generateContent` answers, from its bytes as they come. Pure."""

from __future__ import annotations

import base64

from voiceloop.dgrid.audio_kinds import AudioKind, kind_of_type, rate_of_type
from voiceloop.dgrid.chat_answer import Stop
from voiceloop.dgrid.chat_reading import DONE, decoded
from voiceloop.dgrid.dialects.gemini_json import camel, first_candidate, parts_of, stop_of, usage, why_blocked
from voiceloop.dgrid.failures import failure_in
from voiceloop.dgrid.speech_reading import PCM_HZ, WAV_HEAD, Sniffer
from voiceloop.dgrid.sse import EventReader, ServerSentEvent
from voiceloop.vocabulary import Usage
from voiceloop.wire.lenient import Json, text

__all__ = ["GeminiSpeechReader"]

LONGEST_WORDS = 4096


class GeminiSpeechReader:
    """Takes the bytes of one answer, whole, in events or in an array; or, where it was decoded before, its pieces.

    Audio stands in parts; PCM is little-endian though Google calls it `audio/L16`, and its rate stands in its type.
    """

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.complaint: object = None
        self.words = b""
        """What the model said in text."""
        self.content_type = ""
        """What the server calls the audio; "" until it came."""
        self.ended = False
        self._stop: Stop | None = None
        self._broken = False
        self._events = EventReader()
        self._sniffer: Sniffer | None = None
        self._size = 0

    @property
    def kind(self) -> AudioKind | None:
        """What the audio turned out to be; None until it came."""
        return self._sniffer.kind if self._sniffer else None

    @property
    def rate_hz(self) -> int | None:
        """Samples per second of PCM; None for what tells by itself."""
        return (rate_of_type(self.content_type) or PCM_HZ) if self.kind is AudioKind.PCM else None

    @property
    def empty(self) -> bool:
        """Whether there is no sound so far: nothing, or the head of a file alone."""
        return self._size <= (WAV_HEAD if self.kind is AudioKind.WAV else 0)

    @property
    def truncated(self) -> bool:
        """Whether the end may be missing: the server did not say that all was said, or audio could not be read."""
        return self._broken or self._stop is not Stop.END

    def feed(self, chunk: bytes) -> bytes:
        """Return the audio that this chunk completes. Raises TooLongError; nothing can be read after that."""
        return self._read(self._events.feed(chunk))

    def end(self) -> bytes:
        """Return what was held back, once, after the last chunk or piece."""
        audio = self._read(self._events.end())
        return audio + (self._counted(self._sniffer.end()) if self._sniffer else b"")

    def take(self, raw: object) -> bytes:
        """Return the audio in a decoded piece of the answer, or in all of it."""
        if failure_in(raw, ()) is not None:
            self.complaint = raw
        piece = camel(raw)
        self.usage = usage(piece) or self.usage
        candidate = first_candidate(piece)
        audio = b"".join([self._open(part) for part in parts_of(candidate)])
        self._stop = stop_of(candidate) or self._stop
        self.ended = self._stop is not None
        reason = why_blocked(piece) or (text(candidate, "finishReason") if self._stop is Stop.FILTERED else "")
        if reason:
            self.complaint = {"error": {"message": f"the words were blocked: {reason}", "status": "INVALID_ARGUMENT"}}
        return self._counted(audio)

    def _read(self, events: list[ServerSentEvent]) -> bytes:
        audio = b""
        for event in events:
            if event.data.strip() == DONE:
                self.ended, self._stop = True, self._stop or Stop.END
            else:
                audio += self.take(decoded(event))
        return audio

    def _open(self, part: Json) -> bytes:
        """Return the audio in a part."""
        self.words += text(part, "text").encode(errors="replace")[: LONGEST_WORDS - len(self.words)]
        inline = camel(part.get("inlineData"))
        if not inline:
            return b""
        if self._sniffer is None:
            self.content_type = text(inline, "mimeType")
            self._sniffer = Sniffer(kind_of_type(self.content_type) or AudioKind.PCM, self.content_type)
        try:
            return self._sniffer.feed(base64.b64decode(text(inline, "data") + "=="))  # more padding does no harm
        except ValueError:
            self._broken = True
            return b""

    def _counted(self, audio: bytes) -> bytes:
        self._size += len(audio)
        return audio
