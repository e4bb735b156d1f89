"""The answer of a model that speaks, from its bytes as they come: audio, audio in events, or no audio at all. Pure."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final, Protocol

from voiceloop.dgrid.audio_kinds import AudioKind, is_events, is_words, kind_of, rate_of_type, settled
from voiceloop.dgrid.chat_reading import DONE, decoded
from voiceloop.dgrid.failures import failure_in
from voiceloop.dgrid.sse import EventReader, ServerSentEvent
from voiceloop.vocabulary import Usage
from voiceloop.wire.items import read_usage
from voiceloop.wire.lenient import child, text

__all__ = ["PCM_HZ", "Sniffer", "SoundReader", "SpeechReader"]

PCM_HZ: Final = 24_000
"""The rate of PCM where the content type tells none: upstream's."""
LONGEST_WORDS: Final = 64 * 1024
"""Bytes kept of a text that came in the place of audio."""
WAV_HEAD: Final = 44


class SoundReader(Protocol):
    """Takes the bytes of one answer in order, gives its audio, however the audio is wrapped."""

    @property
    def kind(self) -> AudioKind | None:
        """What the audio turned out to be; None until it came."""

    @property
    def rate_hz(self) -> int | None:
        """Samples per second of PCM; None for what tells by itself."""

    @property
    def usage(self) -> Usage | None:
        """What it cost, as far as the server told."""

    @property
    def complaint(self) -> object:
        """Decoded JSON by which the server says that it failed; None while it did not."""

    @property
    def words(self) -> bytes:
        """What came in the place of audio."""

    @property
    def empty(self) -> bool:
        """Whether there is no sound so far: nothing, or the head of a file alone."""

    @property
    def ended(self) -> bool:
        """Whether the server said that nothing more comes."""

    @property
    def truncated(self) -> bool:
        """Whether the end may be missing; known when all is in."""

    def feed(self, chunk: bytes) -> bytes:
        """Return the audio that this chunk completes. Raises TooLongError; nothing can be read after that."""

    def end(self) -> bytes:
        """Return what was held back, once, after the last chunk."""


class Sniffer:
    """Holds the first bytes of audio back until they show what they are."""

    def __init__(self, asked: AudioKind, content_type: str) -> None:
        self.kind: AudioKind | None = None
        """None until it is known."""
        self._asked = asked
        self._content_type = content_type
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return the audio to pass on: of PCM whole samples, however the bytes were cut."""
        self._held += chunk
        return self.end() if self.kind or settled(self._held) else b""

    def end(self) -> bytes:
        """Return what is held, whatever it is; half a sample of PCM stays."""
        if self.kind is None and self._held:
            self.kind = kind_of(self._held, self._content_type, self._asked)
        odd = len(self._held) % 2 if self.kind is AudioKind.PCM else 0
        audio, self._held = self._held[: len(self._held) - odd], self._held[len(self._held) - odd :]
        return audio


class SpeechReader:
    """Takes the bytes of one answer in order, gives its audio. Chunks may end anywhere.

    What was asked for as bytes may come in events, and the other way round.
    """

    def __init__(self, asked: AudioKind, content_type: str) -> None:
        self.usage: Usage | None = None
        """What it cost; only events tell."""
        self.complaint: object = None
        """Decoded JSON by which the server says that it failed; None while it did not."""
        self.words = b""
        """What came in the place of audio."""
        self.truncated = False
        """Whether events ended before the last one, or held audio that cannot be read."""
        self._content_type = content_type
        self._sniffer = Sniffer(asked, content_type)
        self._events = EventReader()
        self.ended = False
        """Whether the last event came; some servers never hang up after it."""
        self._size = 0
        self._held = b""
        self._take: Callable[[bytes], bytes] = self._begin

    @property
    def kind(self) -> AudioKind | None:
        """What the audio turned out to be; None until it came."""
        return self._sniffer.kind

    @property
    def rate_hz(self) -> int | None:
        """Samples per second of PCM; None for what tells by itself."""
        return (rate_of_type(self._content_type) or PCM_HZ) if self.kind is AudioKind.PCM else None

    @property
    def empty(self) -> bool:
        """Whether there is no sound so far: nothing, or the head of a file alone."""
        return self._size <= (WAV_HEAD if self.kind is AudioKind.WAV else 0)

    def feed(self, chunk: bytes) -> bytes:
        """Return the audio that this chunk completes. Raises TooLongError; nothing can be read after that."""
        audio = self._take(chunk)
        self._size += len(audio)
        return audio

    def end(self) -> bytes:
        """Return what was held back, once, after the last chunk."""
        audio = self._decide() if self._take == self._begin else b""
        if self._take == self._open_events:
            audio += self._read(self._events.end())
            self.truncated = self.truncated or not self.ended
        elif self.words:
            self._complain(decoded(ServerSentEvent(self.words.decode(errors="replace"))))
        audio += self._sniffer.end()
        self._size += len(audio)
        return audio

    def _begin(self, chunk: bytes) -> bytes:
        self._held += chunk
        return self._decide() if settled(self._held) else b""

    def _decide(self) -> bytes:
        """Let the first bytes tell what is coming."""
        if not is_words(self._held, self._content_type):
            self._take = self._sniffer.feed
        elif is_events(self._held, self._content_type):
            self._take = self._open_events
        else:
            self._take = self._keep_words
        return self._take(self._held)

    def _keep_words(self, chunk: bytes) -> bytes:
        self.words += chunk[: LONGEST_WORDS - len(self.words)]
        return b""

    def _open_events(self, chunk: bytes) -> bytes:
        return self._read(self._events.feed(chunk))

    def _read(self, events: list[ServerSentEvent]) -> bytes:
        return b"".join(self._sniffer.feed(self._open(event)) for event in events)

    def _open(self, event: ServerSentEvent) -> bytes:
        """Return the audio in an event."""
        raw = decoded(event)
        if event.data.strip() == DONE:
            self.ended = True
        if not isinstance(raw, dict):
            return b""
        self._complain(raw)
        if text(raw, "type") == "speech.audio.done":
            self.ended = True
            self.usage = read_usage(child(raw, "usage")) if child(raw, "usage") else None
        try:
            return base64.b64decode(text(raw, "audio") + "==")  # some leave the padding out; more does no harm
        except ValueError:
            self.truncated = True
            return b""

    def _complain(self, raw: object) -> None:
        if failure_in(raw, ()) is not None:
            self.complaint = raw
