"""Server-sent events from bytes, as they come. Pure.

Chunks may end anywhere, in the middle of a letter too. A server that was asked for a stream may answer with one JSON
document instead; its first byte tells, whatever the content type says. An object comes out as one event, and an array
as one for each of its elements, since that is how Google streams where no events were asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from voiceloop.dgrid.json_arrays import ArrayCutter

__all__ = ["LONGEST", "EventReader", "ServerSentEvent", "TooLongError"]

LONGEST: Final = 10 * 1024 * 1024
"""Bytes of one line, and of the data of one event."""
BOM: Final = b"\xef\xbb\xbf"
BLANKS: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event of a stream."""

    data: str
    """Its data lines, joined with line feeds."""
    event: str = ""
    """Its type; empty where none was named."""


class TooLongError(ValueError):
    """A line or an event is longer than `LONGEST`."""

    def __init__(self) -> None:
        super().__init__(f"an event of the stream is longer than {LONGEST} bytes")


class EventReader:
    """Takes the bytes of one answer in order, gives its events. Holds at most `LONGEST` bytes and one chunk."""

    __slots__ = ("_after_cr", "_array", "_data", "_event", "_held", "_size", "_take")

    def __init__(self) -> None:
        self._take: Callable[[bytes], list[ServerSentEvent]] = self._begin
        self._held = bytearray()
        """What cannot be read before more has come: the beginning of a line, or of a document."""
        self._array = ArrayCutter()
        self._after_cr = False
        self._event = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Return the events that this chunk completes. Raises TooLongError; nothing can be read after that."""
        return self._take(chunk)

    def end(self) -> list[ServerSentEvent]:
        """Return what stood there without its end, once, after the last chunk; it may be cut off."""
        events: list[ServerSentEvent] = []
        if self._take == self._gather:
            self._data = [self._held.decode(errors="replace")]
        elif self._take == self._elements:
            events = self._each([self._array.end()])
        elif self._take == self._lines and self._held:
            events = self._line(bytes(self._held))
        return events + self._dispatch()

    def _begin(self, chunk: bytes) -> list[ServerSentEvent]:
        """Skip what may stand before the first byte, and let that one decide."""
        self._held += chunk
        if BOM.startswith(self._held):
            return []
        rest = bytes(self._held.removeprefix(BOM).lstrip(BLANKS))
        self._held.clear()
        if not rest:
            return []
        starts = {b"{": self._gather, b"[": self._elements}
        self._take = starts.get(rest[:1], self._lines)
        return self._take(rest)

    def _gather(self, chunk: bytes) -> list[ServerSentEvent]:
        self._hold(chunk)
        return []

    def _elements(self, chunk: bytes) -> list[ServerSentEvent]:
        elements = self._array.feed(chunk)
        if max(map(len, elements), default=0) > LONGEST or self._array.held_bytes > LONGEST:
            raise TooLongError
        return self._each(elements)

    def _each(self, elements: list[bytes]) -> list[ServerSentEvent]:
        return [ServerSentEvent(element.decode(errors="replace")) for element in elements if element]

    def _lines(self, chunk: bytes) -> list[ServerSentEvent]:
        rest = chunk.removeprefix(b"\n") if self._after_cr else chunk
        if chunk:
            self._after_cr = chunk.endswith(b"\r")
        events: list[ServerSentEvent] = []
        for piece in rest.splitlines(keepends=True):
            line = piece.rstrip(b"\r\n")
            self._hold(line)
            if len(line) < len(piece):
                events += self._line(bytes(self._held))
                self._held.clear()
        return events

    def _hold(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > LONGEST:
            raise TooLongError
        self._held += part

    def _line(self, line: bytes) -> list[ServerSentEvent]:
        """Take one line: a field, a comment, or the blank one that ends an event."""
        if not line:
            return self._dispatch()
        name, _, value = line.decode(errors="replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        if name != "data":
            self._size -= len(line)  # only what is kept counts against the bound
        return []

    def _dispatch(self) -> list[ServerSentEvent]:
        found = [ServerSentEvent("\n".join(self._data), self._event)] if self._data else []
        self._data, self._event, self._size = [], "", 0
        return found
