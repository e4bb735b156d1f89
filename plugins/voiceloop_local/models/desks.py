"""Where requests wait inside the model process: one thread puts them in, one worker thread serves them.

Both desks are bounded; what does not fit is refused at once, so a caller never waits for a queue that only grows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from voiceloop.errors import LanguageError
from voiceloop_local.models.protocol import (
    WINDOW,
    Chunk,
    Failed,
    Identified,
    Identify,
    Lacking,
    Report,
    Speak,
    Spoken,
    Transcribe,
    Transcribed,
)

__all__ = ["ListeningDesk", "SpeakingDesk"]

Send = Callable[[Report, bytes], None]
Recognise = Callable[[Transcribe | Identify, bytes], str | tuple[str, float]]
"""Words for a `Transcribe`, a language and its probability for an `Identify`."""
Narrate = Callable[[str, str], Iterator[bytes]]
"""A text and its language."""

_MOST_WAITING: Final = 32
_BUSY: Final = "too many requests wait for the models on this machine; try again in a moment"


class ListeningDesk:
    """Recordings to be understood, served in order of arrival."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: dict[int, tuple[Transcribe | Identify, bytes]] = {}
        self._changed = threading.Condition()

    def take(self, request: Transcribe | Identify, pcm: bytes) -> None:
        """Accept a request, or refuse it when 32 wait."""
        with self._changed:
            fits = len(self._waiting) < _MOST_WAITING
            if fits:
                self._waiting[request.id] = request, pcm
                self._changed.notify()
        if not fits:
            self._send(Failed(request.id, _BUSY), b"")

    def cancel(self, request_id: int) -> None:
        """Forget a request; one that is being served is finished, and its answer ignored by the parent."""
        with self._changed:
            self._waiting.pop(request_id, None)

    def serve_one(self, recognise: Recognise) -> None:
        """Wait for a request and answer it."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting))
            request, pcm = self._waiting.pop(next(iter(self._waiting)))
        try:
            found = recognise(request, pcm)
            report: Report = (
                Transcribed(request.id, found) if isinstance(found, str) else Identified(request.id, *found)
            )
        except Exception as error:  # noqa: BLE001 - one bad request must not end the process that others use
            report = _failure(request.id, error)
        self._send(report, b"")


@dataclass(slots=True)
class _Speech:
    request: Speak
    credit: int = WINDOW
    chunks: Iterator[bytes] | None = None


class SpeakingDesk:
    """Speeches, a clause of each in turn; one whose listener is slow waits without holding up the others."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._speeches: dict[int, _Speech] = {}
        self._changed = threading.Condition()

    def take(self, request: Speak) -> None:
        """Accept a speech, or refuse it when 32 are under way."""
        with self._changed:
            fits = len(self._speeches) < _MOST_WAITING
            if fits:
                self._speeches[request.id] = _Speech(request)
                self._changed.notify()
        if not fits:
            self._send(Failed(request.id, _BUSY), b"")

    def more(self, request_id: int) -> None:
        """Let one more chunk of a speech go out."""
        with self._changed:
            if speech := self._speeches.get(request_id):
                speech.credit += 1
                self._changed.notify()

    def cancel(self, request_id: int) -> None:
        """Stop a speech; at most the chunk being made still goes out."""
        with self._changed:
            self._speeches.pop(request_id, None)

    def serve_one(self, narrate: Narrate) -> None:
        """Wait until some speech may go on, and send its next chunk or its end."""
        with self._changed:
            self._changed.wait_for(lambda: self._next() is not None)
            speech = self._next()
        if speech is None:  # pragma: no cover - only this thread takes speeches out while it waits
            return
        request_id = speech.request.id
        try:
            if speech.chunks is None:
                speech.chunks = narrate(speech.request.text, speech.request.language)
            chunk = next(speech.chunks, None)
        except Exception as error:  # noqa: BLE001 - one bad request must not end the process that others use
            self._finish(request_id, _failure(request_id, error))
            return
        if chunk is None:
            self._finish(request_id, Spoken(request_id))
            return
        with self._changed:
            speech.credit -= 1
            still_wanted = self._speeches.pop(request_id, None)
            if still_wanted is not None:
                self._speeches[request_id] = still_wanted  # to the end of the round
        if still_wanted is not None:
            self._send(Chunk(request_id), chunk)

    def _next(self) -> _Speech | None:
        return next((speech for speech in self._speeches.values() if speech.credit > 0), None)

    def _finish(self, request_id: int, report: Report) -> None:
        with self._changed:
            wanted = self._speeches.pop(request_id, None) is not None
        if wanted:
            self._send(report, b"")


def _failure(request_id: int, error: Exception) -> Failed:
    kind = Lacking if isinstance(error, LanguageError) else Failed
    return kind(request_id, _one_line(error))


def _one_line(error: Exception) -> str:
    return " ".join(f"{error}".split()) or type(error).__name__
